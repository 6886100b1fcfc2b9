"""Any encoder by ``baseModel``: each architecture trains, is exported and is served as it trained.

The train step and the server's own classifier, on tiny random models of the real architectures.
"""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from builders_serving import write_manifest
from jobs_builders import abstract, sample, step_input
from numpy.typing import NDArray
from tiny_encoders import ENCODERS, write_encoder
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BertConfig,
    DebertaConfig,
    PretrainedConfig,
    RobertaConfig,
)

from pharos_api.data import Split
from pharos_api.engines import ENGINES as SHEET
from pharos_api.engines import EngineSheet
from pharos_api.scoring import Part, Scoring
from pharos_api.trainer import Precision
from pharos_api.trainingrun import StepName
from pharos_jobs.context import StepContext
from pharos_jobs.core.splits import split_samples
from pharos_jobs.datasets import write_dataset
from pharos_jobs.steps import train as train_step
from pharos_jobs.training import device
from pharos_jobs.training.base_model import architecture
from pharos_serving.assembling import build_classifier
from pharos_serving.loading import ModelSource, load_verified
from pharos_serving.settings import Settings

pytestmark = [
    pytest.mark.timeout(600),
    # The exporter speaks of names of axes, and torch of its own future.
    pytest.mark.filterwarnings(
        "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"
    ),
]
TOPICS = ("cs.AI", "cs.RO")
SAMPLES = [sample(topic, seed) for topic in TOPICS for seed in range(20)]
LIMIT = 64
SETTINGS = {
    "epochs": 4,
    "batchSize": 8,
    "learningRate": "5e-3",
    "maxTokens": LIMIT,
    "warmupSteps": 1,
}
# Of many lengths, so that rows of one batch are filled up: each tokenizer fills with its own.
TEXTS = [abstract(topic, 99, words) for topic in TOPICS for words in (1, 4, 20, 90)]


def trained(base: Path, root: Path) -> Path:
    """The folder that the train step leaves."""
    card = {"labels": list(TOPICS), "samples": len(SAMPLES)}
    dataset = write_dataset(root.as_uri(), split_samples(SAMPLES, Split()), card)
    given = step_input(
        root,
        StepName.TRAIN,
        trainer={"baseModel": base.as_uri(), "hyperparameters": SETTINGS},
        inputs={"datasetUri": dataset.uri},
    )
    made = train_step.run(given, StepContext(root / "work"))
    return Path(made.outputs["checkpointUri"].removeprefix("file://"))


def as_transformers_says(folder: Path) -> NDArray[np.float32]:
    """Calibrated log-odds of the saved weights, a text at a time, shape (texts, classes)."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    rows = [tokenizer(text, truncation=True, max_length=LIMIT)["input_ids"] for text in TEXTS]
    with torch.inference_mode():
        logits = np.stack([model(torch.tensor([row])).logits[0].numpy() for row in rows])
    scoring = Scoring.model_validate_json((folder / "scoring.json").read_bytes())
    return scoring.pooled({Part.ENCODER: logits})


def as_served(folder: Path, sha256: str, engine: str, scratch: Path) -> NDArray[np.float32]:
    """What the server's classifier computes of all texts at once, with one engine."""
    settings = Settings(
        model_name="tiny",
        model_version="v1.0.0",
        model_uri=folder.as_uri(),
        model_sha256=sha256,
        preferred_engine=engine,
        self_benchmark_s=0,
        threads=1,
    )
    model = load_verified(ModelSource(folder.as_uri(), sha256), scratch)
    classifier = build_classifier(model, settings)
    assert classifier.engine == engine
    return classifier.scorer.logits(TEXTS)


@pytest.mark.requirement("FUT-6")
@pytest.mark.parametrize("name", ENCODERS)
def test_an_encoder_learns_and_is_served_with_the_logits_that_it_learnt(
    name: str, tmp_path: Path
) -> None:
    base = write_encoder(ENCODERS[name], tmp_path / "base")
    folder = trained(base, tmp_path / "artifacts")
    sha256 = write_manifest(folder, TOPICS, max_tokens=LIMIT)
    expected = as_transformers_says(folder)
    assert np.ptp(expected) > 0.5, "nothing was learnt, so nothing is compared"
    for engine in ("OpenVino-Fp32", "OnnxRuntime-Fp32"):
        served = as_served(folder, sha256, engine, tmp_path / engine)
        np.testing.assert_allclose(served, expected, atol=2e-3)
    sheet = EngineSheet.model_validate_json((folder / SHEET).read_bytes())
    assert [each.reason for each in sheet.variants if "cannot" in each.reason] == []


MILLIONS: dict[str, tuple[PretrainedConfig, float]] = {
    "BERT-base": (BertConfig(), 110),
    "RoBERTa-base": (
        RobertaConfig(vocab_size=50_265, max_position_embeddings=514, type_vocab_size=1),
        125,
    ),
    "DeBERTa-base": (
        DebertaConfig(vocab_size=50_265, type_vocab_size=0, relative_attention=True,
                      pos_att_type=["c2p", "p2c"], position_biased_input=False),
        140,
    ),
}  # fmt: skip


@pytest.mark.requirement("FUT-6")
@pytest.mark.parametrize(("config", "millions"), MILLIONS.values(), ids=MILLIONS)
def test_the_larger_models_have_the_stated_sizes(config: PretrainedConfig, millions: float) -> None:
    config.num_labels = 10
    with torch.device("meta"):
        model = AutoModelForSequenceClassification.from_config(config)
    assert model.num_parameters() / 1e6 == pytest.approx(millions, abs=1.5)


PRECISIONS = {
    "deberta, whatever the device does": (Precision.AUTO, "deberta", Precision.FP32),
    "deberta, though bf16 was asked for": (Precision.BF16, "deberta", Precision.FP32),
    "deberta-v2, which has no such code": (Precision.BF16, "deberta-v2", Precision.BF16),
    "an encoder that says no name": (Precision.BF16, "", Precision.BF16),
}


@pytest.mark.requirement("FUT-6")
@pytest.mark.parametrize(
    ("asked", "model_type", "settled"), PRECISIONS.values(), ids=PRECISIONS.keys()
)
def test_what_computes_in_fp32_alone_is_not_given_less(
    asked: Precision, model_type: str, settled: Precision
) -> None:
    assert device.settled_precision(asked, model_type) is settled


def test_the_architecture_is_read_from_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "roberta"}))
    assert architecture(tmp_path) == "roberta"
