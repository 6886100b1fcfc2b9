"""The export of a real, tiny model: what lies beside the graph, and how engines compute it."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_model import tiny_bert
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from pharos_api.engines import ENGINES, EngineSheet, Precision, Runtime, Variant
from pharos_jobs.export import variants as exporting
from pharos_jobs.export.computing import compute_with
from pharos_jobs.export.onnx_export import export_onnx
from pharos_jobs.export.quiet import load_openvino
from pharos_jobs.export.variants import Encoded, export_variants

pytestmark = [
    pytest.mark.timeout(300),
    # The exporter speaks of names of axes, and torch of its own future.
    pytest.mark.filterwarnings(
        "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"
    ),
]
LAYERS, LIMIT = 2, 128
ROWS = [[2, *(5 + n % 50 for n in range(length)), 3] for length in (3, 9, 17, 30, 60, 100)]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base, folder = (tmp_path_factory.mktemp(name) for name in ("base", "model"))
    tiny_bert(base)
    AutoModelForSequenceClassification.from_pretrained(base, num_labels=3).save_pretrained(folder)
    AutoTokenizer.from_pretrained(base).save_pretrained(folder)
    export_onnx(folder, LIMIT)
    reference = compute_with(exporting.reference(), folder, LIMIT)
    truth = [int(reference(row).argmax()) for row in ROWS]
    export_variants(folder, ROWS, Encoded(ROWS, truth, LIMIT))
    return folder


@pytest.fixture(scope="module")
def sheet(exported: Path) -> EngineSheet:
    return EngineSheet.model_validate_json((exported / ENGINES).read_bytes())


def test_every_precision_is_tried_and_what_is_kept_lies_in_the_folder(
    exported: Path, sheet: EngineSheet
) -> None:
    assert [(v.runtime, v.precision) for v in sheet.variants] == [
        (Runtime.OPENVINO, Precision.INT8),
        (Runtime.OPENVINO, Precision.BF16),
        (Runtime.OPENVINO, Precision.FP32),
        (Runtime.ONNX_RUNTIME, Precision.FP32),
    ]
    assert sheet.samples == len(ROWS)
    named = {name for each in sheet.usable() for name in each.files}
    assert {path.name for path in exported.glob("openvino_*")} == named - {"model.onnx"}


@pytest.mark.parametrize("precision", [Precision.BF16, Precision.FP32])
def test_a_precision_answers_like_the_model(
    precision: Precision, exported: Path, sheet: EngineSheet
) -> None:
    (variant,) = (
        v for v in sheet.usable() if (v.runtime, v.precision) == (Runtime.OPENVINO, precision)
    )
    compute = compute_with(variant, exported, LIMIT)
    reference = compute_with(exporting.reference(), exported, LIMIT)
    for row in ROWS:
        np.testing.assert_allclose(compute(row), reference(row), atol=0.02)


def layers(folder: Path, precision: Precision) -> Counter[tuple[str, str]]:
    """Kinds of the compiled graph's layers with the numbers that they compute in."""
    core = load_openvino().Core()
    files = [folder / f"openvino_{precision.lower()}{end}" for end in (".xml", ".weights")]
    compiled = core.compile_model(core.read_model(*files), "CPU")
    return Counter(
        (info(op, "layerType"), info(op, "runtimePrecision"))
        for op in compiled.get_runtime_model().get_ops()
    )


def info(op: Any, key: str) -> str:
    return str(op.get_rt_info()[key].astype(str))


@pytest.fixture
def quantised(tmp_path: Path, exported: Path) -> Path:
    """Int8 whether or not the tiny model's accuracy survived it."""
    (tmp_path / "model.onnx").write_bytes((exported / "model.onnx").read_bytes())
    exporting.write_int8(tmp_path, ROWS)
    return tmp_path


@pytest.mark.requirement("PRF-6")
def test_attention_is_one_fused_operator_a_layer_and_every_product_is_of_bytes(
    quantised: Path,
) -> None:
    found = layers(quantised, Precision.INT8)
    kinds = Counter(kind for kind, _ in found.elements())
    # A softmax or product of its own would mean that attention was not recognised.
    assert kinds["Softmax"] == 0
    assert kinds["MatMul"] == 0
    assert kinds["Subgraph"] >= LAYERS
    products = Counter(
        {numbers: n for (kind, numbers), n in found.items() if kind == "FullyConnected"}
    )
    # Query, key, value, output and both of the feed-forward, a layer.
    assert products["i8"] + products["u8"] == 6 * LAYERS
    # The head is left as it is.
    assert sum(products.values()) == 6 * LAYERS + 2


def test_what_gives_up_too_much_is_recorded_and_removed(exported: Path, tmp_path: Path) -> None:
    """Truth as the model itself sees it, but for int8: it is right on all and int8 on none."""
    (tmp_path / "model.onnx").write_bytes((exported / "model.onnx").read_bytes())
    given: list[Variant] = []

    def accuracy(variant: Variant, folder: Path, held: Encoded) -> float:
        given.append(variant)
        return 0.5 if variant.precision is Precision.INT8 else 0.9

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exporting, "_accuracy", accuracy)
        sheet = export_variants(tmp_path, ROWS, Encoded(ROWS, [0] * len(ROWS), LIMIT))
    assert sheet.best().precision is Precision.BF16
    assert "40.00 points" in sheet.variants[0].reason
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "engines.json", "model.onnx", "openvino_bf16.weights", "openvino_bf16.xml",
    ]  # fmt: skip
    assert next(v.name for v in given) == "OnnxRuntime-Fp32"


def test_the_export_tells_nobody_that_it_ran() -> None:
    """A process of its own, without pytest, at whose sight NNCF is silent anyway."""
    code = """
import json, sys
from pharos_jobs.export.quiet import load_nncf, load_openvino
load_openvino(), load_nncf()
from nncf.telemetry import wrapper
print(json.dumps([type(wrapper.telemetry).__name__, str(sys.modules["openvino_telemetry"])]))
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(said.stdout.splitlines()[-1]) == ["MagicMock", "None"]
