"""The ids of predictions."""

import re

import pytest

from pharos_serving.feedback import _ID_PATTERN
from pharos_serving.prediction_ids import PredictionIds

IDS = PredictionIds("key", "default/arxiv")


def test_each_text_of_a_request_has_an_id() -> None:
    ids = IDS.of("abc", ["one", "two", "one"])
    assert [one.split(".")[0] for one in ids] == ["abc/0", "abc/1", "abc/2"]
    assert all(map(IDS.given_out, ids))


def test_every_pod_gives_a_request_the_same_id() -> None:
    assert IDS.of("abc", ["one"]) == PredictionIds("key", "default/arxiv").of("abc", ["one"])


def test_two_texts_under_one_request_id_have_two_ids() -> None:
    assert IDS.of("abc", ["one"]) != IDS.of("abc", ["two"])


def test_the_longest_id_may_come_back() -> None:
    ids = IDS.of("r" * 128, ["text"] * 64)
    assert all(re.fullmatch(_ID_PATTERN, one) for one in ids)


(GIVEN,) = IDS.of("abc", ["one"])
UNKNOWN = {
    "a request's id alone": "abc",
    "an id with another end": GIVEN[:-1] + ("0" if GIVEN[-1] != "0" else "1"),
    "an id with another request": f"x{GIVEN}",
    "half an id": GIVEN[:-8],
    "an id of another model": PredictionIds("key", "default/other").of("abc", ["one"])[0],
    "an id under another key": PredictionIds("other", "default/arxiv").of("abc", ["one"])[0],
}


@pytest.mark.parametrize("prediction_id", UNKNOWN.values(), ids=UNKNOWN)
def test_was_never_given_out(prediction_id: str) -> None:
    assert not IDS.given_out(prediction_id)
