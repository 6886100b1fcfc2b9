"""Artifacts behind URIs: read, write, copy, digest. The one place that knows fsspec.

A file appears under its name whole or not at all: on ``file://`` by a temporary name and rename,
on ``s3://`` because an upload becomes visible when it ends. Never holds whole models in memory.
"""

import gzip
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urlsplit

CHUNK_BYTES = 4096
_COPY_BYTES = 1024 * 1024
_DIRECTORY_MODE = 0o700


@dataclass(frozen=True, slots=True)
class Written:
    """A file that was written."""

    uri: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Found:
    """A file that lies there. ``path`` is below the folder that was walked."""

    path: str
    size_bytes: int
    changed_at: datetime


def local_path(uri: str) -> Path | None:
    """The path behind a ``file://`` URI (or a bare path); None for anything remote."""
    parts = urlsplit(uri)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    return Path(uri) if "://" not in uri else None


def to_uri(path: str | Path) -> str:
    """A path as a URI; a URI stays as it is."""
    text = str(path)
    return text if "://" in text else Path(text).resolve().as_uri()


def open_read(uri: str) -> IO[bytes]:
    """Open for reading. Raises FileNotFoundError where there is nothing."""
    path = local_path(uri)
    if path is not None:
        return path.open("rb")
    import fsspec  # noqa: PLC0415 - slow to import and not needed for local files

    opened: IO[bytes] = fsspec.open(uri, "rb").open()
    return opened


def exists(uri: str) -> bool:
    """Whether a file lies under the URI."""
    path = local_path(uri)
    return path.exists() if path is not None else bool(_filesystem(uri).exists(uri))


def names(uri: str) -> list[str]:
    """Names directly below a folder, sorted; empty where there is none."""
    path = local_path(uri)
    if path is not None:
        return sorted(p.name for p in path.iterdir()) if path.is_dir() else []
    system = _filesystem(uri)
    system.invalidate_cache()
    found = system.ls(uri, detail=False) if system.exists(uri) else []
    return sorted({str(name).rstrip("/").rsplit("/", 1)[-1] for name in found})


def walk(uri: str) -> list[Found]:
    """Every file below a folder, by path; links are not followed. Empty where there is none."""
    path = local_path(uri)
    if path is not None:
        return sorted(_walked(path), key=lambda found: found.path)
    system = _filesystem(uri)
    system.invalidate_cache()
    if not system.exists(uri):
        return []
    top = str(system._strip_protocol(uri)).rstrip("/") + "/"
    rows = system.find(uri, detail=True).items()
    return sorted((_remote(str(n), row, top) for n, row in rows), key=lambda found: found.path)


def _walked(folder: Path) -> Iterator[Found]:
    for place, _, names_here in os.walk(folder):
        for name in names_here:
            file = Path(place) / name
            try:
                about = file.lstat()
            except FileNotFoundError:
                continue  # a writer renamed it meanwhile
            changed = datetime.fromtimestamp(about.st_mtime, UTC)
            yield Found(file.relative_to(folder).as_posix(), about.st_size, changed)


def _remote(name: str, row: Mapping[str, Any], top: str) -> Found:
    changed = row.get("LastModified") or row.get("mtime") or row.get("created")
    if not isinstance(changed, datetime):
        # What does not say how old it is counts as new.
        changed = datetime.now(UTC)
    return Found(name.removeprefix(top), int(row.get("size") or 0), changed.astimezone(UTC))


def read_bytes(uri: str) -> bytes:
    """The whole content; for small files."""
    with open_read(uri) as source:
        return source.read()


def read_json(uri: str) -> Any:
    """A JSON document."""
    return json.loads(read_bytes(uri))


def write_stream(uri: str, source: IO[bytes]) -> Written:
    """Write what a stream gives, whole or not at all, and return its digest."""
    path = local_path(uri)
    if path is None:
        return _write_remote(uri, source)
    path.parent.mkdir(parents=True, exist_ok=True, mode=_DIRECTORY_MODE)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as target:
            written = _pump(uri, source, target)
            target.flush()
            os.fsync(target.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return written


def write_bytes(uri: str, data: bytes) -> Written:
    """Write a small file, whole or not at all."""
    with tempfile.SpooledTemporaryFile(max_size=_COPY_BYTES) as buffer:
        buffer.write(data)
        buffer.seek(0)
        return write_stream(uri, buffer)


def write_json(uri: str, document: Any) -> Written:
    """Write a JSON document for people: indented, keys in the given order."""
    text = json.dumps(document, ensure_ascii=False, indent=2)
    return write_bytes(uri, (text + "\n").encode())


def copy(source_uri: str, target_uri: str) -> Written:
    """Copy one file."""
    with open_read(source_uri) as source:
        return write_stream(target_uri, source)


def move_folder(source_uri: str, target_uri: str) -> None:
    """Give a folder its final name. On ``file://`` one rename; on object stores file by file."""
    source, target = local_path(source_uri), local_path(target_uri)
    if source is not None and target is not None:
        source.rename(target)
        return
    system = _filesystem(target_uri)
    # manifest.json last: a reader takes a folder for whole when it holds one.
    for name in sorted(names(source_uri), key=lambda n: n == "manifest.json"):
        system.copy(f"{source_uri}/{name}", f"{target_uri}/{name}")
    system.rm(source_uri, recursive=True)


def remove_folder(uri: str) -> None:
    """Remove a folder and what is below it; nothing happens where there is none."""
    path = local_path(uri)
    if path is not None:
        shutil.rmtree(path, ignore_errors=True)
    elif exists(uri):
        _filesystem(uri).rm(uri, recursive=True)


def remove_file(uri: str) -> None:
    """Remove one file; nothing happens where there is none."""
    path = local_path(uri)
    if path is not None:
        path.unlink(missing_ok=True)
    elif exists(uri):
        _filesystem(uri).rm(uri)


def download_folder(uri: str, target: Path) -> Path:
    """The folder as a local one: itself where it is local, else a copy below ``target``."""
    path = local_path(uri)
    if path is not None:
        return path
    _filesystem(uri).get(uri.rstrip("/") + "/", str(target) + "/", recursive=True)
    return target


def upload_folder(source: Path, uri: str) -> None:
    """Copy every file of a local folder below the URI; nothing to do where it is that folder."""
    if local_path(uri) == source:
        return
    for file in sorted(p for p in source.rglob("*") if p.is_file()):
        copy(file.as_uri(), f"{uri}/{file.relative_to(source).as_posix()}")


def sha256_of(uri: str) -> str:
    """SHA-256 of a file, read in chunks (row SEC-6)."""
    digest = hashlib.sha256()
    with open_read(uri) as source:
        while chunk := source.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def folder_digest(folder: Path) -> str:
    """One SHA-256 over names and digests of a local folder's files."""
    lines = (
        f"{sha256_of(file.as_uri())}  {file.relative_to(folder).as_posix()}\n"
        for file in sorted(p for p in folder.rglob("*") if p.is_file())
    )
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def gzip_lines(rows: Iterable[Mapping[str, Any]]) -> tuple[bytes, str]:
    """Rows as gzipped JSON lines, and the SHA-256 of the lines before compression.

    The same rows always give the same bytes: no time and no file name goes into the archive.
    """
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    return gzip.compress(text, compresslevel=3, mtime=0), hashlib.sha256(text).hexdigest()


def read_lines(uri: str) -> Iterator[dict[str, Any]]:
    """Rows of a gzipped file of JSON lines."""
    with open_read(uri) as source, gzip.open(source, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def compute_checkpoint_hash(checkpoint_path: str) -> str:
    """SHA-256 of a checkpoint's file (row SEC-6)."""
    return sha256_of(checkpoint_path)


def verify_checkpoint(checkpoint_path: str, expected_hash: str) -> None:
    """Raise ValueError when the file is not the expected one (row SEC-7)."""
    actual_hash = compute_checkpoint_hash(checkpoint_path)
    if actual_hash != expected_hash:
        raise ValueError(
            f"Checkpoint integrity check failed. Expected: {expected_hash}, Got: {actual_hash}"
        )


def _write_remote(uri: str, source: IO[bytes]) -> Written:
    import fsspec  # noqa: PLC0415 - slow to import and not needed for local files

    with fsspec.open(uri, "wb") as target:
        return _pump(uri, source, target)


def _pump(uri: str, source: IO[bytes], target: IO[bytes]) -> Written:
    digest, size = hashlib.sha256(), 0
    while chunk := source.read(_COPY_BYTES):
        digest.update(chunk)
        size += len(chunk)
        target.write(chunk)
    return Written(uri, digest.hexdigest(), size)


def _filesystem(uri: str) -> Any:
    import fsspec  # noqa: PLC0415 - slow to import and not needed for local files

    return fsspec.core.url_to_fs(uri)[0]
