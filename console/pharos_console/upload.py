"""Copy a local file into the artifact store, through a pod that mounts it.

The pod runs ``python -m pharos_jobs receive`` and reads the file from its standard input, so this
works on every cluster that ``kubectl`` reaches. Content-addressed, unless it shall lie at a place
of its own: a feed, which grows and is read again by every retraining.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from pharos_console.cluster import Cluster
from pharos_console.errors import UsageError
from pharos_console.jobs_pod import Streams, run_in_pod
from pharos_console.platform import Platform, read_platform
from pharos_console.pod_manifest import PodCommand


@dataclass(frozen=True, slots=True)
class Stored:
    """Where a file lies in the artifact store, and its digest."""

    uri: str
    sha256: str


def push(cluster: Cluster, file: Path, feed: str = "") -> Stored:
    """Send the file, as the ``feed`` of that name where one is given: it replaces what lay there.

    Raises UsageError with kubectl's own words when that fails.
    """
    platform = read_platform(cluster)
    stored = _place(platform, file, feed)
    command = PodCommand(f"pharos-upload-{stored.sha256[:12]}", ["receive", stored.uri])
    with file.open("rb") as content:
        try:
            run_in_pod(cluster, platform, command, Streams(content))
        except UsageError as error:
            raise UsageError(f"could not upload {file}: {error}") from error
    return stored


def _place(platform: Platform, file: Path, feed: str) -> Stored:
    """By content or by name; the suffix stays, because the reader tells the format by it."""
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    packed = file.suffix == ".gz"
    suffix = "".join(file.suffixes[-2:]) if packed else file.suffix
    place = f"feeds/{feed}" if feed else f"uploads/{digest}"
    return Stored(f"{platform.artifact_root}/{place}{suffix}", digest)
