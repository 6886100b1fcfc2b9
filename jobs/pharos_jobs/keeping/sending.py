"""``send``: a registered model as a tar archive on a stream, every file held to the manifest."""

import io
import tarfile
from typing import IO

from pharos_api.artifacts import MANIFEST
from pharos_api.signing import SIGNATURE
from pharos_jobs import storage
from pharos_jobs.keeping.whole import check_files, read_manifest


def send(uri: str, sha256: str, target: IO[bytes]) -> int:
    """Write the archive; how many files. Raises Terminal before the first byte of a damaged one."""
    manifest = read_manifest(uri, sha256)
    check_files(uri, manifest)
    names = [*(each.path for each in manifest.files), MANIFEST]
    if storage.exists(f"{uri}/{SIGNATURE}"):
        names.append(SIGNATURE)
    with tarfile.open(fileobj=target, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        for name in names:
            _add(archive, f"{uri}/{name}", name)
    return len(names)


def _add(archive: tarfile.TarFile, uri: str, name: str) -> None:
    entry = tarfile.TarInfo(name)
    with storage.open_read(uri) as source:
        entry.size = source.seek(0, io.SEEK_END)
        source.seek(0)
        archive.addfile(entry, source)
