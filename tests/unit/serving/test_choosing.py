"""Which engine serves: by the artifact, the processor, the Model's wish, and the clock."""

from typing import NamedTuple

import pytest

from pharos_api.engines import EngineSheet, Precision, Runtime, Variant, plain_sheet
from pharos_api.model import Engine
from pharos_serving.engines.choosing import Measured, candidates, fastest
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


def test_the_clock_decides() -> None:
    slow, quick = Measured(INT8, 20.0), Measured(ONNX, 30.0)
    assert fastest([slow, quick]) is quick


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
