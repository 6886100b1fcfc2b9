"""Takes the texts of some requests out of stored papers and data sets.

A text from feedback has its request's id as its own. A data set is named by its content, so one
that loses samples gets another name: what is left is written whole, the old folder then holds
nothing but ``erased.json``, which says where the rest is.
"""

import gzip
import json
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pharos_jobs import storage
from pharos_jobs.core.papers import sample_from_json
from pharos_jobs.core.splits import Splits
from pharos_jobs.datasets import CARD, ERASED, RELATED, SPLITS, write_dataset
from pharos_jobs.retention import owners
from pharos_jobs.retention.archiving import remove
from pharos_store.identity import mark

_ROWS = ".jsonl.gz"
_IDS = ("arxiv_id", "id", "request_id")
_PARTS = (*SPLITS, RELATED)


@dataclass(frozen=True, slots=True)
class Marked:
    """Of how many marked requests a data set holds samples, or held some, and their texts."""

    samples: int
    texts: frozenset[str]


def marked_samples(root: str, marks: frozenset[str]) -> dict[str, Marked]:
    """The data sets, by digest, that hold marked samples or lost some by an earlier erasure."""
    found = {}
    for digest in storage.names(f"{root}/datasets"):
        uri = f"{root}/datasets/{digest}"
        rows = [row for name in _PARTS for row in _lines(f"{uri}/{name}{_ROWS}")]
        mine = [row for row in rows if _is_marked(row, marks)]
        lost = _ids_of(mine) & marks | marks & set(_erased(uri).get("requests", ()))
        if lost:
            texts = frozenset(str(row.get("text", "")) for row in mine)
            found[digest] = Marked(len(lost), texts - {""})
    return found


def marked_papers(folder: str, marks: frozenset[str]) -> dict[str, int]:
    """How many marked rows each file of raw papers below a folder has, by its URI.

    Pages of sources are no texts of users and are left as they came.
    """
    files = [f"{folder}/{f.path}" for f in storage.walk(folder) if f.path.endswith(_ROWS)]
    counts = {uri: sum(_is_marked(row, marks) for row in _lines(uri)) for uri in files}
    return {uri: count for uri, count in counts.items() if count}


def clean_papers(uri: str, marks: frozenset[str]) -> None:
    """Write a file of raw papers anew without the marked ones."""
    kept = [row for row in _lines(uri) if not _is_marked(row, marks)]
    storage.write_bytes(uri, storage.gzip_lines(kept)[0])


def clean_dataset(root: str, digest: str, marks: frozenset[str]) -> None:
    """A data set without the marked samples.

    One without its card was left behind by an erasure or a step that was killed: the one is brought
    to its end, of the other, which nobody can use, the marked files go.
    """
    uri = f"{root}/datasets/{digest}"
    if storage.exists(f"{uri}/{CARD}"):
        _rewrite(root, uri, marks)
        return
    if storage.exists(f"{uri}/{ERASED}"):
        _remove_all_but_whereabouts(uri)
        return
    for name in _PARTS:
        if any(_is_marked(row, marks) for row in _lines(f"{uri}/{name}{_ROWS}")):
            storage.remove_file(f"{uri}/{name}{_ROWS}")


def rests_after(root: str, digests: Iterable[str]) -> dict[str, str]:
    """What follows each of these data sets, as far as the store still says."""
    about = {digest: _erased(f"{root}/datasets/{digest}") for digest in digests}
    return {digest: str(each["replacedBy"]) for digest, each in about.items() if each}


def _erased(uri: str) -> dict[str, Any]:
    """What an earlier erasure left instead of a data set; empty where there was none."""
    found: dict[str, Any] = {}
    if storage.exists(f"{uri}/{ERASED}"):
        found = storage.read_json(f"{uri}/{ERASED}")
    return found


def _ids_of(rows: Iterable[Mapping[str, Any]]) -> set[str]:
    return {mark(str(row[name])) for row in rows for name in _IDS if row.get(name)}


def _lines(uri: str) -> list[dict[str, Any]]:
    """The rows of a file; none where there is none, or one that a crash cut off."""
    if not storage.exists(uri):
        return []
    try:
        return list(storage.read_lines(uri))
    except (EOFError, gzip.BadGzipFile, zlib.error, json.JSONDecodeError):
        return []


def _is_marked(row: dict[str, Any], marks: frozenset[str]) -> bool:
    return any(mark(str(row[name])) in marks for name in _IDS if row.get(name))


def _rewrite(root: str, uri: str, marks: frozenset[str]) -> None:
    names = [n for n in _PARTS if storage.exists(f"{uri}/{n}{_ROWS}")]
    rows = {name: list(storage.read_lines(f"{uri}/{name}{_ROWS}")) for name in names}
    mine = [row for part in rows.values() for row in part if _is_marked(row, marks)]
    if not mine:
        return
    lost = _ids_of(mine) & marks | set(_erased(uri).get("requests", ()))
    kept = {
        name: tuple(sample_from_json(row) for row in part if not _is_marked(row, marks))
        for name, part in rows.items()
    }
    splits = Splits(kept["train"], kept["val"], kept["test"], kept.get(RELATED, ()))
    card = storage.read_json(f"{uri}/{CARD}")
    after = write_dataset(root, splits, card | _counts(splits, uri.rpartition("/")[2]))
    _replace(root, uri, {"replacedBy": after.sha256, "requests": sorted(lost)})


def _counts(splits: Splits, before: str) -> dict[str, Any]:
    """What of a card changes with its samples."""
    parts = splits.by_name()
    labels = Counter(sample.label for part in parts.values() for sample in part)
    return {
        "samples": labels.total(),
        "perClass": dict(sorted(labels.items())),
        "splits": {name: len(part) for name, part in parts.items()},
        "related": len(splits.related),
        "erasedFrom": before,
    }


def _replace(root: str, uri: str, about: dict[str, Any]) -> None:
    """The owners go over to what is left; of the old one only its whereabouts stay."""
    before = uri.rpartition("/")[2]
    claims = owners.owned(root, (owners.DATASETS, before))
    if claims is not None:
        for owner in sorted(claims.owners):
            place = (owners.DATASETS, str(about["replacedBy"]))
            owners.claim(root, place, owner, claims.since)
    storage.write_json(f"{uri}/{ERASED}", about)
    _remove_all_but_whereabouts(uri)


def _remove_all_but_whereabouts(uri: str) -> None:
    remove(uri, [file.path for file in storage.walk(uri) if file.path != ERASED])
