"""Which version a newly trained model gets: vX.Y.Z by what changed since the one before it.

Major for another architecture, minor for other data, patch for the rest (row VER-8). Must not
decide whether the model is good enough.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pharos_api.modelversion import ModelVersion
from pharos_api.names import parse_version

FIRST = "v1.0.0"
# Longest first: distilbert is not bert, xlm-roberta is not roberta.
_FAMILIES = (
    "distilroberta",
    "distilbert",
    "xlm-roberta",
    "modernbert",
    "mobilebert",
    "deberta-v3",
    "deberta",
    "roberta",
    "electra",
    "albert",
    "minilm",
    "mpnet",
    "bert",
)


@dataclass(frozen=True, slots=True)
class Trained:
    """What a model was trained from, as far as its version goes."""

    base_model: str
    dataset_sha256: str


def next_version(
    existing: Sequence[ModelVersion], trained: Trained, claimed: Iterable[str] = ()
) -> str:
    """The version after all existing and claimed ones.

    v1.0.0; retrained on more papers v1.1.0; other hyperparameters on the same data v1.1.1;
    another architecture v2.0.0 (row VER-9). ``claimed`` are promised to others, whose lineage is
    not known yet.
    """
    taken = [parse_version(each) for each in (*claimed, *(v.spec.version for v in existing))]
    if not taken:
        return FIRST
    major, minor, patch = max(taken)
    match _changed(latest(existing), trained):
        case "architecture":
            return f"v{major + 1}.0.0"
        case "data":
            return f"v{major}.{minor + 1}.0"
        case _:
            return f"v{major}.{minor}.{patch + 1}"


def latest(existing: Sequence[ModelVersion]) -> ModelVersion | None:
    """The highest version, or None where there is none."""
    return max(existing, key=lambda each: parse_version(each.spec.version), default=None)


def architecture(base_model: str) -> str:
    """The family of a base model by its name: ``org/distilbert-base-uncased`` is distilbert."""
    name = base_model.rstrip("/").rsplit("/", 1)[-1].lower()
    known = next((family for family in _FAMILIES if family in name), None)
    return known or re.split(r"[-_.]", name, maxsplit=1)[0]


def _changed(before: ModelVersion | None, trained: Trained) -> str:
    if before is None:
        return "data"
    lineage = before.spec.lineage
    if lineage.base_model and architecture(lineage.base_model) != architecture(trained.base_model):
        return "architecture"
    return "settings" if lineage.dataset_sha256 == trained.dataset_sha256 else "data"
