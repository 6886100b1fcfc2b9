"""How each server is asked to classify one text, and which label its answer names. Pure."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Dialect:
    """Paths, the body of a request for a text, and the most probable label of an answer."""

    path: str
    ready: str
    body: Callable[[str], dict[str, Any]]
    label: Callable[[Any], str]


def _best(scores: list[dict[str, Any]]) -> str:
    return str(max(scores, key=lambda each: each["score"])["label"])


def _first_output(answer: Any) -> str:
    """Of the V2 protocol: a JSON document, as a text, in the first output."""
    (found,) = answer["outputs"][0]["data"]
    return str(json.loads(found)["label"])


# It cuts no text by itself and fails on one that is too long.
_TRUNCATED = {
    "name": "truncation",
    "shape": [1],
    "datatype": "BOOL",
    "data": [True],
    "parameters": {"content_type": "raw"},
}
PHAROS = Dialect(
    "/v1/classify", "/v2/health/ready", lambda text: {"text": text}, lambda said: said["label"]
)
LITSERVE = replace(PHAROS, ready="/health")
INFINITY = Dialect(
    "/classify",
    "/health",
    lambda text: {"model": "bench", "input": [text]},
    lambda said: _best(said["data"][0]),
)
MLSERVER = Dialect(
    "/v2/models/bench/infer",
    "/v2/models/bench/ready",
    lambda text: {
        "inputs": [
            {"name": "array_inputs", "shape": [1], "datatype": "BYTES", "data": [text]},
            _TRUNCATED,
        ]
    },
    _first_output,
)
