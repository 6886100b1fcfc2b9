"""What the registry's projections hold, computed from the cluster's objects alone.

The same as the operator tells its own Job. Pure.
"""

from collections.abc import Sequence

from pharos_api.jobio import RegistryInput, RegistryVersion
from pharos_api.meta import rfc3339
from pharos_api.model import Model
from pharos_api.modelversion import ModelVersion


def registry_input(model: Model, versions: Sequence[ModelVersion], root: str) -> RegistryInput:
    """The input of ``python -m pharos_jobs project``; versions from the oldest number on."""
    production = model.status.production
    return RegistryInput(
        model=model.metadata.name,
        namespace=model.metadata.namespace,
        artifact_root=root,
        versions=[_listed(each) for each in versions],
        production=production.version if production else "",
        latest=versions[-1].spec.version if versions else "",
        quarantined=model.status.quarantine,
        spec=model.spec.to_json(),
    )


def _listed(version: ModelVersion) -> RegistryVersion:
    created = version.metadata.creation_timestamp
    return RegistryVersion(
        version=version.spec.version,
        uri=version.spec.artifact.uri,
        sha256=version.spec.artifact.sha256,
        stage=version.status.stage.value,
        created_at="" if created is None else rfc3339(created),
        given_up=_given_up(version),
    )


def _given_up(version: ModelVersion) -> str:
    """The experiment's reason, as the operator wrote it into the version's status."""
    said = version.status.conditions
    found = (c.message for c in said if (c.type, c.reason) == ("NotBetter", "GivenUp"))
    return next(found, "")
