"""The CronJob that keeps a Model's part of the artifact store in order.

Everything it must not touch stands in its pod's input, so it changes when the objects do and never
with the clock.
"""

from pharos_api.model import Model
from pharos_api.names import (
    COMPONENT_JOB,
    ENV_DATABASE_URL,
    ENV_RETENTION_INPUT,
    LABEL_MODEL,
    SECRET_DATABASE_URL,
    retention_job_name,
)
from pharos_operator.decide.decision import EnsureRetention, Manifest, Platform
from pharos_operator.render import pod
from pharos_operator.render.job import once
from pharos_operator.render.metadata import labels, owned
from pharos_operator.render.modeljob import model_pod

_LATE_S = 3600
_DEADLINE_S = 4 * 3600
_KEPT_JOBS = 3


def retention_cron_job(action: EnsureRetention, model: Model, platform: Platform) -> Manifest:
    """The CronJob. Two never run at once."""
    marks = labels(COMPONENT_JOB, {LABEL_MODEL: model.metadata.name})
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": owned(retention_job_name(model.metadata.name), model, marks),
        "spec": {
            "schedule": action.told.policy.schedule,
            "timeZone": "Etc/UTC",
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": _LATE_S,
            "successfulJobsHistoryLimit": _KEPT_JOBS,
            "failedJobsHistoryLimit": _KEPT_JOBS,
            "jobTemplate": {
                "metadata": {"labels": marks},
                "spec": {
                    **once(),
                    "activeDeadlineSeconds": _DEADLINE_S,
                    "template": {"metadata": {"labels": marks}, "spec": _pod(action, platform)},
                },
            },
        },
    }


def _pod(action: EnsureRetention, platform: Platform) -> Manifest:
    told = action.told.model_dump_json(by_alias=True, exclude_defaults=True)
    spec = model_pod("retain", {ENV_RETENTION_INPUT: told}, platform)
    if platform.database_secret:
        secret = pod.secret_variable(
            ENV_DATABASE_URL, platform.database_secret, SECRET_DATABASE_URL
        )
        spec["containers"][0]["env"].append(secret)
    return spec
