"""The record of a decision: nothing of it is changed, and what is too large is packed."""

import base64
import gzip
import random
from dataclasses import replace

import pytest
from render_cases import EVIDENCE, MOVE

from pharos_api.names import EVIDENCE_KEY, EVIDENCE_KEY_PACKED, evidence_name, evidence_number
from pharos_operator.errors import Invalid
from pharos_operator.render.evidence import LIMIT_BYTES, evidence_map


def test_a_record_holds_the_document_as_it_was_decided_on_and_is_immutable() -> None:
    rendered = evidence_map(EVIDENCE, MOVE)
    assert rendered["data"] == {EVIDENCE_KEY: EVIDENCE.document}
    assert rendered["immutable"] is True
    assert rendered["metadata"]["ownerReferences"][0]["uid"] == MOVE.metadata.uid


def test_a_record_that_is_too_large_as_text_is_packed_whole() -> None:
    document = '{"users":"' + "1234567890" * (LIMIT_BYTES // 10) + '"}'
    rendered = evidence_map(replace(EVIDENCE, document=document), MOVE)
    assert "data" not in rendered
    packed = base64.b64decode(rendered["binaryData"][EVIDENCE_KEY_PACKED])
    assert gzip.decompress(packed).decode() == document
    assert rendered == evidence_map(replace(EVIDENCE, document=document), MOVE)


def test_a_record_that_no_configmap_can_hold_is_refused_in_a_sentence() -> None:
    noise = random.Random(7).randbytes(2 * LIMIT_BYTES).hex()
    with pytest.raises(Invalid, match="kept in the table evidence alone"):
        evidence_map(replace(EVIDENCE, document=noise), MOVE)


NAMES = {
    "number, decision and a hash of the document follow the experiment": (
        "move",
        3,
        "move-03-rollback-44136fa3",
    ),
    "a long name is cut to what a name may have, and marked": (
        "m" * 80,
        12,
        "m" * 33 + "-76bf4d20-12-rollback-44136fa3",
    ),
}


@pytest.mark.parametrize(("experiment", "number", "wanted"), NAMES.values(), ids=NAMES)
def test_a_record_has_a_name_that_a_repeat_meets_again(
    experiment: str, number: int, wanted: str
) -> None:
    name = evidence_name(experiment, number, "Rollback", "{}")
    assert (name, len(name) <= 63) == (wanted, True)
    assert name == evidence_name(experiment, number, "Rollback", "{}")
    assert evidence_number(name) == number


def test_other_facts_make_another_record_of_the_same_number() -> None:
    """The first of two was refused with its status: it must not stand for the second."""
    first, second = (evidence_name("move", 3, "Rollback", text) for text in ("{}", '{"at":1}'))
    assert first != second
    assert evidence_number(first) == evidence_number(second) == 3


OTHER_NAMES = {
    "a file": ("record.json", 0),
    "a name of before, without a hash": ("move-12-stepup", 12),
    "an experiment whose own name has numbers": ("move-2-1-100-stepup-44136fa3", 100),
}


@pytest.mark.parametrize(("name", "number"), OTHER_NAMES.values(), ids=OTHER_NAMES)
def test_the_number_of_a_record(name: str, number: int) -> None:
    assert evidence_number(name) == number


def test_the_same_record_is_the_same_row() -> None:
    again = replace(EVIDENCE, document="{}")
    assert again.uid == EVIDENCE.uid
    assert replace(EVIDENCE, name="move-04-rollback").uid != EVIDENCE.uid
