"""How a model can be computed: the variants that lie beside each other in an artifact.

``engines.json`` is written by the train step's export and read by serving. It lists each variant
with its files and the accuracy that it reached on the validation split. One that gave up more than
``LIMIT_POINTS`` against FP32 is listed too, with the reason, but has no files: nothing serves it.
"""

from collections.abc import Sequence
from enum import StrEnum

from pydantic import Field

from pharos_api.artifacts import ONNX
from pharos_api.meta import Spec

ENGINES = "engines.json"
# Points of accuracy (hundredths) that a cheaper precision may cost.
LIMIT_POINTS = 0.3
_STEP = 16
# What a server without an encoder calls its engine: numpy computes the linear part.
LINEAR_ENGINE = "Linear"


class Runtime(StrEnum):
    """The library that computes."""

    OPENVINO = "OpenVino"
    ONNX_RUNTIME = "OnnxRuntime"


class Precision(StrEnum):
    """In which numbers, the cheapest first: the order in which an export falls back."""

    INT8 = "Int8"
    BF16 = "Bf16"
    FP32 = "Fp32"


class Variant(Spec):
    """One way to compute the model.

    ``files`` are paths below the artifact, the graph first, then its weights where they are apart;
    empty when the variant was refused, for ``reason``. ``accuracy`` is a share in 0..1 on the
    validation split, None where it was not computed.
    """

    runtime: Runtime
    precision: Precision
    files: list[str] = Field(default_factory=list)
    accuracy: float | None = None
    reason: str = ""

    @property
    def name(self) -> str:
        """As metrics and metadata call it: ``OpenVino-Int8``."""
        return f"{self.runtime}-{self.precision}"


class EngineSheet(Spec):
    """All variants of one model and what they were held to. ``samples`` were compared."""

    samples: int = Field(0, ge=0)
    limit_points: float = LIMIT_POINTS
    variants: list[Variant] = Field(min_length=1)

    def usable(self) -> list[Variant]:
        """Those that may serve, the cheapest precision first."""
        order = list(Precision)
        accepted = [each for each in self.variants if each.files]
        return sorted(accepted, key=lambda each: order.index(each.precision))

    def best(self) -> Variant:
        """The cheapest that kept its accuracy: what the evaluation measures."""
        return self.usable()[0]


def plain_sheet() -> EngineSheet:
    """Of an artifact without ``engines.json``: its ONNX graph, as it is, by both libraries."""
    runtimes: Sequence[Runtime] = (Runtime.ONNX_RUNTIME, Runtime.OPENVINO)
    return EngineSheet(
        variants=[
            Variant(runtime=runtime, precision=Precision.FP32, files=[ONNX]) for runtime in runtimes
        ]
    )


def lost_points(reference: float, accuracy: float) -> float:
    """Points of accuracy that were given up; negative where some were won."""
    return 100 * (reference - accuracy)


def padded_tokens(tokens: int, limit: int) -> int:
    """The length at which a text of ``tokens`` is computed: the next multiple of 16, at most limit.

    OpenVINO compiles and keeps code for each length that it meets, so exact lengths cost more time
    and memory than they save: for 200 papers, a six-layer model of width 384 and one stream, 143
    lengths took 109 MiB more than 26 and 7 % more CPU time. There are 32 lengths up to 512.
    """
    return max(tokens, min(limit, -(-tokens // _STEP) * _STEP))
