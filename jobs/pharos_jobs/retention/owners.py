"""Whose a run's folders and a data set are: small files below ``owners/``.

``owners/runs/<uid>/<namespace>.<model>.json`` covers ``raw/<uid>`` and ``runs/<uid>``;
``owners/datasets/<sha256>/…`` a data set, which several Models may share because it is named by its
content. ``since`` is the day its papers were collected, from which its age counts.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pharos_jobs import storage

RUNS = "runs"
DATASETS = "datasets"
_FOLDER = "owners"
_SUFFIX = ".json"


@dataclass(frozen=True, slots=True)
class Owned:
    """Who owns one thing, and since when at the latest."""

    owners: frozenset[str]
    since: datetime


def claim(root: str, place: tuple[str, str], owner: str, since: datetime) -> None:
    """Say that ``owner`` owns ``place`` (kind and key); a later ``since`` replaces an earlier."""
    uri = _uri(root, place, owner)
    if storage.exists(uri) and _since(storage.read_json(uri)) >= since:
        return
    storage.write_json(uri, {"owner": owner, "since": since.astimezone(UTC).isoformat()})


def release(root: str, place: tuple[str, str], owner: str) -> None:
    """Take a claim back."""
    storage.remove_file(_uri(root, place, owner))


def owners_of(root: str, place: tuple[str, str]) -> frozenset[str]:
    """Who owns it at this moment."""
    found = storage.names(f"{root}/{_FOLDER}/{'/'.join(place)}")
    return frozenset(n.removesuffix(_SUFFIX) for n in found if n.endswith(_SUFFIX))


def owned(root: str, place: tuple[str, str]) -> Owned | None:
    """Who owns one thing, and since when; None where nobody does."""
    kind, key = place
    return _found(f"{root}/{_FOLDER}/{kind}", f"{key}/").get(key)


def all_owned(root: str, kind: str) -> Mapping[str, Owned]:
    """Everything of a kind that somebody owns, by its key."""
    return _found(f"{root}/{_FOLDER}/{kind}")


def _found(folder: str, prefix: str = "") -> Mapping[str, Owned]:
    claims: dict[str, list[tuple[str, datetime]]] = defaultdict(list)
    for file in storage.walk(f"{folder}/{prefix}".rstrip("/")):
        key, _, name = f"{prefix}{file.path}".partition("/")
        if name.endswith(_SUFFIX) and not name.startswith("."):
            since = _since(storage.read_json(f"{folder}/{prefix}{file.path}"))
            claims[key].append((name.removesuffix(_SUFFIX), since))
    return {
        key: Owned(frozenset(o for o, _ in each), max(s for _, s in each))
        for key, each in claims.items()
    }


def _uri(root: str, place: tuple[str, str], owner: str) -> str:
    return f"{root}/{_FOLDER}/{'/'.join(place)}/{owner}{_SUFFIX}"


def _since(document: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(str(document["since"]))
