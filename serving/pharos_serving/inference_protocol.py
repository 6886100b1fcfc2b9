"""The shapes of the Open Inference Protocol, version 2, for a model that reads texts.

Input: one tensor of datatype BYTES, shape ``[n]`` or ``[n, 1]``, the texts in ``data``. Outputs:
``label`` (BYTES ``[n]``), ``confidence`` (FP32 ``[n]``), ``scores`` (FP32 ``[n, labels]``). Pure.
https://github.com/open-inference/open-inference-protocol
"""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from pharos_api.names import PARAMETER_ENGINE, PARAMETER_TEXTS_PER_S
from pharos_serving.dataplane import Classifier, Prediction
from pharos_serving.errors import ErrorCode, RequestRefused
from pharos_serving.requests import Limits, check_texts

OUTPUTS = ("label", "confidence", "scores")


class Tensor(BaseModel):
    """One input; its name is free."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    name: str = Field(max_length=200)
    shape: list[int] = Field(min_length=1, max_length=8)
    datatype: str = Field(max_length=20)
    data: list[Any]


class RequestedOutput(BaseModel):
    """One of the outputs that the client wants."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    name: str = Field(max_length=200)


class InferRequest(BaseModel):
    """The body of ``…/infer``; parameters are accepted and ignored, as the protocol allows."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    id: str | None = Field(None, max_length=200)
    inputs: list[Tensor] = Field(min_length=1, max_length=1)
    outputs: list[RequestedOutput] | None = Field(None, max_length=20)


def texts_of_tensor(request: InferRequest, limits: Limits) -> list[str]:
    """The texts of the one input. Raises RequestRefused."""
    (tensor,) = request.inputs
    if tensor.datatype != "BYTES":
        raise _refused(f"Input {tensor.name!r} has datatype {tensor.datatype!r}; send BYTES.")
    data = _flat(tensor.data)
    texts = [item for item in data if isinstance(item, str)]
    if len(texts) != len(data):
        raise _refused(f"The data of input {tensor.name!r} must be strings.")
    if tensor.shape not in ([len(texts)], [len(texts), 1]):
        raise _refused(
            f"Input {tensor.name!r} has shape {tensor.shape} and {len(texts)} texts; "
            f"send shape [{len(texts)}]."
        )
    check_texts(texts, limits)
    return texts


def wanted_outputs(request: InferRequest) -> Sequence[str]:
    """Names of the outputs to send, all of them by default. Raises RequestRefused."""
    if not request.outputs:
        return OUTPUTS
    names = [output.name for output in request.outputs]
    unknown = [name for name in names if name not in OUTPUTS]
    if unknown:
        raise _refused(f"There is no output {unknown[0]!r}; there are {', '.join(OUTPUTS)}.")
    return names


def output_tensors(
    predictions: Sequence[Prediction], wanted: Sequence[str]
) -> list[dict[str, Any]]:
    """The protocol's output tensors, row-major."""
    count = len(predictions)
    labels = len(predictions[0].scores)
    tensors: dict[str, tuple[str, list[int], list[Any]]] = {
        "label": ("BYTES", [count], [p.label for p in predictions]),
        "confidence": ("FP32", [count], [p.confidence for p in predictions]),
        "scores": ("FP32", [count, labels], [s for p in predictions for s in p.scores.values()]),
    }
    return [_tensor(name, *tensors[name]) for name in wanted]


def model_metadata(name: str, version: str, classifier: Classifier) -> dict[str, Any]:
    """The answer of ``GET /v2/models/{name}``: what goes in and out, and what computes it."""
    labels, reached = classifier.labels, classifier.texts_per_s
    speed = {} if reached is None else {PARAMETER_TEXTS_PER_S: round(reached, 1)}
    return {
        "name": name,
        "versions": [version],
        "platform": classifier.scorer.name,
        "inputs": [{"name": "text", "datatype": "BYTES", "shape": [-1]}],
        "outputs": [
            {"name": "label", "datatype": "BYTES", "shape": [-1]},
            {"name": "confidence", "datatype": "FP32", "shape": [-1]},
            {"name": "scores", "datatype": "FP32", "shape": [-1, len(labels)]},
        ],
        "parameters": {"labels": list(labels), PARAMETER_ENGINE: classifier.engine} | speed,
    }


def _tensor(name: str, datatype: str, shape: list[int], data: list[Any]) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": shape, "data": data}


def _flat(data: Sequence[Any]) -> list[Any]:
    """``[["a"], ["b"]]`` as ``["a", "b"]``: the protocol allows both forms."""
    nested = [item if isinstance(item, list) else [item] for item in data]
    return [item for row in nested for item in row]


def _refused(sentence: str) -> RequestRefused:
    return RequestRefused(400, ErrorCode.INVALID_REQUEST, sentence)
