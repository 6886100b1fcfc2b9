"""Exports a model in every precision and keeps those that keep its accuracy.

The order of falling back is the order of ``Precision``: int8, then bf16, then fp32, which is the
model itself and is always kept. What was refused is recorded with its reason; its files go.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pharos_api.artifacts import ONNX
from pharos_api.engines import ENGINES, EngineSheet, Precision, Runtime, Variant
from pharos_jobs import storage
from pharos_jobs.core.fallback import accuracy, answers, judged
from pharos_jobs.export.computing import compute_with, reference
from pharos_jobs.export.openvino_export import Ids, write_bf16, write_int8

# What 0.3 points can be told on; more texts only cost time at the end of each run.
MOST_SAMPLES = 2_000
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Encoded:
    """Texts as at most ``max_tokens`` token numbers, with the numbers of their classes."""

    rows: Sequence[Ids]
    classes: Sequence[int]
    max_tokens: int

    def first(self, count: int) -> "Encoded":
        """The same, of at most ``count`` texts."""
        return Encoded(self.rows[:count], self.classes[:count], self.max_tokens)


def export_variants(folder: Path, calibration: Sequence[Ids], validation: Encoded) -> EngineSheet:
    """Write all variants beside ``model.onnx``, and ``engines.json``; returns what it says."""
    held = validation.first(MOST_SAMPLES)
    plain = reference()
    base = _accuracy(plain, folder, held)
    writers: dict[Precision, Callable[[], list[str]]] = {
        Precision.INT8: lambda: write_int8(folder, calibration),
        Precision.BF16: lambda: write_bf16(folder),
        Precision.FP32: lambda: [ONNX],
    }
    variants = [
        _judged(_written(precision, write), folder, held, base)
        for precision, write in writers.items()
    ]
    sheet = EngineSheet(
        samples=len(held.rows),
        variants=[*variants, plain.model_copy(update={"accuracy": base})],
    )
    storage.write_json((folder / ENGINES).as_uri(), sheet.to_json())
    _log.info("Exported", extra={"engines": [each.to_json() for each in sheet.variants]})
    return sheet


def _written(precision: Precision, write: Callable[[], list[str]]) -> Variant:
    """The variant; without files where the library cannot make it of this model."""
    variant = Variant(runtime=Runtime.OPENVINO, precision=precision)
    try:
        return variant.model_copy(update={"files": write()})
    except RuntimeError as error:
        _log.warning("Not exported", extra={"precision": precision, "reason": str(error)})
        return variant.model_copy(update={"reason": f"OpenVINO cannot: {str(error)[:500]}"})


def _judged(variant: Variant, folder: Path, held: Encoded, base: float) -> Variant:
    if not variant.files:
        return variant
    found = judged(variant, _accuracy(variant, folder, held), base)
    for name in variant.files if not found.files else ():
        if name != ONNX:
            (folder / name).unlink()
    return found


def _accuracy(variant: Variant, folder: Path, held: Encoded) -> float:
    compute = compute_with(variant, folder, held.max_tokens)
    return accuracy(answers([compute(row) for row in held.rows]), held.classes)
