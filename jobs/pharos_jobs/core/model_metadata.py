"""``metadata.json`` of a version: all keys of rows VER-14 to VER-17. Pure.

``lineage`` and ``measured`` are what its ModelVersion says, word for word: with the manifest they
are enough to make the object again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pharos_api.jobio import StepInput
from pharos_api.trainer import Recipe, Trainer
from pharos_api.versioning import LINEAR_ARCHITECTURE

_MIB = 1024 * 1024
_ARCHIVES = {"arxiv": "arXiv", "pubmed": "PubMed", "semanticScholar": "Semantic Scholar"}


@dataclass(frozen=True, slots=True)
class Facts:
    """What the register step knows of a model beside its input."""

    version: str
    architecture: str
    card: Mapping[str, Any]
    evaluation: Mapping[str, Any]
    train_seconds: float


def metadata(step_input: StepInput, facts: Facts) -> dict[str, Any]:
    """The document. The same input and facts always give the same document."""
    return {
        "version": facts.version,
        "created_at": facts.evaluation["createdAt"],
        "model_name": model_name(step_input.trainer),
        "recipe": step_input.trainer.recipe.value,
        "dataset": _dataset(facts.card),
        "hyperparameters": _hyperparameters(step_input),
        "metrics": _metrics(facts),
        "model_size_mb": round(int(facts.evaluation["metrics"]["sizeBytes"]) / _MIB, 1),
        "git_commit": step_input.git_commit,
        "notes": f"Trained by run {step_input.run} in {step_input.namespace}",
        "model": step_input.model,
        "architecture": facts.architecture,
        "run": step_input.run,
        "run_uid": step_input.uid,
        "parent": step_input.parent,
        "lineage": None if step_input.lineage is None else step_input.lineage.to_json(),
        "measured": dict(facts.evaluation["metrics"]),
    }


def _dataset(card: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "source": source_name(card["source"]),
        "num_samples": card["samples"],
        "num_categories": len(card["labels"]),
        "split": card["split"],
        "sha256": card["sha256"],
        "label_policy": card["labelPolicy"],
    }


def model_name(trainer: Trainer) -> str:
    """The base model that was trained; a linear model has none and goes by its own name."""
    return LINEAR_ARCHITECTURE if trainer.recipe is Recipe.LINEAR else trainer.base_model


def source_name(source: Mapping[str, Any]) -> str:
    """Where the texts came from: the archive's name, a plugin's, or a file's URI."""
    if "dataset" in source:
        return str(source["dataset"]["uri"])
    if "plugin" in source:
        return str(source["plugin"]["name"])
    return next(name for key, name in _ARCHIVES.items() if key in source)


def _hyperparameters(step_input: StepInput) -> dict[str, Any]:
    settings = step_input.trainer.hyperparameters
    return {
        "epochs": settings.epochs,
        "batch_size": settings.batch_size,
        "learning_rate": float(settings.learning_rate),
        "warmup_steps": settings.warmup_steps,
        "weight_decay": float(settings.weight_decay),
        "max_tokens": settings.max_tokens,
        "regularisation": float(settings.regularisation),
        "seed": settings.seed,
    }


def _metrics(facts: Facts) -> dict[str, Any]:
    measured = facts.evaluation["metrics"]
    return {
        "train_accuracy": float(measured["trainAccuracy"]),
        "val_accuracy": float(measured["validationAccuracy"]),
        "test_accuracy": float(measured["testAccuracy"]),
        "f1_score": float(measured["macroF1"]),
        "calibration_error": float(measured["calibrationError"]),
        "baseline_f1_score": float(measured["baselineMacroF1"]),
        "training_time": facts.train_seconds,
    }
