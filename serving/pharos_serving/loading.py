"""From a URI to a verified copy of a model on the local disk.

Every byte that is served was hashed on its way into the private copy, so what changes in the store
afterwards cannot reach the engine. Formats that can carry code are refused by name; what remains is
parsed by ONNX Runtime, tokenizers or safetensors, none of which can run any.

A pod serves the one version that it was made for, or none. Falling back to another version (row
ERR-11) is the operator's: pods that cannot load get no traffic, and the version before goes on.
"""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pydantic import ValidationError

from pharos_api.artifacts import (
    ARCHIVED,
    FORBIDDEN_SUFFIXES,
    LINEAR,
    MANIFEST,
    ONNX,
    TOKENIZER,
    WEIGHTS,
    FileEntry,
    Manifest,
)
from pharos_serving.errors import ArtifactUnavailable, ModelRejected, RejectionReason

_CHUNK_BYTES = 1 << 20
_MANIFEST_LIMIT_BYTES = 1 << 20
_ARCHIVES = (".zip", ".tar", ".gz", ".bz2", ".xz", ".7z")


@dataclass(frozen=True, slots=True)
class ModelSource:
    """Where a model lies and the SHA-256 that its ``manifest.json`` must have."""

    uri: str
    sha256: str
    max_bytes: int = 4 << 30


@dataclass(frozen=True, slots=True)
class VerifiedModel:
    """A copy on the local disk, each file of which had the digest that the manifest names."""

    folder: Path
    manifest: Manifest
    sha256: str
    fingerprint: tuple[tuple[str, int, int], ...]

    def unchanged(self) -> bool:
        """Whether the files are still those that were verified: same sizes, same times."""
        try:
            return _fingerprint(self.folder, self.manifest) == self.fingerprint
        except OSError:
            return False


def load_verified(source: ModelSource, cache_dir: Path) -> VerifiedModel:
    """Copy the model to ``cache_dir`` and verify it.

    Raises:
        ModelRejected: the artifact is not the one that was asked for, or may not be served.
        ArtifactUnavailable: the store did not answer; trying again can help.
    """
    manifest = _read_manifest(source)
    _check_listing(manifest, source.max_bytes)
    folder = cache_dir / source.sha256
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    for entry in manifest.files:
        _copy_verified(source.uri, entry, folder)
    return VerifiedModel(folder, manifest, source.sha256, _fingerprint(folder, manifest))


def verify_checkpoint(checkpoint_path: str, expected_hash: str) -> None:
    """Compare a file's SHA-256 with the expected one. Raises ValueError (row SEC-7)."""
    actual_hash = compute_checkpoint_hash(checkpoint_path)
    if actual_hash != expected_hash:
        raise ValueError(integrity_sentence(expected_hash, actual_hash))


def compute_checkpoint_hash(checkpoint_path: str) -> str:
    """SHA-256 of a file in hex."""
    with Path(checkpoint_path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def integrity_sentence(expected: str, actual: str) -> str:
    """The sentence of row SEC-7."""
    return f"Checkpoint integrity check failed. Expected: {expected}, Got: {actual}"


def read_small(uri: str, path: str, limit_bytes: int) -> bytes:
    """A small file below ``uri``. Raises ModelRejected where it is missing or larger."""
    with _open(uri, path) as file:
        content = file.read(limit_bytes + 1)
    if len(content) > limit_bytes:
        raise ModelRejected(
            RejectionReason.MANIFEST_INVALID, f"{path} in {uri} is larger than {limit_bytes} bytes."
        )
    return content


def _read_manifest(source: ModelSource) -> Manifest:
    content = read_small(source.uri, MANIFEST, _MANIFEST_LIMIT_BYTES)
    actual = hashlib.sha256(content).hexdigest()
    if actual != source.sha256:
        raise ModelRejected(
            RejectionReason.DIGEST_MISMATCH,
            f"{integrity_sentence(source.sha256, actual)} ({MANIFEST} in {source.uri})",
        )
    try:
        return Manifest.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ModelRejected(
            RejectionReason.MANIFEST_INVALID,
            f"{MANIFEST} in {source.uri} cannot be read: {place}: {first['msg']}.",
        ) from error


def _check_listing(manifest: Manifest, max_bytes: int) -> None:
    """Refuse by the listing alone, before anything large is read."""
    paths = [entry.path for entry in manifest.files]
    forbidden = [p for p in paths if p.lower().endswith(FORBIDDEN_SUFFIXES + _ARCHIVES)]
    if forbidden:
        raise ModelRejected(
            RejectionReason.FILE_FORBIDDEN,
            f"{forbidden[0]} is of a format that can carry code or hide files; "
            "export the weights as safetensors or ONNX.",
        )
    if len(set(paths)) != len(paths) or MANIFEST in paths:
        raise ModelRejected(RejectionReason.MANIFEST_INVALID, "The manifest lists a file twice.")
    total = sum(entry.size_bytes for entry in manifest.files)
    if total > max_bytes:
        raise ModelRejected(
            RejectionReason.FILE_TOO_LARGE,
            f"The model takes {total} bytes, {max_bytes} are allowed; "
            "raise PHAROS_MAX_MODEL_MIB or export a smaller model.",
        )
    encoder = {ONNX, WEIGHTS} & set(paths)
    if (encoder and TOKENIZER not in paths) or not (encoder or LINEAR in paths):
        raise ModelRejected(
            RejectionReason.FILE_MISSING,
            f"The manifest lists {sorted(paths)}; serving needs {TOKENIZER} and {ONNX} "
            f"or {WEIGHTS}, or {LINEAR}.",
        )


def _copy_verified(uri: str, entry: FileEntry, folder: Path) -> None:
    """Copy one file while hashing it; never more bytes than the manifest promises, plus one."""
    target = folder / entry.path
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    copied = 0
    with _open(uri, entry.path) as origin, target.open("wb") as copy:
        while copied <= entry.size_bytes:
            chunk = origin.read(min(_CHUNK_BYTES, entry.size_bytes + 1 - copied))
            if not chunk:
                break
            digest.update(chunk)
            copy.write(chunk)
            copied += len(chunk)
    _check_copy(uri, entry, copied, digest.hexdigest())


def _check_copy(uri: str, entry: FileEntry, copied: int, actual: str) -> None:
    if copied != entry.size_bytes:
        relation = "more" if copied > entry.size_bytes else f"{copied}"
        raise ModelRejected(
            RejectionReason.DIGEST_MISMATCH,
            f"{entry.path} in {uri} should have {entry.size_bytes} bytes and has {relation}.",
        )
    if actual != entry.sha256:
        raise ModelRejected(
            RejectionReason.DIGEST_MISMATCH,
            f"{integrity_sentence(entry.sha256, actual)} ({entry.path} in {uri})",
        )


@contextmanager
def _open(uri: str, path: str) -> Iterator[IO[bytes]]:
    """Open a file below ``uri``; what the store raises becomes one of our two errors."""
    # Imported here: fsspec's backends are slow to import and needed once.
    import fsspec  # noqa: PLC0415

    location = f"{uri.rstrip('/')}/{path}"
    try:
        with fsspec.open(location, "rb").open() as file:
            yield file
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise ModelRejected(
            RejectionReason.FILE_MISSING, f"There is no file {location}.{_archived(uri)}"
        ) from error
    except (ImportError, ValueError) as error:
        if isinstance(error, ModelRejected):
            raise
        raise ModelRejected(
            RejectionReason.UNAVAILABLE, f"{location} cannot be opened by this image: {error}."
        ) from error
    except OSError as error:
        raise ArtifactUnavailable(f"{location} could not be read: {error}.") from error


def _archived(uri: str) -> str:
    """What to do where the version lies in the archive; '' where it does not."""
    import fsspec  # noqa: PLC0415

    try:
        store, path = fsspec.core.url_to_fs(f"{uri.rstrip('/')}/{ARCHIVED}")
        return " The version lies in the archive: restore it." if store.exists(path) else ""
    except OSError as error:
        raise ArtifactUnavailable(f"{uri} could not be read: {error}.") from error


def _fingerprint(folder: Path, manifest: Manifest) -> tuple[tuple[str, int, int], ...]:
    stats = ((entry.path, (folder / entry.path).stat()) for entry in manifest.files)
    return tuple((path, stat.st_size, stat.st_mtime_ns) for path, stat in stats)
