"""A pod on the artifact store that runs one command of the jobs and speaks by its streams.

What must not be written down anywhere, as a user's id, goes by standard input: it is in no argument
and no variable that the cluster would keep.
"""

import json
import os
import shlex
import subprocess
import uuid
from typing import Any

from pharos_api import names
from pharos_console.cluster import Cluster
from pharos_console.errors import UsageError
from pharos_console.platform import Platform, read_platform

_DATABASE = {
    names.ENV_DATABASE_URL: names.SECRET_DATABASE_URL,
    names.ENV_USER_HASH_KEY: names.SECRET_USER_HASH_KEY,
}


def run_on_store(cluster: Cluster, args: list[str], given: str, with_database: bool = False) -> str:
    """What ``python -m pharos_jobs ARGS`` printed. Raises UsageError with its own words.

    ``given`` is its standard input; ``with_database`` gives it the database's Secret.
    """
    platform = read_platform(cluster)
    pod = f"pharos-{args[0]}-{uuid.uuid4().hex[:8]}"
    spec = pod_overrides(pod, platform, args, with_database)
    command = [
        *shlex.split(os.environ.get("PHAROS_KUBECTL", "kubectl")),
        *("-n", cluster.namespace, "run", pod, "--rm", "-i", "--quiet", "--restart=Never"),
        f"--image={platform.jobs_image}",
        f"--overrides={json.dumps(spec)}",
    ]
    done = _kubectl(command, cluster.kubeconfig, given)
    if done.returncode:
        said = done.stderr.strip() or done.stdout.strip()
        raise UsageError(f"{args[0]} failed in the cluster: {said[-2000:]}")
    return done.stdout


def pod_overrides(
    pod: str, platform: Platform, args: list[str], with_database: bool = False
) -> dict[str, Any]:
    """The pod as the `restricted` Pod Security Standard wants it."""
    container: dict[str, Any] = {
        "name": pod,
        "image": platform.jobs_image,
        "args": args,
        "stdin": True,
        "stdinOnce": True,
        "env": [
            {"name": "HOME", "value": "/tmp"},  # noqa: S108 - the pod's own emptyDir
            *(_secrets(platform) if with_database else ()),
        ],
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


def _secrets(platform: Platform) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "valueFrom": {"secretKeyRef": {"name": platform.database_secret, "key": key}},
        }
        for name, key in _DATABASE.items()
    ]


def _kubectl(
    command: list[str], kubeconfig: str | None, given: str
) -> subprocess.CompletedProcess[str]:
    environment = os.environ | ({"KUBECONFIG": kubeconfig} if kubeconfig else {})
    try:
        return subprocess.run(  # noqa: S603 - kubectl by choice
            command, input=given, capture_output=True, text=True, env=environment, check=False
        )
    except OSError as error:
        raise UsageError(
            f"cannot run {command[0]}: {error}; install kubectl, or set PHAROS_KUBECTL"
        ) from error
