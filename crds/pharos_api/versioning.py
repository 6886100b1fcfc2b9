"""Which version number a new model gets, and whether it may stand (rows VER-8, ERR-12 to ERR-14).

Major: the architecture changed. Minor: the dataset changed. Patch: anything else, such as other
hyperparameters. The first version is v1.0.0.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from pharos_api.names import parse_version

FIRST = "v1.0.0"


@dataclass(frozen=True, slots=True)
class Registered:
    """What the rule looks at in a version that exists."""

    version: str
    base_model: str
    dataset_sha256: str


def newest(versions: Iterable[str]) -> str | None:
    """The greatest version by its three numbers, or None of none."""
    return max(versions, key=parse_version, default=None)


def is_newer(version: str, than: str) -> bool:
    """Whether ``version`` is greater than ``than``."""
    return parse_version(version) > parse_version(than)


def next_version(existing: Iterable[Registered], base_model: str, dataset_sha256: str) -> str:
    """The version that follows the newest one.

    >>> next_version([Registered("v1.0.0", "bert", "a")], "bert", "b")
    'v1.1.0'
    """
    last = max(existing, key=lambda one: parse_version(one.version), default=None)
    if last is None:
        return FIRST
    major, minor, patch = parse_version(last.version)
    if last.base_model != base_model:
        return f"v{major + 1}.0.0"
    if last.dataset_sha256 != dataset_sha256:
        return f"v{major}.{minor + 1}.0"
    return f"v{major}.{minor}.{patch + 1}"


def validate_new_version(new: str, existing: Collection[str], current: str | None) -> None:
    """Raise ValueError unless the version is well formed, unused, and newer than production's."""
    parse_version(new)
    if new in existing:
        raise ValueError(f"Version {new} already exists")
    if current is not None and not is_newer(new, than=current):
        raise ValueError(f"New version {new} is not newer than current {current}")
