"""The record of a decision: nothing of it is changed, and what is too large is packed."""

import base64
import gzip
import random
from dataclasses import replace

import pytest
from render_cases import EVIDENCE, MOVE

from pharos_api.names import EVIDENCE_KEY, EVIDENCE_KEY_PACKED, evidence_name
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
    "the number and the decision follow the experiment": ("move", 3, "move-03-rollback"),
    "a long name is cut to what a name may have, and marked": (
        "m" * 80,
        12,
        "m" * 42 + "-6d4c9b33-12-rollback",
    ),
}


@pytest.mark.parametrize(("experiment", "number", "wanted"), NAMES.values(), ids=NAMES)
def test_a_record_has_a_name_that_a_repeat_meets_again(
    experiment: str, number: int, wanted: str
) -> None:
    name = evidence_name(experiment, number, "Rollback")
    assert len(name) <= 63
    assert (name[:5], name[-12:]) == (wanted[:5], wanted[-12:])
    assert name == evidence_name(experiment, number, "Rollback")


def test_the_same_record_is_the_same_row() -> None:
    again = replace(EVIDENCE, document="{}")
    assert again.uid == EVIDENCE.uid
    assert replace(EVIDENCE, name="move-04-rollback").uid != EVIDENCE.uid
