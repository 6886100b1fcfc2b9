"""Names, labels and owners of rendered objects. Must not know what the objects are."""

from collections.abc import Mapping

from pharos_api.meta import API_VERSION, Resource
from pharos_api.names import (
    FIELD_MANAGER,
    LABEL_COMPONENT,
    LABEL_MANAGED_BY,
    LABEL_PART_OF,
    PART_OF,
)
from pharos_operator.decide.decision import Manifest

LABEL_NAME = "app.kubernetes.io/name"


def labels(component: str, own: Mapping[str, str]) -> dict[str, str]:
    """The recommended labels and the object's own; empty values are left out."""
    return {
        LABEL_NAME: PART_OF,
        LABEL_PART_OF: PART_OF,
        LABEL_COMPONENT: component,
        LABEL_MANAGED_BY: FIELD_MANAGER,
        **{key: value for key, value in own.items() if value},
    }


def owned(name: str, owner: Resource, marks: Mapping[str, str]) -> Manifest:
    """``metadata`` of an object that goes when its owner goes."""
    return {
        "name": name,
        "namespace": owner.metadata.namespace,
        "labels": dict(marks),
        "ownerReferences": [owner_reference(owner)],
    }


def owner_reference(owner: Resource) -> Manifest:
    """The one controlling owner."""
    return {
        "apiVersion": API_VERSION,
        "kind": owner.kind,
        "name": owner.metadata.name,
        "uid": owner.metadata.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }
