"""What a server promises: a row for each way to break it."""

from typing import Any

import pytest

from pharos_jobs.core.contract import (
    Promise,
    batch_flaw,
    infer_flaw,
    labels_flaw,
    metadata_flaw,
    prediction_flaw,
    refusal_flaw,
    served_labels,
    single_flaw,
)

PROMISE = Promise("arxiv", "v1.1.0", ("a", "b"))
ITEM = {"requestId": "r", "label": "a", "confidence": 0.75, "scores": {"a": 0.75, "b": 0.25}}
WHO = {"requestId": "r", "model": "arxiv", "version": "v1.1.0", "arm": "pinned"}
META = {
    "name": "arxiv",
    "versions": ["v1.1.0"],
    "inputs": [{"name": "text", "datatype": "BYTES", "shape": [-1]}],
    "outputs": [{"name": name} for name in ("label", "confidence", "scores")],
    "parameters": {"labels": ["a", "b"]},
}
INFERRED = {
    "model_version": "v1.1.0",
    "outputs": [
        {"name": "label", "data": ["a", "b"]},
        {"name": "scores", "shape": [2, 2], "data": [0.75, 0.25, 0.25, 0.75]},
    ],
}


def test_what_is_promised_is_no_flaw() -> None:
    assert single_flaw(ITEM | WHO, PROMISE) == ""
    assert batch_flaw(WHO | {"predictions": [ITEM, ITEM]}, PROMISE, 2) == ""
    assert metadata_flaw(META, PROMISE) == ""
    assert infer_flaw(INFERRED, PROMISE, ["a", "b"]) == ""
    assert refusal_flaw(422, {"error": {"code": "EmptyText", "message": "Send words."}}) == ""
    assert served_labels(META) == ["a", "b"]


PREDICTIONS: dict[str, tuple[Any, str]] = {
    "no object": (["a"], "a prediction is ['a'], not an object"),
    "no scores": ({"label": "a"}, "not an object with label, confidence and scores"),
    "a label too few": (
        ITEM | {"scores": {"a": 1.0}},
        "a prediction's set of scores lacks b compared with the manifest",
    ),
    "a label too many": (
        ITEM | {"scores": {"a": 0.5, "b": 0.2, "z": 0.3}},
        "adds z compared with the manifest",
    ),
    "logits for probabilities": (ITEM | {"scores": {"a": 3.1, "b": -1.0}}, "not probabilities"),
    "a score that is no number": (
        ITEM | {"scores": {"a": float("nan"), "b": 1.0}},
        "not probabilities",
    ),
    "a sum that is not 1": (ITEM | {"scores": {"a": 0.75, "b": 0.2}}, "add up to 0.9500, not to 1"),
    "a label that is not the best": (ITEM | {"label": "b"}, "but the highest score is 0.7500"),
    "a confidence of something else": (ITEM | {"confidence": 0.9}, "confidence 0.9"),
    "a label that is no text": (ITEM | {"label": ["a"]}, "label is ['a']"),
}


@pytest.mark.parametrize(("item", "flaw"), PREDICTIONS.values(), ids=PREDICTIONS)
def test_a_prediction(item: Any, flaw: str) -> None:
    assert flaw in prediction_flaw(item, PROMISE)


ANSWERS: dict[str, tuple[str, str]] = {
    "another version answers": (
        single_flaw(ITEM | WHO | {"version": "v1.0.0"}, PROMISE),
        "'arxiv' 'v1.0.0' answers, not arxiv v1.1.0",
    ),
    "an answer without an id": (single_flaw(ITEM | WHO | {"requestId": ""}, PROMISE), "requestId"),
    "an answer that is no JSON": (single_flaw(None, PROMISE), "None, no JSON object"),
    "fewer predictions than texts": (
        batch_flaw(WHO | {"predictions": [ITEM]}, PROMISE, 2),
        "2 texts were sent and 1 predictions came back",
    ),
    "no predictions": (batch_flaw(WHO, PROMISE, 2), "2 texts were sent and None"),
    "metadata of another model": (metadata_flaw(META | {"name": "x"}, PROMISE), "not arxiv"),
    "metadata of another version": (
        metadata_flaw(META | {"versions": ["v1"]}, PROMISE),
        "not v1.1.0",
    ),
    "an output less": (metadata_flaw(META | {"outputs": []}, PROMISE), "not label, confidence"),
    "another input": (metadata_flaw(META | {"inputs": []}, PROMISE), "not one of BYTES"),
    "metadata that is no object": (metadata_flaw([], PROMISE), "no JSON object"),
    "the protocol disagrees with classify": (
        infer_flaw(INFERRED, PROMISE, ["b", "b"]),
        "it gives the labels ['a', 'b'], /v1/classify ['b', 'b']",
    ),
    "the protocol gives fewer scores": (
        infer_flaw(INFERRED, Promise("arxiv", "v1.1.0", ("a",)), ["a", "b"]),
        "its scores have shape [2, 2], not [2, 1]",
    ),
    "an improper request is answered": (refusal_flaw(200, ITEM), "answered with 200, not with 4xx"),
    "an improper request fails the server": (refusal_flaw(500, None), "answered with 500"),
    "a refusal without a sentence": (refusal_flaw(422, {"detail": "x"}), "without error.code"),
    "other labels": (
        labels_flaw(["a"], ["b", "c"], "production"),
        "lacks b, c and adds a compared with production",
    ),
    "many other labels": (
        labels_flaw([], [f"l{n}" for n in range(9)], "production"),
        "lacks l0, l1, l2, l3, l4 and 4 more",
    ),
}


@pytest.mark.parametrize(("found", "flaw"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer(found: str, flaw: str) -> None:
    assert flaw in found
