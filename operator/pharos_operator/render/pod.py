"""What all pods of Pharos share: Pod Security ``restricted``, scratch space, the artifact store.

Every pod runs as one unprivileged user on a read-only root; it writes to /tmp and its volumes.
"""

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from pharos_api.names import SIGNING_FOLDER
from pharos_operator.decide.decision import Manifest, Platform

USER_ID = 65532
_TMP = "/tmp"  # noqa: S108 - a volume of the pod's own
_ARTIFACTS = "artifacts"
_SIGNING = "signing"


def pod_security() -> Manifest:
    """The pod's part of the ``restricted`` standard."""
    return {
        "runAsNonRoot": True,
        "runAsUser": USER_ID,
        "runAsGroup": USER_ID,
        "fsGroup": USER_ID,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def container_security() -> Manifest:
    """The container's part of the ``restricted`` standard."""
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def environment(values: Mapping[str, str], platform: Platform) -> list[Manifest]:
    """Variables in a fixed order: home first, then what is given, then the installation's own."""
    merged = {"HOME": _TMP, **values, **dict(platform.extra_pod_env)}
    return [{"name": name, "value": value} for name, value in merged.items()]


def secret_variable(name: str, secret: str, key: str) -> Manifest:
    """A variable from a Secret; the pod starts without it where the key is missing."""
    reference = {"name": secret, "key": key, "optional": True}
    return {"name": name, "valueFrom": {"secretKeyRef": reference}}


def artifact_environment(platform: Platform) -> Manifest:
    """Credentials of an object store, all keys of its Secret; empty where there is none."""
    secret = platform.artifact_secret
    return {"envFrom": [{"secretRef": {"name": secret}}]} if secret else {}


def volumes(platform: Platform, extra: Iterable[Manifest] = ()) -> list[Manifest]:
    """Scratch space, the artifact claim where there is one, and what else the pod needs."""
    claim = {"claimName": platform.artifact_claim}
    stored = [{"name": _ARTIFACTS, "persistentVolumeClaim": claim}] if has_claim(platform) else []
    return [{"name": "tmp", "emptyDir": {}}, *stored, *extra]


def mounts(platform: Platform, read_only: bool, extra: Iterable[Manifest] = ()) -> list[Manifest]:
    """Where the volumes lie in the container; the claim at the path of the artifact root."""
    stored: Manifest = {
        "name": _ARTIFACTS,
        "mountPath": urlsplit(platform.artifact_root).path,
        "readOnly": read_only,
    }
    claimed = [stored] if has_claim(platform) else []
    return [{"name": "tmp", "mountPath": _TMP}, *claimed, *extra]


def signing_volume(platform: Platform, key: str) -> list[Manifest]:
    """One key of the signing Secret as a volume, so that no pod sees the other."""
    if not platform.signing_secret:
        return []
    secret = {"secretName": platform.signing_secret, "items": [{"key": key, "path": key}]}
    return [{"name": _SIGNING, "secret": secret}]


def signing_mount(platform: Platform) -> list[Manifest]:
    """Where that volume lies."""
    if not platform.signing_secret:
        return []
    return [{"name": _SIGNING, "mountPath": SIGNING_FOLDER, "readOnly": True}]


def has_claim(platform: Platform) -> bool:
    """Whether artifacts lie on a volume and not in an object store."""
    is_file = urlsplit(platform.artifact_root).scheme == "file"
    return is_file and bool(platform.artifact_claim)
