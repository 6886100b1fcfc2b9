"""Which engine serves: by the artifact, the processor, the Model's wish, and the clock."""

from typing import NamedTuple

import pytest

from pharos_api.engines import EngineSheet, Precision, Runtime, Variant, plain_sheet
from pharos_api.model import Engine
from pharos_serving.engines.choosing import Measured, candidates, fastest, preferred
from pharos_serving.engines.processor import Processor, of_flags
from pharos_serving.errors import ModelRejected


def variant(runtime: Runtime, precision: Precision, *files: str) -> Variant:
    return Variant(runtime=runtime, precision=precision, files=list(files) or ["f"])


INT8 = variant(Runtime.OPENVINO, Precision.INT8)
BF16 = variant(Runtime.OPENVINO, Precision.BF16)
FP32 = variant(Runtime.OPENVINO, Precision.FP32)
ONNX = variant(Runtime.ONNX_RUNTIME, Precision.FP32)
WHOLE = EngineSheet(variants=[INT8, BF16, FP32, ONNX])
INT8_REFUSED = EngineSheet(variants=[INT8.model_copy(update={"files": []}), BF16, FP32, ONNX])
MODERN, MIDDLE, OLD = Processor(True, True), Processor(True, False), Processor(False, False)


class Case(NamedTuple):
    sheet: EngineSheet
    wanted: Engine
    processor: Processor
    expected: list[Variant]


CASES = {
    "auto measures the cheapest of each library": Case(WHOLE, Engine.AUTO, MODERN, [INT8, ONNX]),
    "a refused precision is passed over": Case(INT8_REFUSED, Engine.AUTO, MODERN, [BF16, ONNX]),
    "without 16-bit instructions a refused int8 falls to fp32": Case(
        INT8_REFUSED, Engine.AUTO, MIDDLE, [FP32, ONNX]
    ),
    "without byte instructions fp32 is measured": Case(WHOLE, Engine.AUTO, OLD, [FP32, ONNX]),
    "a named engine is not compared with others": Case(WHOLE, Engine.OPENVINO, MODERN, [INT8]),
    "the smallest in memory can be named": Case(WHOLE, Engine.ONNX_RUNTIME, MODERN, [ONNX]),
    "an artifact without a sheet is computed from its graph": Case(
        plain_sheet(), Engine.ONNX_RUNTIME, MODERN, [plain_sheet().variants[0]]
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_candidates(case: Case) -> None:
    found = candidates(case.sheet, case.wanted, case.processor)
    assert sorted(found, key=str) == sorted(case.expected, key=str)


def test_an_engine_that_the_artifact_does_not_offer_is_refused_in_a_sentence() -> None:
    with pytest.raises(ModelRejected, match="Torch was asked for; this image and artifact offer"):
        candidates(WHOLE, Engine.TORCH, MODERN)


class Wish(NamedTuple):
    sheet: EngineSheet
    wanted: Engine
    name: str
    processor: Processor
    granted: Variant | None


WISHES = {
    "the variant that production runs is taken": Wish(
        WHOLE, Engine.AUTO, "OnnxRuntime-Fp32", MODERN, ONNX
    ),
    "so is one that would not have been measured": Wish(
        WHOLE, Engine.AUTO, "OpenVino-Fp32", MODERN, FP32
    ),
    "one that the export refused is not": Wish(
        INT8_REFUSED, Engine.AUTO, "OpenVino-Int8", MODERN, None
    ),
    "one that this processor computes slowly is not": Wish(
        WHOLE, Engine.AUTO, "OpenVino-Int8", OLD, None
    ),
    "a named engine wins over a preferred one": Wish(
        WHOLE, Engine.OPENVINO, "OpenVino-Fp32", MODERN, None
    ),
    "nothing is preferred": Wish(WHOLE, Engine.AUTO, "", MODERN, None),
    "no variant has that name": Wish(WHOLE, Engine.AUTO, "Linear", MODERN, None),
}


@pytest.mark.parametrize("wish", WISHES.values(), ids=WISHES.keys())
def test_a_wish_is_granted_where_it_can_be(wish: Wish) -> None:
    assert preferred(wish.sheet, wish.wanted, wish.name, wish.processor) == wish.granted


RACES = {
    "a clearly faster one wins": ((20.0, 30.0), ONNX),
    "one that is hardly faster does not": ((100.0, 109.0), INT8),
    "nor does one that is faster by the margin itself": ((100.0, 110.0), INT8),
    "the first wins when it is faster": ((30.0, 20.0), INT8),
    "of equals the first wins": ((30.0, 30.0), INT8),
}


@pytest.mark.parametrize(("reached", "expected"), RACES.values(), ids=RACES.keys())
def test_the_clock_decides_where_it_speaks_clearly(
    reached: tuple[float, float], expected: Variant
) -> None:
    first, second = reached
    assert fastest([Measured(INT8, first), Measured(ONNX, second)]).variant == expected


FLAGS = {
    "a server of 2024": ("flags\t\t: fpu avx512_vnni avx512_bf16\n", MODERN),
    "a server of 2019": ("model name : x\nflags : avx512_vnni avx2\n", MIDDLE),
    "a server of 2014": ("flags : avx2 fma\n", OLD),
    "an Arm server": ("Features\t: fp asimd asimddp bf16\n", MODERN),
    "a file without flags": ("processor : 0\n", OLD),
}


@pytest.mark.parametrize(("cpuinfo", "expected"), FLAGS.values(), ids=FLAGS.keys())
def test_the_processor_is_read_from_its_flags(cpuinfo: str, expected: Processor) -> None:
    assert of_flags(cpuinfo) == expected
