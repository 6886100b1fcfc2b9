"""What a server of a version promises: the shapes of its answers. Pure.

Each function returns what is wrong with one answer, as a phrase with the value and what was
expected, or an empty text. It knows bodies as parsed JSON and asks nobody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isclose, isfinite
from typing import Any

# Sums of 32-bit probabilities over a thousand labels stay well within it.
_SUM_TOLERANCE = 1e-3
_OUTPUTS = ("label", "confidence", "scores")


@dataclass(frozen=True, slots=True)
class Promise:
    """Which version answers, and with which labels."""

    model: str
    version: str
    labels: tuple[str, ...]


def labels_flaw(found: Sequence[str], wanted: Sequence[str], whose: str) -> str:
    """Whether two sets of labels are the same, whatever their order."""
    missing, extra = sorted(set(wanted) - set(found)), sorted(set(found) - set(wanted))
    parts = [f"lacks {_listed(missing)}"] * bool(missing) + [f"adds {_listed(extra)}"] * bool(extra)
    return f"{' and '.join(parts)} compared with {whose}" if parts else ""


def metadata_flaw(body: Any, promise: Promise) -> str:
    """``GET /v2/models/NAME`` of the Open Inference Protocol."""
    if not isinstance(body, dict):
        return f"the model's metadata is {_shown(body)}, no JSON object"
    if body.get("name") != promise.model:
        return f"the metadata names the model {_shown(body.get('name'))}, not {promise.model}"
    if body.get("versions") != [promise.version]:
        return (
            f"the metadata names the versions {_shown(body.get('versions'))}, not {promise.version}"
        )
    outputs = [tensor.get("name") for tensor in _objects(body.get("outputs"))]
    if sorted(map(str, outputs)) != sorted(_OUTPUTS):
        return f"the metadata lists the outputs {_shown(outputs)}, not {', '.join(_OUTPUTS)}"
    inputs = [tensor.get("datatype") for tensor in _objects(body.get("inputs"))]
    if inputs != ["BYTES"]:
        return f"the metadata asks for inputs of {_shown(inputs)}, not one of BYTES"
    return ""


def served_labels(body: Any) -> list[str]:
    """The labels in the model's metadata; empty where there are none."""
    parameters = body.get("parameters") if isinstance(body, dict) else None
    labels = parameters.get("labels") if isinstance(parameters, dict) else None
    return [str(label) for label in labels] if isinstance(labels, list) else []


def prediction_flaw(item: Any, promise: Promise) -> str:
    """One prediction: its label, its confidence, and a probability for each label."""
    if not isinstance(item, dict) or not isinstance(item.get("scores"), dict):
        return f"a prediction is {_shown(item)}, not an object with label, confidence and scores"
    scores = item["scores"]
    wrong = labels_flaw(list(scores), promise.labels, "the manifest")
    if wrong:
        return f"a prediction's set of scores {wrong}"
    if not all(_is_number(value) and 0 <= value <= 1 for value in scores.values()):
        return f"a prediction's scores are {_shown(scores)}, not probabilities"
    total = sum(scores.values())
    if not isclose(total, 1.0, abs_tol=_SUM_TOLERANCE):
        return f"a prediction's scores add up to {total:.4f}, not to 1"
    best = max(scores.values())
    if scores.get(str(item.get("label"))) != best or item.get("confidence") != best:
        return (
            f"a prediction's label is {_shown(item.get('label'))} with confidence "
            f"{_shown(item.get('confidence'))}, but the highest score is {best:.4f}"
        )
    return ""


def envelope_flaw(body: Any, promise: Promise) -> str:
    """What stands around every answer of ``/v1/classify``: who answered."""
    if not isinstance(body, dict):
        return f"the answer is {_shown(body)}, no JSON object"
    if body.get("model") != promise.model or body.get("version") != promise.version:
        return (
            f"{_shown(body.get('model'))} {_shown(body.get('version'))} answers, "
            f"not {promise.model} {promise.version}"
        )
    return "" if body.get("requestId") else "the answer has no requestId"


def single_flaw(body: Any, promise: Promise) -> str:
    """The answer to ``{"text": …}``."""
    return envelope_flaw(body, promise) or prediction_flaw(body, promise)


def batch_flaw(body: Any, promise: Promise, texts: int) -> str:
    """The answer to ``{"texts": […]}``."""
    wrong = envelope_flaw(body, promise)
    if wrong:
        return wrong
    items = body.get("predictions")
    if not isinstance(items, list) or len(items) != texts:
        found = len(items) if isinstance(items, list) else _shown(items)
        return f"{texts} texts were sent and {found} predictions came back"
    return next((flaw for item in items if (flaw := prediction_flaw(item, promise))), "")


def infer_flaw(body: Any, promise: Promise, wanted: Sequence[str]) -> str:
    """The answer to ``…/infer`` for texts that ``/v1/classify`` gave the labels ``wanted``."""
    if not isinstance(body, dict):
        return f"the answer is {_shown(body)}, no JSON object"
    if body.get("model_version") != promise.version:
        return f"version {_shown(body.get('model_version'))} answers, not {promise.version}"
    tensors = {tensor.get("name"): tensor for tensor in _objects(body.get("outputs"))}
    labels = tensors.get("label", {}).get("data")
    if labels != list(wanted):
        return f"it gives the labels {_shown(labels)}, /v1/classify {_shown(list(wanted))}"
    shape = tensors.get("scores", {}).get("shape")
    expected = [len(wanted), len(promise.labels)]
    return "" if shape == expected else f"its scores have shape {_shown(shape)}, not {expected}"


def refusal_flaw(status: int, body: Any) -> str:
    """The answer to a request that must be refused: 4xx, with a code and a sentence."""
    if not 400 <= status < 500:
        return f"it is answered with {status}, not with 4xx"
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict) or not error.get("code") or not error.get("message"):
        return f"the refusal is {_shown(body)}, without error.code and error.message"
    return ""


def _objects(value: Any) -> list[dict[str, Any]]:
    items = value if isinstance(value, list) else []
    return [item for item in items if isinstance(item, dict)]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:119]}…"


def _listed(labels: Sequence[str]) -> str:
    return ", ".join(labels[:5]) + (f" and {len(labels) - 5} more" if len(labels) > 5 else "")
