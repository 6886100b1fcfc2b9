"""``restore``: an archived version back at the place that its ModelVersion names."""

import io

from pharos_api.artifacts import MANIFEST
from pharos_api.signing import SIGNATURE
from pharos_jobs import storage
from pharos_jobs.keeping.whole import check_files, damaged, read_manifest


def restore(archived: str, target: str, sha256: str) -> int:
    """Copy the version and check every file on the way; how many bytes were copied.

    What is whole at the target stays. The manifest comes last: with it the folder is a version
    again. Raises Terminal where the archive does not hold what the digest names.
    """
    manifest = read_manifest(archived, sha256)
    if storage.exists(f"{target}/{MANIFEST}"):
        check_files(target, read_manifest(target, sha256))
        return 0
    check_files(archived, manifest)
    total = 0
    for entry in manifest.files:
        written = storage.copy(f"{archived}/{entry.path}", f"{target}/{entry.path}")
        if written.sha256 != entry.sha256:
            raise damaged(archived, f"{entry.path} changed while it was copied")
        total += written.size_bytes
    if storage.exists(f"{archived}/{SIGNATURE}"):
        storage.copy(f"{archived}/{SIGNATURE}", f"{target}/{SIGNATURE}")
    storage.write_stream(f"{target}/{MANIFEST}", io.BytesIO(manifest.to_bytes()))
    return total
