"""The objects that the demonstration applies. Pure.

Small on purpose: a gate that a short training can pass, steps of seconds instead of hours. The
samples in ``manifests/samples`` show what production would say.
"""

from dataclasses import dataclass
from typing import Any

from pharos_api import names
from pharos_api.meta import API_VERSION
from pharos_console.demo.ingredients import Ingredients
from pharos_console.upload import Stored

MODEL = "arxiv-classifier"
Manifest = dict[str, Any]

STEPS = [
    {"percent": 10, "holdFor": "10s"},
    {"percent": 25, "holdFor": "10s"},
    {"percent": 50, "holdFor": "10s"},
]


@dataclass(frozen=True, slots=True)
class Size:
    """How much a run reads and trains."""

    papers_per_category: int
    epochs: int

    def hyperparameters(self) -> Manifest:
        """For a small encoder and a few hundred texts: quick to learn, little to warm up."""
        return {
            "epochs": self.epochs,
            "batchSize": 8,
            "learningRate": "1e-4",
            "headLearningRate": "1e-3",
            "warmupSteps": 10,
            "maxTokens": 128,
        }


FIRST = Size(papers_per_category=60, epochs=1)
BETTER = Size(papers_per_category=100, epochs=2)
BROKEN = Size(papers_per_category=60, epochs=1)


def model(ingredients: Ingredients) -> Manifest:
    """The endpoint. Its gate is the demonstration's, not the requirement's."""
    return _object(
        "Model",
        MODEL,
        {
            "labels": ingredients.labels,
            "qualityGate": {
                "minValidationAccuracy": "0.50",
                "minTestAccuracy": "0.50",
                "minMacroF1": "0.45",
                "mustBeatBaseline": False,
            },
            "serving": {
                "minReplicas": 1,
                "maxReplicas": 1,
                "maxTokens": 128,
                # Two versions that choose by a benchmark each may differ on a machine this busy.
                "engine": "OpenVino",
                "resources": {
                    "requests": {"cpu": "500m", "memory": "256Mi"},
                    "limits": {"memory": "1Gi"},
                },
            },
            # Its broken version shall reach users, so that the way back is seen: it goes untried.
            "promotion": {
                "strategy": "Canary",
                "auto": True,
                "steps": STEPS,
                "staging": {"mode": "Skip"},
            },
            "retraining": {"schedule": "0 2 * * 0", "timeZone": "Etc/UTC"},
        },
    )


def training_run(
    name: str, ingredients: Ingredients, stored: Stored | None, size: Size, fault: str = ""
) -> Manifest:
    """One run on a balanced sample. ``fault`` makes its version misbehave: a drill."""
    run = _object(
        "TrainingRun",
        name,
        {
            "modelRef": {"name": MODEL},
            "data": {"source": _source(ingredients, stored, size)},
            "trainer": {
                "baseModel": ingredients.base_model,
                "hyperparameters": size.hyperparameters(),
            },
            "activeDeadlineSeconds": 3600,
        },
    )
    if fault:
        run["metadata"]["annotations"] = {names.ANNOTATION_FAULT: fault}
    return run


def _source(ingredients: Ingredients, stored: Stored | None, size: Size) -> Manifest:
    sample = {"papersPerCategory": size.papers_per_category}
    if ingredients.from_arxiv:
        return {"arxiv": {"categories": ingredients.labels} | sample}
    dataset: Manifest = {"uri": ingredients.uri, "categories": ingredients.labels} | sample
    if stored:
        dataset |= {"uri": stored.uri, "sha256": stored.sha256}
    return {"dataset": dataset}


def _object(kind: str, name: str, spec: Manifest) -> Manifest:
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec}
