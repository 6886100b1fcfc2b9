"""The Job that writes ``version_registry.json`` and the ``production`` pointer anew."""

from pharos_api.jobio import RegistryInput, RegistryVersion
from pharos_api.model import Model
from pharos_api.names import COMPONENT_JOB, ENV_REGISTRY_INPUT, LABEL_MODEL, registry_job_name
from pharos_operator.decide.decision import Manifest, Platform, SyncRegistry
from pharos_operator.render.job import once
from pharos_operator.render.metadata import labels, owned
from pharos_operator.render.modeljob import model_pod

_RETRIES = 3
_DEADLINE_S = 600
_KEPT_S = 300


def registry_job(action: SyncRegistry, model: Model, platform: Platform) -> Manifest:
    """The Job of one state of the registry."""
    marks = labels(COMPONENT_JOB, {LABEL_MODEL: action.model})
    told = _input(action, model, platform).model_dump_json(by_alias=True, exclude_none=True)
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": owned(registry_job_name(action.model, action.digest), model, marks),
        "spec": {
            **once(),
            "backoffLimit": _RETRIES,
            "activeDeadlineSeconds": _DEADLINE_S,
            "ttlSecondsAfterFinished": _KEPT_S,
            "template": {
                "metadata": {"labels": marks},
                "spec": model_pod("project", {ENV_REGISTRY_INPUT: told}, platform),
            },
        },
    }


def _input(action: SyncRegistry, model: Model, platform: Platform) -> RegistryInput:
    return RegistryInput(
        model=action.model,
        namespace=model.metadata.namespace,
        artifact_root=platform.artifact_root,
        versions=[
            RegistryVersion(
                version=each.version,
                uri=each.uri,
                sha256=each.sha256,
                stage=each.stage,
                created_at=each.created_at,
                given_up=each.given_up,
            )
            for each in action.entries
        ],
        production=action.production,
        latest=action.latest,
        quarantined=list(action.quarantined),
        spec=action.spec or None,
    )
