"""Both engines compute the same graph; the self-benchmark tells them apart."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from pharos_api.engines import EngineSheet, Precision, plain_sheet
from pharos_api.model import Engine
from pharos_serving.engines.choosing import fastest
from pharos_serving.engines.onnx import OnnxEngine
from pharos_serving.engines.openvino import Layout, OpenVinoEngine, Tokens
from pharos_serving.engines.selecting import Selection, select
from pharos_serving.errors import ModelRejected

TOKENS = Tokens(pad_id=0, limit=64)
ROWS = [[2, 4, 5, 3], [2, 6, 6, 6, 3]]


def openvino(folder: Path, streams: int = 2) -> OpenVinoEngine:
    files = [folder / "model.onnx"]
    return OpenVinoEngine(files, Precision.FP32, Layout(2, streams), TOKENS)


def test_openvino_answers_as_onnx_runtime_does(tiny_model: tuple[Path, str]) -> None:
    expected = OnnxEngine(tiny_model[0] / "model.onnx", 1).predict(ROWS)
    np.testing.assert_allclose(openvino(tiny_model[0]).predict(ROWS), expected, atol=1e-5)


def test_each_lane_gets_its_own_answers(tiny_model: tuple[Path, str]) -> None:
    engine = openvino(tiny_model[0])
    alone = [engine.predict([row]) for row in ROWS]
    with ThreadPoolExecutor(engine.lanes) as pool:
        together = list(pool.map(lambda n: engine.predict([ROWS[n % 2]]), range(200)))
    for number, answer in enumerate(together):
        np.testing.assert_array_equal(answer, alone[number % 2])


def test_a_broken_graph_is_a_rejection_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"no graph")
    with pytest.raises(ModelRejected, match=r"OpenVINO .* cannot load model.onnx"):
        openvino(tmp_path)


def test_both_are_measured_and_told_and_one_of_them_is_chosen(
    tiny_model: tuple[Path, str],
) -> None:
    selection = Selection(Engine.AUTO, Layout(1, 1), TOKENS, benchmark_s=0.1)
    found = select(tiny_model[0], plain_sheet(), selection, ROWS[0])
    assert len(found.measured) == 2
    assert found.variant == fastest(found.measured).variant


@pytest.mark.parametrize("name", ["OpenVino-Fp32", "OnnxRuntime-Fp32"])
def test_the_preferred_one_is_taken_and_it_alone_is_measured(
    tiny_model: tuple[Path, str], name: str
) -> None:
    selection = Selection(Engine.AUTO, Layout(1, 1), TOKENS, benchmark_s=0.1, preferred=name)
    found = select(tiny_model[0], plain_sheet(), selection, ROWS[0])
    assert found.variant.name == name
    assert [each.variant.name for each in found.measured] == [name]


def test_a_preferred_one_that_cannot_be_loaded_is_left_out(
    tiny_model: tuple[Path, str], tmp_path: Path
) -> None:
    (tmp_path / "broken.onnx").write_bytes(b"no graph")
    (tmp_path / "model.onnx").write_bytes((tiny_model[0] / "model.onnx").read_bytes())
    sound, broken = (each for each in plain_sheet().variants)
    sheet = EngineSheet(variants=[sound, broken.model_copy(update={"files": ["broken.onnx"]})])
    selection = Selection(Engine.AUTO, Layout(1, 1), TOKENS, 0.1, preferred=broken.name)
    found = select(tmp_path, sheet, selection, ROWS[0])
    assert found.variant.name == sound.name


def test_a_named_engine_costs_no_self_benchmark(tiny_model: tuple[Path, str]) -> None:
    selection = Selection(Engine.OPENVINO, Layout(1, 1), TOKENS, benchmark_s=60)
    found = select(tiny_model[0], plain_sheet(), selection, ROWS[0])
    assert found.measured == ()
    assert found.engine.name == "openvino_fp32"


def test_openvino_never_loads_what_reports_its_use(tiny_model: tuple[Path, str]) -> None:
    """A process of its own: here another test may have loaded it."""
    code = f"""
import sys
from pathlib import Path
from pharos_api.engines import Precision
from pharos_serving.engines.openvino import Layout, OpenVinoEngine, Tokens
files = [Path({str(tiny_model[0] / "model.onnx")!r})]
OpenVinoEngine(files, Precision.FP32, Layout(1, 1), Tokens(0, 64)).predict([[2, 3]])
reporter = sys.modules.get("openvino_telemetry")
print("reports" if getattr(reporter, "Telemetry", None) is not None else "silent")
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "silent"
