"""Which words speak for a label, on the tiny model whose words are its labels."""

import math

import httpx
import pytest

from pharos_serving.dataplane import Prediction
from pharos_serving.explaining import MOST_PARTS, attributions, left_out, parts_of

PARTS = {
    "every word is a part": ("deep nets  learn", 9, ["deep", "nets", "learn"]),
    "neighbours are joined where there are too many": ("a b c d e", 2, ["a b c", "d e"]),
    "no word, no part": ("  \n ", 9, []),
}


@pytest.mark.parametrize(("text", "most", "expected"), PARTS.values(), ids=PARTS.keys())
def test_parts(text: str, most: int, expected: list[str]) -> None:
    assert [text[part.start : part.end] for part in parts_of(text, most)] == expected


def test_the_cost_is_bounded_however_long_the_text() -> None:
    for words in range(1, 400):
        assert len(parts_of("word " * words)) <= MOST_PARTS


def test_each_part_is_left_out_once() -> None:
    assert left_out("a b c", parts_of("a b c")) == [" b c", "a  c", "a b "]


def test_a_weight_is_the_change_of_the_log_odds() -> None:
    whole, without = (Prediction("x", p, {"x": p, "y": 1 - p}) for p in (0.9, 0.5))
    (found,) = attributions(parts_of("a"), "x", whole, [without])
    assert found.weight == pytest.approx(math.log(9))


def test_certainty_is_no_infinite_evidence() -> None:
    certain, never = (Prediction("x", p, {"x": p}) for p in (1.0, 0.0))
    (found,) = attributions(parts_of("a"), "x", certain, [never])
    assert math.isfinite(found.weight)


@pytest.mark.requirement("FUT-12")
async def test_the_word_of_the_label_speaks_for_it_and_another_against(
    client: httpx.AsyncClient,
) -> None:
    text = "word1 filler word1 word0"
    body = (await client.post("/v1/explain", json={"text": text})).json()
    weights = [(part["text"], part["weight"]) for part in body["attributions"]]
    assert body["label"] == body["predictedLabel"] == "cs.CL"
    assert body["method"] == "Occlusion"
    assert [word for word, _ in weights] == text.split()
    assert weights[0][1] > 0.5
    assert weights[1][1] == pytest.approx(0, abs=1e-4)
    assert weights[3][1] < 0
    for part in body["attributions"]:
        assert text[part["start"] : part["end"]] == part["text"]


async def test_any_label_can_be_asked_about(client: httpx.AsyncClient) -> None:
    asked = {"text": "word1 word0", "label": "cs.AI"}
    body = (await client.post("/v1/explain", json=asked)).json()
    assert body["label"] == "cs.AI"
    assert body["attributions"][1]["weight"] > 0


async def test_a_single_word_has_nothing_to_leave_out(client: httpx.AsyncClient) -> None:
    body = (await client.post("/v1/explain", json={"text": "word1"})).json()
    assert body["attributions"] == []


REFUSED = {
    "an unknown label": ({"text": "word1", "label": "x"}, "UnknownLabel"),
    "an empty text": ({"text": " "}, "EmptyText"),
    "no text": ({}, "InvalidRequest"),
}


@pytest.mark.parametrize(("body", "code"), REFUSED.values(), ids=REFUSED.keys())
async def test_what_cannot_be_explained(
    client: httpx.AsyncClient, body: dict[str, str], code: str
) -> None:
    answer = await client.post("/v1/explain", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, code)
