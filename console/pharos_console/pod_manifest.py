"""The pod in which a command of the jobs runs for the console. Pure.

What must not be written down anywhere, as a user's id, goes by standard input: it is in no argument
and no variable that the cluster would keep.
"""

from dataclasses import dataclass
from typing import Any

from pharos_api import names
from pharos_console.platform import Platform

_DATABASE = {
    names.ENV_DATABASE_URL: names.SECRET_DATABASE_URL,
    names.ENV_USER_HASH_KEY: names.SECRET_USER_HASH_KEY,
}


@dataclass(frozen=True, slots=True)
class PodCommand:
    """``python -m pharos_jobs ARGS`` in a pod of that name, with the database's Secret or not."""

    pod: str
    args: list[str]
    with_database: bool = False


def overrides(command: PodCommand, platform: Platform) -> dict[str, Any]:
    """The pod as the `restricted` Pod Security Standard wants it."""
    container: dict[str, Any] = {
        "name": command.pod,
        "image": platform.jobs_image,
        "args": command.args,
        "stdin": True,
        "stdinOnce": True,
        "env": [
            {"name": "HOME", "value": "/tmp"},  # noqa: S108 - the pod's own emptyDir
            *(_secrets(platform) if command.with_database else ()),
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
