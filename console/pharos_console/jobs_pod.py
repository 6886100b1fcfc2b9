"""One command of the jobs' image, run where the artifacts can be reached.

In a pod that mounts the artifact store, started by ``kubectl``: so it works on every cluster that
``kubectl`` reaches. Or as a process of this machine, where the artifacts lie here.
"""

import json
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from typing import IO, Any

from pharos_api import names
from pharos_console.cluster import Cluster
from pharos_console.errors import UsageError
from pharos_console.platform import Platform


@dataclass(frozen=True, slots=True)
class Streams:
    """What the command reads and where its output goes; None for nothing and for keeping it."""

    stdin: IO[bytes] | None = None
    stdout: IO[bytes] | None = None


KEPT = Streams()


def run_here(args: list[str], streams: Streams = KEPT) -> bytes:
    """Run ``python -m pharos_jobs ARGS``; its output where no stream takes it."""
    command = [sys.executable, "-m", "pharos_jobs", *args]
    return _finished(command, dict(os.environ), streams)


def run_in_pod(
    cluster: Cluster, platform: Platform, pod: str, args: list[str], streams: Streams = KEPT
) -> bytes:
    """Run the same in a pod of that name, which is gone afterwards."""
    command = [
        *shlex.split(os.environ.get("PHAROS_KUBECTL", "kubectl")),
        *("-n", cluster.namespace, "run", pod, "--rm", "-i", "--quiet", "--restart=Never"),
        f"--image={platform.jobs_image}",
        f"--overrides={json.dumps(overrides(pod, platform, args))}",
    ]
    environment = os.environ | ({"KUBECONFIG": cluster.kubeconfig} if cluster.kubeconfig else {})
    return _finished(command, environment, streams)


def _finished(command: list[str], environment: dict[str, str], streams: Streams) -> bytes:
    """The output. Raises UsageError with the command's own last words when it fails."""
    try:
        done = subprocess.run(  # noqa: S603 - kubectl by choice, or our own module
            command,
            stdin=subprocess.DEVNULL if streams.stdin is None else streams.stdin,
            stdout=subprocess.PIPE if streams.stdout is None else streams.stdout,
            stderr=subprocess.PIPE,
            env=environment,
            check=False,
        )
    except OSError as error:
        raise UsageError(
            f"cannot run {command[0]}: {error}; install kubectl, or set PHAROS_KUBECTL"
        ) from error
    output = done.stdout or b""
    if done.returncode:
        raise UsageError(_last_words(done.stderr) or _last_words(output) or "it ended in silence")
    return output


def _last_words(said: bytes) -> str:
    lines = [line.strip() for line in said.decode(errors="replace").splitlines() if line.strip()]
    told = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    return (told or lines or [""])[-1]


def overrides(pod: str, platform: Platform, args: list[str]) -> dict[str, Any]:
    """The pod as the `restricted` Pod Security Standard wants it."""
    container: dict[str, Any] = {
        "name": pod,
        "image": platform.jobs_image,
        "args": args,
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
