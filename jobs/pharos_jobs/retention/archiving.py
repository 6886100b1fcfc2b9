"""Moving things to an archive: copy, verify the digest, and only then remove.

An archived thing lies at ``<archive>/<same path below the artifact root>``. Of a version its
``metadata.json``, its manifest, its signature and ``archived.json`` stay, so that it is listed, can
be found, and its ModelVersion made again; ``keeping.restoring`` brings the rest back.
Stopped anywhere, doing it again ends in the same place.
"""

from pharos_api.artifacts import ARCHIVED, MANIFEST, Manifest
from pharos_api.jobio import FailureReason
from pharos_jobs import storage
from pharos_jobs.errors import Terminal
from pharos_jobs.retention.stock import LISTED


def archive_folder(root: str, path: str, archive: str) -> None:
    """Move a folder, whole, into the archive."""
    files = _copied(f"{root}/{path}", f"{archive}/{path}")
    remove(f"{root}/{path}", files)


def archive_version(root: str, path: str, archive: str, sha256: str) -> None:
    """Move a version's files; it stays listed.

    Raises Terminal, with nothing removed, when it is not the version that ``sha256`` names.
    """
    source, target = f"{root}/{path}", f"{archive}/{path}"
    listed = _manifest(source, sha256)
    for entry in listed.files:
        if storage.exists(f"{source}/{entry.path}"):
            _copy(f"{source}/{entry.path}", f"{target}/{entry.path}", entry.sha256)
    files = _copied(source, target)
    _check(target, listed)
    if not storage.exists(f"{source}/{ARCHIVED}"):
        storage.write_json(f"{source}/{ARCHIVED}", {"uri": target, "sha256": sha256})
    remove(source, [name for name in files if name not in LISTED])


def remove(folder: str, files: list[str]) -> None:
    """Remove these files of a folder, and the folder once nothing is left in it.

    What marks a folder as whole goes first: nobody may take the rest for all of it.
    """
    marks = [name for name in files if name.rpartition("/")[2] in _MARKS]
    for name in [*marks, *(name for name in files if name not in marks)]:
        storage.remove_file(f"{folder}/{name}")
    if not storage.walk(folder):
        storage.remove_folder(folder)


_MARKS = ("card.json", "papers.jsonl.gz", "training.json", "evaluation.json", MANIFEST)


def _copied(source: str, target: str) -> list[str]:
    """Copy what the archive lacks, verified file by file; the names of all files."""
    files = [file.path for file in storage.walk(source)]
    for name in files:
        if name.rpartition("/")[2] != ARCHIVED:
            _copy(f"{source}/{name}", f"{target}/{name}")
    return files


def _copy(source: str, target: str, expected: str = "") -> None:
    digest = storage.sha256_of(source)
    if expected and digest != expected:
        raise _broken(source)
    if not storage.exists(target) or storage.sha256_of(target) != digest:
        storage.copy(source, target)
        # Read back: what the archive took is what counts, not what was sent.
        if storage.sha256_of(target) != digest:
            raise _broken(target)


def _manifest(folder: str, sha256: str) -> Manifest:
    uri = f"{folder}/{MANIFEST}"
    if not storage.exists(uri) or storage.sha256_of(uri) != sha256:
        raise _broken(uri)
    return Manifest.model_validate_json(storage.read_bytes(uri))


def _check(folder: str, manifest: Manifest) -> None:
    for entry in manifest.files:
        uri = f"{folder}/{entry.path}"
        if not storage.exists(uri) or storage.sha256_of(uri) != entry.sha256:
            raise _broken(uri)


def _broken(uri: str) -> Terminal:
    return Terminal(
        FailureReason.DIGEST_MISMATCH,
        f"{uri} is not what its manifest says. Nothing of it was removed; "
        "compare it with a backup, and register the version again where it cannot be mended.",
    )
