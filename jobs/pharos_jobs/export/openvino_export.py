"""The ONNX graph as OpenVINO's own files: 8-bit by calibration, and 16-bit.

Int8: NNCF's post-training quantisation for transformers, static, activations asymmetric where that
is better (preset MIXED), calibrated on training texts. Embeddings are looked up and not multiplied:
they stay as they are, which costs nothing and lets a server map them from the file. So does the
head.

Weights lie in ``*.weights``: ``.bin``, OpenVINO's own suffix, is refused for pickles' sake.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pharos_api.artifacts import ONNX
from pharos_api.engines import Precision
from pharos_jobs.export.quiet import load_nncf, load_openvino

Ids = Sequence[int]
# More texts move the ranges of activations no further, and each costs a pass.
CALIBRATION_TEXTS = 96
CALIBRATION_TOKENS = 256


def file_names(precision: Precision) -> list[str]:
    """Graph and weights of one precision."""
    stem = f"openvino_{precision.lower()}"
    return [f"{stem}.xml", f"{stem}.weights"]


def write_int8(folder: Path, calibration: Iterable[Ids]) -> list[str]:
    """Quantise ``model.onnx``; returns the names of the files written beside it."""
    rows = [feed(list(ids)[:CALIBRATION_TOKENS]) for ids in calibration][:CALIBRATION_TEXTS]
    nncf = load_nncf()
    model = load_openvino().Core().read_model(folder / ONNX)
    quantised = nncf.quantize(
        model,
        nncf.Dataset(rows),
        preset=nncf.QuantizationPreset.MIXED,
        model_type=nncf.ModelType.TRANSFORMER,
        subset_size=len(rows),
        ignored_scope=nncf.IgnoredScope(names=_head(model), types=["Gather"], validate=False),
    )
    return _saved(quantised, folder, Precision.INT8)


def _head(model: Any) -> list[str]:
    """Names of the products on one vector of each text: the classifier, and a pooler before it.

    All errors before them end up in them, and they cost nothing: they are left in 16 bits.
    """
    products = [op for op in model.get_ordered_ops() if op.get_type_name() == "MatMul"]
    ranks = [op.get_output_partial_shape(0).rank.get_length() for op in products]
    return [op.get_friendly_name() for op, rank in zip(products, ranks, strict=True) if rank == 2]


def write_bf16(folder: Path) -> list[str]:
    """Write ``model.onnx`` with 16-bit weights; returns the names of the files."""
    model = load_openvino().Core().read_model(folder / ONNX)
    return _saved(model, folder, Precision.BF16)


def feed(ids: Ids, length: int = 0) -> Mapping[str, NDArray[np.int64]]:
    """The model's inputs for one text, of its own length or filled up to ``length``."""
    tokens = np.zeros((1, max(length, len(ids))), dtype=np.int64)
    mask = np.zeros_like(tokens)
    tokens[0, : len(ids)], mask[0, : len(ids)] = ids, 1
    return {"input_ids": tokens, "attention_mask": mask}


def _saved(model: Any, folder: Path, precision: Precision) -> list[str]:
    graph, weights = file_names(precision)
    halve = precision is not Precision.INT8
    load_openvino().save_model(model, folder / graph, compress_to_fp16=halve)
    (folder / graph).with_suffix(".bin").rename(folder / weights)
    return [graph, weights]
