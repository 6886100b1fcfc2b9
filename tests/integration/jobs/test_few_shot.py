"""Few texts from papers to a server: an encoder as it was, with a head from scikit-learn."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from jobs_builders import papers
from numpy.typing import NDArray
from recipe_run import EXPORTING, WHOLE, answers, run_steps, write_papers
from safetensors.torch import load_file
from sklearn.linear_model import LogisticRegression
from tiny_model import tiny_bert
from transformers import AutoModel, AutoModelForSequenceClassification, AutoTokenizer

from pharos_jobs import storage
from pharos_jobs.datasets import open_dataset, read_split

pytestmark = EXPORTING
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
    uri = write_papers(root, papers(TOPICS, 40))
    ran = run_steps(
        root,
        WHOLE,
        trainer={"recipe": "FewShot", "baseModel": base.as_uri(), "hyperparameters": SETTINGS},
        gate=GATE,
        data={"source": {"dataset": {"uri": uri}}, "minPapersPerClass": 10},
    )
    return ran.outputs


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
    references, given = answers(outputs, tmp_path)
    assert [answer.label for answer in given] == [reference.label for reference in references]
