"""``metadata.json`` of a version has every key of the requirement, with the run's values."""

from pathlib import Path

import pytest
from jobs_builders import step_input

from pharos_api.trainingrun import StepName
from pharos_jobs.core.model_metadata import Facts, metadata

FACTS = Facts(
    version="v1.0.0",
    architecture="distilbert",
    card={
        "source": {"arxiv": {}},
        "samples": 10_000,
        "labels": [f"c{n}" for n in range(10)],
        "split": "80/10/10",
        "sha256": "ab",
        "labelPolicy": "Exclusive",
    },
    evaluation={
        "createdAt": "2025-11-16T10:00:00+00:00",
        "metrics": {
            "trainAccuracy": "0.95",
            "validationAccuracy": "0.912",
            "testAccuracy": "0.908",
            "macroF1": "0.905",
            "calibrationError": "0.02",
            "baselineMacroF1": "0.88",
            "sizeBytes": str(268 * 1024 * 1024),
        },
    },
    train_seconds=7200.0,
)
KEYS = {
    "VER-14": (
        lambda found: found,
        {
            "version": "v1.0.0",
            "created_at": "2025-11-16T10:00:00+00:00",
            "model_name": "distilbert-base-uncased",
            "model_size_mb": 268,
            "git_commit": "abc123def456",
            "notes": "Trained by run run-1 in default",
        },
    ),
    "VER-15": (
        lambda found: found["dataset"],
        {"source": "arXiv", "num_samples": 10_000, "num_categories": 10, "split": "80/10/10"},
    ),
    "VER-16": (
        lambda found: found["hyperparameters"],
        {"epochs": 3, "batch_size": 16, "learning_rate": 2e-5, "warmup_steps": 500},
    ),
    "VER-17": (
        lambda found: found["metrics"],
        {
            "train_accuracy": 0.95,
            "val_accuracy": 0.912,
            "test_accuracy": 0.908,
            "f1_score": 0.905,
            "training_time": 7200,
        },
    ),
}


@pytest.mark.requirement("VER-14", "VER-15", "VER-16", "VER-17")
@pytest.mark.parametrize(("part", "wanted"), KEYS.values(), ids=KEYS)
def test_metadata(tmp_path: Path, part, wanted: dict[str, object]) -> None:  # type: ignore[no-untyped-def]
    given = step_input(tmp_path, StepName.REGISTER, gitCommit="abc123def456")
    found = part(metadata(given, FACTS))
    assert {key: found[key] for key in wanted} == wanted
