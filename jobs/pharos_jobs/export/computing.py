"""Computes with one variant of an exported model, by the library and the lengths of serving."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from pharos_api.artifacts import ONNX
from pharos_api.engines import Precision, Runtime, Variant, padded_tokens
from pharos_jobs.export.openvino_export import feed
from pharos_jobs.export.quiet import load_openvino

Logits = NDArray[np.float32]
Compute = Callable[[Sequence[int]], Logits]


def compute_with(variant: Variant, folder: Path, max_tokens: int) -> Compute:
    """A function from at most ``max_tokens`` token numbers to logits, shape (classes,).

    Raises what the library raises when it cannot load the files.
    """
    match variant.runtime:
        case Runtime.OPENVINO:
            return _openvino(variant, folder, max_tokens)
        case Runtime.ONNX_RUNTIME:
            return _onnx_runtime(folder / variant.files[0])
        case _:
            assert_never(variant.runtime)


def _openvino(variant: Variant, folder: Path, max_tokens: int) -> Compute:
    hint = {"INFERENCE_PRECISION_HINT": number_type(variant.precision)}
    core = load_openvino().Core()
    model = core.read_model(*(folder / name for name in variant.files))
    request = core.compile_model(model, "CPU", hint).create_infer_request()

    def compute(ids: Sequence[int]) -> Logits:
        filled = feed(ids, padded_tokens(len(ids), max_tokens))
        return np.array(request.infer(dict(filled))[0][0], dtype=np.float32)

    return compute


def number_type(precision: Precision) -> str:
    """OpenVINO's name of what is computed in where integers do not suffice."""
    return "f32" if precision is Precision.FP32 else "bf16"


def _onnx_runtime(graph: Path) -> Compute:
    import onnxruntime  # noqa: PLC0415 - another library's second

    session: Any = onnxruntime.InferenceSession(str(graph), providers=["CPUExecutionProvider"])

    def compute(ids: Sequence[int]) -> Logits:
        return np.asarray(session.run(["logits"], dict(feed(ids)))[0][0], dtype=np.float32)

    return compute


def reference() -> Variant:
    """The unquantised model, which the others are held against."""
    return Variant(runtime=Runtime.ONNX_RUNTIME, precision=Precision.FP32, files=[ONNX])
