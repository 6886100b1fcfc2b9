"""Takes the texts of some requests out of stored papers and data sets.

A text from feedback has its request's id as its own. A data set is named by its content, so one
that loses samples gets another name: what is left is written whole, the old folder then holds
nothing but ``erased.json``, which says where the rest is.
"""

import gzip
import json
import zlib
from collections import Counter
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


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What one data set lost: its old and new digest, and how many samples."""

    before: str
    after: str
    samples: int


def texts_of(root: str, marks: frozenset[str]) -> frozenset[str]:
    """The texts of the marked samples, as far as data sets still hold them."""
    found: set[str] = set()
    for digest in storage.names(f"{root}/datasets"):
        for name in (*SPLITS, RELATED):
            rows = _lines(f"{root}/datasets/{digest}/{name}{_ROWS}")
            found.update(str(row.get("text", "")) for row in rows if _is_marked(row, marks))
    return frozenset(found - {""})


def clean_datasets(root: str, marks: frozenset[str]) -> list[Cleaned]:
    """Every data set without the marked samples; those that changed, now or by an earlier try."""
    found = []
    for digest in storage.names(f"{root}/datasets"):
        uri = f"{root}/datasets/{digest}"
        if storage.exists(f"{uri}/{CARD}"):
            _clean_dataset(root, uri, marks)
        if storage.exists(f"{uri}/{ERASED}"):
            about = storage.read_json(f"{uri}/{ERASED}")
            lost = marks & set(about["requests"])
            found += [Cleaned(digest, str(about["replacedBy"]), len(lost))] if lost else []
    return found


def clean_rows(folder: str, marks: frozenset[str]) -> int:
    """Raw papers below a folder without the marked ones; how many rows went.

    Pages of sources are no texts of users and are left as they came.
    """
    gone = 0
    for file in storage.walk(folder):
        if file.path.endswith(_ROWS):
            uri = f"{folder}/{file.path}"
            rows = _lines(uri)
            kept = [row for row in rows if not _is_marked(row, marks)]
            gone += len(rows) - len(kept)
            if len(kept) < len(rows):
                storage.write_bytes(uri, storage.gzip_lines(kept)[0])
    return gone


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


def _clean_dataset(root: str, uri: str, marks: frozenset[str]) -> None:
    names = [n for n in (*SPLITS, RELATED) if storage.exists(f"{uri}/{n}{_ROWS}")]
    rows = {name: list(storage.read_lines(f"{uri}/{name}{_ROWS}")) for name in names}
    lost = {
        mark(str(r["arxiv_id"])) for part in rows.values() for r in part if _is_marked(r, marks)
    }
    if not lost:
        return
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
    remove(uri, [file.path for file in storage.walk(uri) if file.path != ERASED])
