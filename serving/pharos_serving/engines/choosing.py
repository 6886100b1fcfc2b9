"""Which of an artifact's variants serve on this machine. Pure.

Candidates come from the artifact, the processor and the Model's ``serving.engine``; the fastest of
them by the self-benchmark serves. One that the operator prefers needs no race.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pharos_api.engines import EngineSheet, Precision, Runtime, Variant
from pharos_api.model import Engine
from pharos_serving.engines.processor import Processor
from pharos_serving.errors import ModelRejected, RejectionReason

# By so much must another engine beat the first candidate. Engines that are worth telling apart
# differ by 15 % and more (ADR 10); nearer than that, a second of benchmark on a node that others
# use tells nothing, and replicas would choose by chance. To stay with the first costs at most this.
CLEARLY = 1.1


@dataclass(frozen=True, slots=True)
class Measured:
    """A candidate and what it reached: texts a second on this machine."""

    variant: Variant
    texts_per_s: float


def candidates(sheet: EngineSheet, wanted: Engine, processor: Processor) -> list[Variant]:
    """What is worth measuring: of each library the cheapest precision that the processor has.

    Raises ModelRejected when nothing in the artifact is what was asked for.
    """
    runtimes = _runtimes(wanted)
    usable = [each for each in sheet.usable() if each.runtime in runtimes]
    chosen: dict[Runtime, Variant] = {}
    for variant in sorted(usable, key=lambda each: not _is_quick(each.precision, processor)):
        chosen.setdefault(variant.runtime, variant)
    if not chosen:
        raise ModelRejected(
            RejectionReason.NO_ENGINE,
            f"Engine {wanted} was asked for; this image and artifact offer "
            f"{', '.join(each.name for each in sheet.usable())}. "
            "Set serving.engine to Auto or to one of these.",
        )
    return list(chosen.values())


def preferred(
    sheet: EngineSheet, wanted: Engine, name: str, processor: Processor
) -> Variant | None:
    """The variant of this name, where it may serve without a race: the one that production runs.

    None where the artifact refused it, where this processor has no instructions for it, and where
    the Model names an engine: a person's word counts for more than likeness.
    """
    if wanted is not Engine.AUTO:
        return None
    usable = (each for each in sheet.usable() if _is_quick(each.precision, processor))
    return next((each for each in usable if each.name == name), None)


def fastest(measured: Sequence[Measured]) -> Measured:
    """The first, unless another one is clearly faster."""
    first, best = measured[0], max(measured, key=lambda each: each.texts_per_s)
    return best if best.texts_per_s > CLEARLY * first.texts_per_s else first


def _runtimes(wanted: Engine) -> list[Runtime]:
    match wanted:
        case Engine.AUTO:
            return [Runtime.OPENVINO, Runtime.ONNX_RUNTIME]
        case Engine.OPENVINO:
            return [Runtime.OPENVINO]
        case Engine.ONNX_RUNTIME:
            return [Runtime.ONNX_RUNTIME]
        case Engine.TORCH:
            return []


def _is_quick(precision: Precision, processor: Processor) -> bool:
    match precision:
        case Precision.INT8:
            return processor.int8
        case Precision.BF16:
            return processor.bf16
        case Precision.FP32:
            return True
