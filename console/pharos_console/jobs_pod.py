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

from pharos_console.cluster import Cluster
from pharos_console.errors import UsageError
from pharos_console.platform import Platform
from pharos_console.pod_manifest import PodCommand, overrides


@dataclass(frozen=True, slots=True)
class Streams:
    """What the command reads and where its output goes; None for nothing and for keeping it."""

    stdin: IO[bytes] | bytes | None = None
    stdout: IO[bytes] | None = None


KEPT = Streams()


def run_here(args: list[str], streams: Streams = KEPT) -> bytes:
    """Run ``python -m pharos_jobs ARGS``; its output where no stream takes it."""
    command = [sys.executable, "-m", "pharos_jobs", *args]
    return _finished(command, dict(os.environ), streams)


def run_in_pod(
    cluster: Cluster, platform: Platform, command: PodCommand, streams: Streams = KEPT
) -> bytes:
    """Run the same in a pod, which is gone afterwards."""
    kubectl = [
        *shlex.split(os.environ.get("PHAROS_KUBECTL", "kubectl")),
        *("-n", cluster.namespace, "run", command.pod, "--rm", "-i", "--quiet", "--restart=Never"),
        f"--image={platform.jobs_image}",
        f"--overrides={json.dumps(overrides(command, platform))}",
    ]
    environment = os.environ | ({"KUBECONFIG": cluster.kubeconfig} if cluster.kubeconfig else {})
    return _finished(kubectl, environment, streams)


def _finished(command: list[str], environment: dict[str, str], streams: Streams) -> bytes:
    """The output. Raises UsageError with the command's own last words when it fails."""
    try:
        done = subprocess.run(  # noqa: S603 - kubectl by choice, or our own module
            command,
            **_given(streams.stdin),
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


def _given(stdin: IO[bytes] | bytes | None) -> dict[str, Any]:
    """As ``subprocess.run`` takes it."""
    if isinstance(stdin, bytes):
        return {"input": stdin}
    return {"stdin": subprocess.DEVNULL if stdin is None else stdin}


def _last_words(said: bytes) -> str:
    lines = [line.strip() for line in said.decode(errors="replace").splitlines() if line.strip()]
    told = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    return (told or lines or [""])[-1]
