"""Both engines compute the same graph; the self-benchmark tells them apart."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from pharos_api.engines import Precision, plain_sheet
from pharos_api.model import Engine
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


def test_the_fastest_of_both_is_chosen_and_both_are_told(tiny_model: tuple[Path, str]) -> None:
    selection = Selection(Engine.AUTO, Layout(1, 1), TOKENS, benchmark_s=0.1)
    found = select(tiny_model[0], plain_sheet(), selection, ROWS[0])
    best = max(found.measured, key=lambda each: each.texts_per_s)
    assert len(found.measured) == 2
    assert found.variant == best.variant


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
