"""Few texts from papers to a server: an encoder as it was, with a head from scikit-learn."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from jobs_builders import papers, step_input
from numpy.typing import NDArray
from pydantic import SecretStr
from safetensors.torch import load_file
from sklearn.linear_model import LogisticRegression
from tiny_model import tiny_bert
from transformers import AutoModel, AutoModelForSequenceClassification, AutoTokenizer

from pharos_api.artifacts import ReferenceAnswer
from pharos_api.trainingrun import StepName
from pharos_jobs import storage
from pharos_jobs.context import StepContext
from pharos_jobs.datasets import open_dataset, read_split
from pharos_serving.assembling import build_classifier
from pharos_serving.loading import ModelSource, load_verified
from pharos_serving.settings import Settings

# As in test_blend: the export takes its time, and torch's exporter speaks of its own future.
pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore:::torch"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]
TOPICS = ("cs.AI", "cs.RO", "cs.DB")
SETTINGS = {"maxTokens": 64, "precision": "FP32"}
LIMITS = ("minValidationAccuracy", "minTestAccuracy", "minMacroF1")
GATE = {**dict.fromkeys(LIMITS, "0.5"), "mustBeatBaseline": False}
OFF = 1e-3


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bert(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def outputs(base: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the five steps of a run with the recipe FewShot gave, on 32 texts a class."""
    root = tmp_path_factory.mktemp("few")
    rows = (json.dumps(p.to_json()) for p in papers(TOPICS, 40))
    (root / "papers.jsonl").write_text("\n".join(rows))
    source = {"dataset": {"uri": (root / "papers.jsonl").as_uri()}}
    trainer = {"recipe": "FewShot", "baseModel": base.as_uri(), "hyperparameters": SETTINGS}
    data = {"source": source, "minPapersPerClass": 10}
    fields: dict[str, Any] = {"trainer": trainer, "gate": GATE, "data": data}
    found: dict[str, str] = {}
    for step in (s for s in StepName if s is not StepName.SEARCH):
        (root / step.value).mkdir()
        module = import_module(f"pharos_jobs.steps.{step.value}")
        context = StepContext(root / step.value)
        found |= module.run(step_input(root, step, inputs=found, **fields), context).outputs
    return found


def folder_of(outputs: dict[str, str]) -> Path:
    found = storage.local_path(outputs["modelUri"])
    assert found is not None
    return found


def embeddings(base: Path, texts: list[str]) -> NDArray[np.float32]:
    """Means of each text's tokens, scaled to length 1: by transformers, one text at a time."""
    tokenizer, encoder = AutoTokenizer.from_pretrained(base), AutoModel.from_pretrained(base)
    rows = []
    for text in texts:
        encoded = tokenizer(text, truncation=True, max_length=64, return_tensors="pt")
        with torch.no_grad():
            mean = encoder.eval()(**encoded).last_hidden_state[0].mean(dim=0).numpy()
        rows.append(mean / np.linalg.norm(mean))
    return np.stack(rows)


def test_the_exported_graph_gives_the_logits_of_scikit_learn(
    outputs: dict[str, str], base: Path
) -> None:
    dataset = open_dataset(outputs["datasetUri"])
    train, val = read_split(dataset, "train"), read_split(dataset, "val")
    record = storage.read_json(f"{outputs['checkpointUri']}/training.json")
    regression = LogisticRegression(C=float(record["headStrength"]), max_iter=2_000)
    numbers = [dataset.labels.index(s.label) for s in train]
    regression.fit(embeddings(base, [s.text for s in train]), numbers)
    texts = [s.text for s in val] + ["Robots.", "Queries join tables. " * 20]
    expected = regression.decision_function(embeddings(base, texts))
    tokenizer = AutoTokenizer.from_pretrained(base)
    batch = tokenizer(texts, truncation=True, max_length=64, padding=True, return_tensors="np")
    session = onnxruntime.InferenceSession(str(folder_of(outputs) / "model.onnx"))
    inputs = {name: batch[name].astype(np.int64) for name in ("input_ids", "attention_mask")}
    assert session.run(["logits"], inputs)[0] == pytest.approx(expected, abs=OFF)


def test_the_encoder_stays_as_it_was(outputs: dict[str, str], base: Path) -> None:
    before = load_file(base / "model.safetensors")
    after = load_file(folder_of(outputs) / "model.safetensors")
    assert all(torch.equal(after[f"bert.{name}"], tensor) for name, tensor in before.items())


def test_a_fine_tuning_may_start_from_it(outputs: dict[str, str]) -> None:
    model = AutoModelForSequenceClassification.from_pretrained(folder_of(outputs))
    kept = load_file(folder_of(outputs) / "model.safetensors")
    word = "embeddings.word_embeddings.weight"
    assert torch.equal(model.bert.state_dict()[word], kept[f"bert.{word}"])


def test_a_server_answers_as_the_evaluation_did(outputs: dict[str, str], tmp_path: Path) -> None:
    model = load_verified(ModelSource(outputs["modelUri"], outputs["modelSha256"]), tmp_path)
    settings = Settings(
        model_name="topics",
        user_hash_key=SecretStr("key"),
        model_version=model.manifest.version,
        model_uri=outputs["modelUri"],
        model_sha256=outputs["modelSha256"],
        cache_dir=tmp_path,
    )
    lines = storage.read_bytes(f"{outputs['modelUri']}/reference_answers.jsonl").splitlines()
    references = [ReferenceAnswer.model_validate_json(line) for line in lines]
    given = build_classifier(model, settings).predict_batch([r.text for r in references])
    assert [answer.label for answer in given] == [reference.label for reference in references]
