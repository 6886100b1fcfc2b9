"""Version numbers from facts."""

import pytest

from pharos_api.versioning import Registered, newest, next_version, validate_new_version

V1 = Registered("v1.0.0", "distilbert", "a")
V11 = Registered("v1.1.0", "distilbert", "b")

NEXT = {
    "the first is v1.0.0": ([], "distilbert", "a", "v1.0.0"),
    "another architecture raises the major number": ([V1], "roberta", "a", "v2.0.0"),
    "another dataset raises the minor number": ([V1], "distilbert", "b", "v1.1.0"),
    "other hyperparameters raise the patch": ([V1], "distilbert", "a", "v1.0.1"),
    "the newest counts, not the last listed": ([V11, V1], "distilbert", "c", "v1.2.0"),
    "ten follows nine": (
        [Registered("v1.9.0", "distilbert", "a")],
        "distilbert",
        "b",
        "v1.10.0",
    ),
}


@pytest.mark.requirement("VER-8")
@pytest.mark.requirement("VER-9")
@pytest.mark.parametrize(
    ("existing", "base_model", "dataset", "wanted"), NEXT.values(), ids=NEXT.keys()
)
def test_next_version(
    existing: list[Registered], base_model: str, dataset: str, wanted: str
) -> None:
    assert next_version(existing, base_model, dataset) == wanted


def test_newest_compares_numbers_and_not_letters() -> None:
    assert newest(["v1.9.0", "v1.10.0"]) == "v1.10.0"
    assert newest([]) is None


@pytest.mark.requirement("ERR-12")
@pytest.mark.requirement("ERR-13")
@pytest.mark.requirement("ERR-14")
@pytest.mark.parametrize(
    ("new", "sentence"),
    [
        ("v1.0.0", "Version v1.0.0 already exists"),
        ("1.2", "Invalid version format: 1.2"),
        ("v0.9.0", "New version v0.9.0 is not newer than current v1.0.0"),
    ],
)
def test_a_version_that_may_not_stand_is_refused_in_words(new: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        validate_new_version(new, existing={"v1.0.0"}, current="v1.0.0")
