import pytest

from pharos_jobs.core.versions import Registered, newest, next_version, validate_new_version

V110 = Registered("v1.1.0", "distilbert", "aa")
V190 = Registered("v1.9.0", "distilbert", "bb")
V1100 = Registered("v1.10.0", "distilbert", "cc")
NEXT = {
    "the first version": ([], "distilbert", "aa", "v1.0.0"),
    "more papers raise the minor number": ([V110], "distilbert", "zz", "v1.2.0"),
    "other hyperparameters on the same data raise the patch": (
        [V110],
        "distilbert",
        "aa",
        "v1.1.1",
    ),
    "another architecture raises the major number": ([V110], "roberta", "aa", "v2.0.0"),
    "ten comes after nine": ([V1100, V190], "distilbert", "zz", "v1.11.0"),
}


@pytest.mark.requirement("VER-8")
@pytest.mark.requirement("VER-9")
@pytest.mark.parametrize(("existing", "kind", "data", "wanted"), NEXT.values(), ids=NEXT.keys())
def test_next_version(existing: list[Registered], kind: str, data: str, wanted: str) -> None:
    assert next_version(existing, kind, data) == wanted


def test_newest_of_none_is_none() -> None:
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
@pytest.mark.parametrize(("new", "existing", "current", "sentence"), REFUSED.values(), ids=REFUSED)
def test_refused_versions(new: str, existing: set[str], current: str | None, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        validate_new_version(new, existing, current)


def test_a_newer_version_passes() -> None:
    validate_new_version("v1.10.0", {"v1.9.0"}, "v1.9.0")
    validate_new_version("v1.0.0", set(), None)
