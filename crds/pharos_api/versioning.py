"""Which version number a new model gets, and which of two is newer (rows VER-8, ERR-14).

Major: the architecture changed. Minor: the data changed. Patch: anything else, such as other
hyperparameters. The first version is v1.0.0. Says nothing about whether the model is good enough.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pharos_api.names import parse_version
from pharos_api.trainer import Recipe, Trainer

FIRST = "v1.0.0"
LINEAR_ARCHITECTURE = "linear"
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
class Registered:
    """What the rule looks at in a version. An imported one may know neither: both are then ''."""

    version: str
    architecture: str
    dataset_sha256: str


def architecture(base_model: str) -> str:
    """The family of a base model by its name: ``org/distilbert-base-uncased`` is distilbert."""
    name = base_model.rstrip("/").rsplit("/", 1)[-1].lower()
    known = next((family for family in _FAMILIES if family in name), None)
    return known or re.split(r"[-_.]", name, maxsplit=1)[0]


def trained_architecture(trainer: Trainer) -> str:
    """What a recipe makes: a linear model has no base model, every other goes by its encoder."""
    if trainer.recipe is Recipe.LINEAR:
        return LINEAR_ARCHITECTURE
    return architecture(trainer.base_model)


def newest(versions: Iterable[str]) -> str | None:
    """The greatest version by its three numbers, or None of none."""
    return max(versions, key=parse_version, default=None)


def is_newer(version: str, than: str) -> bool:
    """Whether ``version`` is greater than ``than``."""
    return parse_version(version) > parse_version(than)


def not_newer(version: str, current: str) -> str:
    """Why ``version`` cannot follow ``current``, in the words of row ERR-14; empty when it can."""
    if is_newer(version, than=current):
        return ""
    return f"New version {version} is not newer than current {current}; to go back, use rollback"


def next_version(
    existing: Iterable[Registered], trained: Registered, claimed: Iterable[str] = ()
) -> str:
    """The version after all existing and all claimed ones; ``trained.version`` is not looked at.

    ``claimed`` are promised to others, whose lineage is not known yet.

    >>> next_version([Registered("v1.0.0", "bert", "a")], Registered("", "bert", "b"))
    'v1.1.0'
    """
    known = list(existing)
    last = newest((*claimed, *(one.version for one in known)))
    if last is None:
        return FIRST
    before = max(known, key=lambda one: parse_version(one.version), default=None)
    major, minor, patch = parse_version(last)
    if before and before.architecture and before.architecture != trained.architecture:
        return f"v{major + 1}.0.0"
    if before is None or before.dataset_sha256 != trained.dataset_sha256:
        return f"v{major}.{minor + 1}.0"
    return f"v{major}.{minor}.{patch + 1}"
