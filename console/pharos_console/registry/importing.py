"""An empty cluster filled again from what an artifact root holds.

The manifests are pure values; applying them is one function. A Model that is there already stays as
it is, and so does a version; one of the same number with another digest is refused.
"""

from typing import Any

from pharos_api.inventory import Restored, StoredModel
from pharos_api.meta import API_VERSION
from pharos_api.model import Model
from pharos_api.modelversion import ModelVersion, ModelVersionSpec
from pharos_api.names import (
    ANNOTATION_RESTORED,
    CLI_FIELD_MANAGER,
    LABEL_MANAGED_BY,
    LABEL_MODEL,
    LABEL_PART_OF,
    LABEL_VERSION,
    PART_OF,
    version_object_name,
)
from pharos_console.cluster import Cluster
from pharos_console.errors import UsageError

JsonObject = dict[str, Any]


def model_manifest(stored: StoredModel) -> JsonObject:
    """The Model, with what it shall come back to."""
    told = Restored(
        production=production_of(stored),
        quarantined=stored.quarantined,
        refused=stored.refused,
        given_up=stored.given_up,
    )
    return {
        "apiVersion": API_VERSION,
        "kind": "Model",
        "metadata": {
            "name": stored.model,
            "annotations": {ANNOTATION_RESTORED: told.model_dump_json(by_alias=True)},
        },
        "spec": stored.spec if stored.spec is not None else _least_spec(stored),
    }


def production_of(stored: StoredModel) -> str:
    """What was in production, if it is still whole; '' otherwise."""
    whole = {each.version for each in stored.versions}
    return stored.production if stored.production in whole else ""


def version_manifest(spec: ModelVersionSpec, owner: Model) -> JsonObject:
    """A ModelVersion as the operator makes it, owned by its Model."""
    return {
        "apiVersion": API_VERSION,
        "kind": "ModelVersion",
        "metadata": {
            "name": version_object_name(owner.metadata.name, spec.version),
            "labels": {
                LABEL_PART_OF: PART_OF,
                LABEL_MANAGED_BY: CLI_FIELD_MANAGER,
                LABEL_MODEL: owner.metadata.name,
                LABEL_VERSION: spec.version,
            },
            "ownerReferences": [_owned_by(owner)],
        },
        "spec": spec.to_json(),
    }


def import_model(cluster: Cluster, stored: StoredModel) -> list[str]:
    """Make what is missing; a sentence about each object.

    Raises UsageError before anything is made where a version contradicts one that is there.
    """
    standing = {each.metadata.name: each for each in cluster.every(ModelVersion)}
    _refuse_contradictions(stored, standing)
    told, model = [], cluster.find(Model, stored.model)
    if model is None:
        cluster.apply(model_manifest(stored))
        model = cluster.get(Model, stored.model)
        told.append(f"Model/{stored.model}: made{_about_spec(stored)}")
    else:
        told.append(f"Model/{stored.model}: was there, and stays as it is")
    for spec in stored.versions:
        told.append(_made(cluster, spec, model, standing))
    return [*told, *stored.flaws]


def _made(
    cluster: Cluster, spec: ModelVersionSpec, model: Model, standing: dict[str, ModelVersion]
) -> str:
    manifest = version_manifest(spec, model)
    name = manifest["metadata"]["name"]
    if name in standing:
        return f"ModelVersion/{name}: was there"
    cluster.apply(manifest)
    return f"ModelVersion/{name}: made"


def _refuse_contradictions(stored: StoredModel, standing: dict[str, ModelVersion]) -> None:
    for spec in stored.versions:
        there = standing.get(version_object_name(stored.model, spec.version))
        if there is not None and there.spec.artifact.sha256 != spec.artifact.sha256:
            raise UsageError(
                f"{there.metadata.name} has the digest {there.spec.artifact.sha256[:12]} in the "
                f"cluster and {spec.artifact.sha256[:12]} below the artifact root; nothing was "
                "imported. Delete the one that is wrong"
            )


def _least_spec(stored: StoredModel) -> JsonObject:
    """What can be known of a Model without its spec: what its newest version answers with."""
    return {"labels": stored.versions[-1].labels} if stored.versions else {}


def _about_spec(stored: StoredModel) -> str:
    if stored.spec is not None:
        return ""
    return "; its spec is not below the artifact root, so gates and policies are the defaults"


def _owned_by(owner: Model) -> JsonObject:
    return {
        "apiVersion": API_VERSION,
        "kind": "Model",
        "name": owner.metadata.name,
        "uid": owner.metadata.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }
