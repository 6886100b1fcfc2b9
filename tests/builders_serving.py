"""Builds a tiny but real model: an ONNX graph, a tokenizer, label map, metadata and manifest.

The graph sums one vector a token: label ``i`` scores by how often the word ``word{i}`` occurs, so a
test can choose the answer. It has the inputs and outputs of an exported text classifier.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from pharos_api.artifacts import (
    LABEL_MAP,
    LINEAR,
    MANIFEST,
    METADATA,
    ONNX,
    SCORING,
    TOKENIZER,
    FileEntry,
    Manifest,
)
from pharos_api.ngrams import EDITION, key_of
from pharos_api.scoring import Part, Scoring

LABELS = ("cs.AI", "cs.CL", "cs.CV")
_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")


def build_tiny_model(
    path: Path,
    labels: Sequence[str] = LABELS,
    *,
    model: str = "tiny",
    version: str = "v1.0.0",
    max_tokens: int = 64,
) -> str:
    """Write a model to ``path`` and return its digest (that of its manifest)."""
    path.mkdir(parents=True, exist_ok=True)
    vocabulary = [*_SPECIAL, *(f"word{index}" for index in range(len(labels)))]
    (path / ONNX).write_bytes(_graph(vocabulary, len(labels)).SerializeToString())
    _tokenizer(vocabulary).save(str(path / TOKENIZER))
    ids = {str(index): label for index, label in enumerate(labels)}
    (path / LABEL_MAP).write_text(json.dumps({"id_to_label": ids}))
    (path / METADATA).write_text(json.dumps({"version": version, "num_labels": len(labels)}))
    return write_manifest(path, labels, model=model, version=version, max_tokens=max_tokens)


def write_manifest(
    path: Path,
    labels: Sequence[str] = LABELS,
    *,
    model: str = "tiny",
    version: str = "v1.0.0",
    max_tokens: int = 64,
) -> str:
    """List whatever lies in ``path`` in a fresh manifest; returns its digest."""
    files = [f for f in sorted(path.rglob("*")) if f.is_file() and f.name != MANIFEST]
    manifest = Manifest(
        model=model,
        version=version,
        labels=list(labels),
        max_tokens=max_tokens,
        files=[_entry(path, file) for file in files],
    )
    (path / MANIFEST).write_bytes(manifest.to_bytes())
    return manifest.digest()


def _entry(root: Path, file: Path) -> FileEntry:
    content = file.read_bytes()
    return FileEntry(
        path=file.relative_to(root).as_posix(),
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
    )


def _tokenizer(vocabulary: Sequence[str]) -> Tokenizer:
    ids = {token: index for index, token in enumerate(vocabulary)}
    tokenizer = Tokenizer(models.WordPiece(ids, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return tokenizer


def _graph(vocabulary: Sequence[str], labels: int) -> onnx.ModelProto:
    table = np.zeros((len(vocabulary), labels), dtype=np.float32)
    table[len(_SPECIAL) :] = 2 * np.eye(labels, dtype=np.float32)
    tensor = helper.make_tensor_value_info
    graph = helper.make_graph(
        [
            helper.make_node("Gather", ["table", "input_ids"], ["vectors"]),
            helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
            helper.make_node("Unsqueeze", ["mask", "last"], ["column"]),
            helper.make_node("Mul", ["vectors", "column"], ["seen"]),
            helper.make_node("ReduceSum", ["seen", "tokens"], ["logits"], keepdims=0),
        ],
        "tiny",
        [
            tensor("input_ids", TensorProto.INT64, ["batch", "tokens"]),
            tensor("attention_mask", TensorProto.INT64, ["batch", "tokens"]),
        ],
        [tensor("logits", TensorProto.FLOAT, ["batch", labels])],
        [
            numpy_helper.from_array(table, "table"),
            numpy_helper.from_array(np.array([2], dtype=np.int64), "last"),
            numpy_helper.from_array(np.array([1], dtype=np.int64), "tokens"),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)


def build_linear_model(path: Path, labels: Sequence[str] = LABELS) -> str:
    """Write a model that is linear alone: ``word{i}`` speaks for label ``i``. Its digest."""
    path.mkdir(parents=True, exist_ok=True)
    save_file(_linear_arrays(labels), path / LINEAR)
    (path / SCORING).write_text(Scoring(factors={Part.LINEAR: 4.0}).model_dump_json())
    (path / METADATA).write_text(json.dumps({"version": "v1.0.0", "num_labels": len(labels)}))
    return write_manifest(path, labels)


def add_linear_part(path: Path, labels: Sequence[str] = LABELS, factor: float = 100.0) -> str:
    """Turn the model at ``path`` into a blend whose linear part decides. Its new digest."""
    save_file(_linear_arrays(labels), path / LINEAR)
    scoring = Scoring(factors={Part.ENCODER: 1e-3, Part.LINEAR: factor})
    (path / SCORING).write_text(scoring.model_dump_json())
    return write_manifest(path, labels)


def _linear_arrays(labels: Sequence[str]) -> dict[str, NDArray[Any]]:
    keys = [key_of(f"word{index}") for index in range(len(labels))]
    order = np.argsort(keys)
    return {
        "edition": np.array([EDITION], dtype=np.int64),
        "keys": np.array(keys, dtype=np.int64)[order],
        "idf": np.ones(len(keys), dtype=np.float32),
        "weights": np.eye(len(labels), dtype=np.float16)[order],
        "bias": np.zeros(len(labels), dtype=np.float32),
    }
