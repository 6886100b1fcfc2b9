"""``restore``: an archived version back at the place that its ModelVersion names."""

import io

from pharos_api.artifacts import ARCHIVED, MANIFEST, FileEntry
from pharos_api.signing import SIGNATURE
from pharos_jobs import storage
from pharos_jobs.keeping.whole import check_files, damaged, read_manifest


def restore(archived: str, target: str, sha256: str) -> int:
    """Copy what the target lacks and check every file on the way; how many bytes were copied.

    The manifest comes last: with it the folder is a version again; then goes the note that says
    where the rest is. Raises Terminal where the archive does not hold what the digest names.
    """
    manifest = read_manifest(archived, sha256)
    is_listed = storage.exists(f"{target}/{MANIFEST}")
    if is_listed:
        read_manifest(target, sha256)
    missing = [entry for entry in manifest.files if not _is_there(target, entry)]
    check_files(archived, manifest.model_copy(update={"files": missing}))
    for entry in missing:
        written = storage.copy(f"{archived}/{entry.path}", f"{target}/{entry.path}")
        if written.sha256 != entry.sha256:
            raise damaged(archived, f"{entry.path} changed while it was copied")
    signed = storage.exists(f"{archived}/{SIGNATURE}")
    if signed and not storage.exists(f"{target}/{SIGNATURE}"):
        storage.copy(f"{archived}/{SIGNATURE}", f"{target}/{SIGNATURE}")
    if not is_listed:
        storage.write_stream(f"{target}/{MANIFEST}", io.BytesIO(manifest.to_bytes()))
    storage.remove_file(f"{target}/{ARCHIVED}")
    return sum(entry.size_bytes for entry in missing)


def _is_there(folder: str, entry: FileEntry) -> bool:
    uri = f"{folder}/{entry.path}"
    return storage.exists(uri) and storage.sha256_of(uri) == entry.sha256
