"""Copy a local file into the artifact store, through a pod that mounts it.

The pod runs ``python -m pharos_jobs receive`` and reads the file from its standard input, so this
works on every cluster that ``kubectl`` reaches. Content-addressed, unless it shall lie at a place
of its own: a feed, which grows and is read again by every retraining.
"""

import hashlib
import json
import os
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pharos_api import names
from pharos_console.cluster import Cluster
from pharos_console.errors import UsageError
from pharos_console.platform import Platform, read_platform


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
    digest = stored.sha256
    pod = f"pharos-upload-{digest[:12]}"
    command = [
        *shlex.split(os.environ.get("PHAROS_KUBECTL", "kubectl")),
        *("-n", cluster.namespace, "run", pod, "--rm", "-i", "--quiet", "--restart=Never"),
        f"--image={platform.jobs_image}",
        f"--overrides={json.dumps(_overrides(pod, platform, stored.uri))}",
    ]
    done = _kubectl(command, cluster.kubeconfig, file)
    if done.returncode:
        raise UsageError(f"could not upload {file}: {done.stderr.strip() or done.stdout.strip()}")
    return stored


def _place(platform: Platform, file: Path, feed: str) -> Stored:
    """By content or by name; the suffix stays, because the reader tells the format by it."""
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    packed = file.suffix == ".gz"
    suffix = "".join(file.suffixes[-2:]) if packed else file.suffix
    place = f"feeds/{feed}" if feed else f"uploads/{digest}"
    return Stored(f"{platform.artifact_root}/{place}{suffix}", digest)


def _kubectl(
    command: list[str], kubeconfig: str | None, file: Path
) -> subprocess.CompletedProcess[str]:
    """Run it with the file as its standard input, on the cluster that was named."""
    environment = os.environ | ({"KUBECONFIG": kubeconfig} if kubeconfig else {})
    with file.open("rb") as content:
        try:
            return subprocess.run(  # noqa: S603 - kubectl by choice
                command,
                stdin=content,
                capture_output=True,
                text=True,
                env=environment,
                check=False,
            )
        except OSError as error:
            raise UsageError(
                f"cannot run {command[0]}: {error}; install kubectl, or set PHAROS_KUBECTL"
            ) from error


def _overrides(pod: str, platform: Platform, uri: str) -> dict[str, Any]:
    """The pod as the `restricted` Pod Security Standard wants it."""
    container: dict[str, Any] = {
        "name": pod,
        "image": platform.jobs_image,
        "args": ["receive", uri],
        "stdin": True,
        "stdinOnce": True,
        "env": [{"name": "HOME", "value": "/tmp"}],  # noqa: S108 - the pod's own emptyDir
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 - as above
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    volumes: list[dict[str, Any]] = [{"name": "tmp", "emptyDir": {}}]
    if platform.artifact_claim:
        claim = {"claimName": platform.artifact_claim}
        volumes.append({"name": "artifacts", "persistentVolumeClaim": claim})
        mount = {"name": "artifacts", "mountPath": platform.artifact_root.removeprefix("file://")}
        container["volumeMounts"].append(mount)
    if platform.artifact_secret:
        container["envFrom"] = [{"secretRef": {"name": platform.artifact_secret}}]
    return {
        "metadata": {
            "labels": {
                names.LABEL_PART_OF: names.PART_OF,
                names.LABEL_COMPONENT: names.COMPONENT_JOB,
            }
        },
        "spec": {
            "automountServiceAccountToken": False,
            "serviceAccountName": platform.job_service_account,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 65532,
                "runAsGroup": 65532,
                "fsGroup": 65532,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [container],
            "volumes": volumes,
        },
    }
