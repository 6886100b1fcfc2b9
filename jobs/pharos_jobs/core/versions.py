"""Version numbers: the next one (row VER-8) and whether one may follow another (ERR-12 to 14)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pharos_api.names import parse_version

FIRST = "v1.0.0"


@dataclass(frozen=True, slots=True)
class Registered:
    """What the version rule looks at in a version that exists."""

    version: str
    architecture: str
    dataset_sha256: str


def newest(versions: Sequence[Registered]) -> Registered | None:
    """The highest version, or None."""
    return max(versions, key=lambda v: parse_version(v.version), default=None)


def next_version(existing: Sequence[Registered], architecture: str, dataset_sha256: str) -> str:
    """The version that a new model gets.

    Another architecture raises the major number, another data set the minor, and other
    hyperparameters on the same data the patch (row VER-8).

    >>> next_version([Registered("v1.1.0", "bert", "aa")], "bert", "bb")
    'v1.2.0'
    """
    last = newest(existing)
    if last is None:
        return FIRST
    major, minor, patch = parse_version(last.version)
    if last.architecture != architecture:
        return f"v{major + 1}.0.0"
    if last.dataset_sha256 != dataset_sha256:
        return f"v{major}.{minor + 1}.0"
    return f"v{major}.{minor}.{patch + 1}"


def validate_new_version(new: str, existing: Collection[str], current: str | None) -> None:
    """Raise ValueError unless the version is well formed, unused, and newer than production's."""
    number = parse_version(new)
    if new in existing:
        raise ValueError(f"Version {new} already exists")
    if current is not None and number <= parse_version(current):
        raise ValueError(f"New version {new} is not newer than current {current}")
