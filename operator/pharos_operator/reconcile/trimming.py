"""What of an object is worth keeping in memory. Pure."""

from collections.abc import Callable
from typing import Any

Body = dict[str, Any]
_METADATA = (
    "name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp",
    "deletionTimestamp", "labels", "annotations", "ownerReferences", "finalizers",
)  # fmt: skip
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def trimmed(body: Body) -> Body:
    """The object without what no decision reads."""
    kept = {"apiVersion": body.get("apiVersion", ""), "kind": body["kind"]}
    kept["metadata"] = _metadata(body["metadata"])
    kept.update(_BY_KIND.get(body["kind"], _whole)(body))
    return kept


def _metadata(metadata: Body) -> Body:
    kept = {name: metadata[name] for name in _METADATA if metadata.get(name)}
    annotations = kept.get("annotations")
    if annotations and _LAST_APPLIED in annotations:
        kept["annotations"] = {k: v for k, v in annotations.items() if k != _LAST_APPLIED}
    return kept


def _whole(body: Body) -> Body:
    return {name: body[name] for name in ("spec", "status") if name in body}


def _only_metadata(_: Body) -> Body:
    return {}


def _job(body: Body) -> Body:
    spec = body.get("spec") or {}
    return {"spec": {"suspend": bool(spec.get("suspend"))}, "status": body.get("status") or {}}


def _deployment(body: Body) -> Body:
    spec = body.get("spec") or {}
    return {"spec": {"replicas": spec.get("replicas")}, "status": body.get("status") or {}}


def _pod(body: Body) -> Body:
    status = body.get("status") or {}
    names = ("phase", "reason", "message", "podIP", "startTime", "conditions", "containerStatuses")
    return {
        "spec": {"nodeName": (body.get("spec") or {}).get("nodeName", "")},
        "status": {name: status[name] for name in names if name in status},
    }


def _endpoint_slice(body: Body) -> Body:
    return {"endpoints": body.get("endpoints") or [], "ports": body.get("ports") or []}


_BY_KIND: dict[str, Callable[[Body], Body]] = {
    "Job": _job,
    "Pod": _pod,
    "Deployment": _deployment,
    "EndpointSlice": _endpoint_slice,
    "Service": _only_metadata,
    "CronJob": _only_metadata,
    "HorizontalPodAutoscaler": _only_metadata,
    "PodDisruptionBudget": _only_metadata,
}
