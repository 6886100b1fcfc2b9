"""What the version registry holds (rows VER-12, VER-13, VER-18 and VER-19), named by its content.

A projection of the ModelVersions and of production. Must not decide either.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from hashlib import sha256

from pharos_api.meta import rfc3339
from pharos_api.model import Model, ModelStatus
from pharos_api.modelversion import ModelVersion
from pharos_api.names import parse_version
from pharos_operator.decide.conditions import VersionReason
from pharos_operator.decide.decision import RegistryEntry, SyncRegistry
from pharos_operator.decide.observation import ModelObservation, VersionObservation
from pharos_operator.decide.versions.stages import given_up, stage


def in_order(versions: Sequence[ModelVersion]) -> list[ModelVersion]:
    """The versions, oldest number first."""
    return sorted(versions, key=lambda v: parse_version(v.spec.version))


def registry(obs: ModelObservation, status: ModelStatus) -> SyncRegistry | None:
    """The registry's content for this status; None while there is no version at all."""
    if not obs.versions:
        return None
    model = obs.model.model_copy(update={"status": status})
    entries = tuple(_entry(version, model, obs) for version in in_order(obs.versions))
    production = "" if status.production is None else status.production.version
    spec = obs.model.spec.to_json()
    refused = [each.to_json() for each in status.quarantine]
    listed = [asdict(entry) for entry in entries]
    content = [listed, production, status.latest_version, spec, refused]
    digest = sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return SyncRegistry(
        model=model.metadata.name,
        digest=digest,
        entries=entries,
        production=production,
        latest=status.latest_version,
        spec=spec,
        quarantined=tuple(status.quarantine),
    )


def _entry(version: ModelVersion, model: Model, obs: ModelObservation) -> RegistryEntry:
    """The entry by the status that is being decided: the version's own follows a moment later."""
    created = version.metadata.creation_timestamp
    seen = VersionObservation(version, model, obs.experiments)
    why = given_up(seen)
    return RegistryEntry(
        version=version.spec.version,
        uri=version.spec.artifact.uri,
        sha256=version.spec.artifact.sha256,
        stage=stage(seen),
        created_at="" if created is None else rfc3339(created),
        given_up=why[1] if why is not None and why[0] is VersionReason.GIVEN_UP else "",
    )
