"""The Kubernetes Event of something that a decision tells. One event for each message and state."""

import hashlib
from datetime import UTC, datetime

from pharos_api.meta import API_VERSION, Resource
from pharos_api.names import FIELD_MANAGER, bounded
from pharos_operator.decide.decision import Event, Manifest

_NOTE_LIMIT = 1024
_NAME_LIMIT = 253


def event(told: Event, about: Resource, at: datetime, instance: str) -> Manifest:
    """An events.k8s.io/v1 Event; ``instance`` is the operator pod that says it."""
    meta = about.metadata
    return {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": _name(told, about), "namespace": meta.namespace},
        "eventTime": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "type": told.type.value,
        "reason": told.reason,
        "action": told.reason,
        "note": told.message[:_NOTE_LIMIT],
        "reportingController": FIELD_MANAGER,
        "reportingInstance": instance,
        "regarding": {
            "apiVersion": API_VERSION,
            "kind": about.kind,
            "name": meta.name,
            "namespace": meta.namespace,
            "uid": meta.uid,
            "resourceVersion": meta.resource_version,
        },
    }


def _name(told: Event, about: Resource) -> str:
    """The same telling about the same state has the same name, so that a repeat collides."""
    meta = about.metadata
    text = "\n".join((meta.uid, meta.resource_version, told.reason, told.message))
    mark = hashlib.sha256(text.encode()).hexdigest()[:16]
    return bounded(about.metadata.name, f".{mark}", _NAME_LIMIT)
