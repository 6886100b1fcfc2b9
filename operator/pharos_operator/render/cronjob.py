"""The CronJob by which a Model is retrained.

Its pod asks whether retraining is due; the run itself is made from the policy's template. Without a
template there is nothing to start, so the CronJob stands suspended.
"""

import json

from pharos_api.model import Model, RetrainingPolicy
from pharos_api.names import COMPONENT_JOB, ENV_CHECK_INPUT, LABEL_MODEL, cron_job_name
from pharos_operator.decide.decision import Manifest, Platform
from pharos_operator.render.job import once
from pharos_operator.render.metadata import labels, owned
from pharos_operator.render.modeljob import model_pod

_LATE_S = 3600
_DEADLINE_S = 3600
_KEPT_JOBS = 3


def cron_job(model: Model, policy: RetrainingPolicy, platform: Platform) -> Manifest:
    """The retraining CronJob of a Model."""
    marks = labels(COMPONENT_JOB, {LABEL_MODEL: model.metadata.name})
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": owned(cron_job_name(model.metadata.name), model, marks),
        "spec": {
            "schedule": policy.schedule,
            "timeZone": policy.time_zone,
            "suspend": policy.suspend or policy.template is None,
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": _LATE_S,
            "successfulJobsHistoryLimit": _KEPT_JOBS,
            "failedJobsHistoryLimit": _KEPT_JOBS,
            "jobTemplate": {
                "metadata": {"labels": marks},
                "spec": _job(model, policy, platform),
            },
        },
    }


def _job(model: Model, policy: RetrainingPolicy, platform: Platform) -> Manifest:
    told = {
        "namespace": model.metadata.namespace,
        "model": model.metadata.name,
        "artifactRoot": platform.artifact_root,
        "policy": policy.to_json(),
    }
    marks = labels(COMPONENT_JOB, {LABEL_MODEL: model.metadata.name})
    variables = {ENV_CHECK_INPUT: json.dumps(told, sort_keys=True)}
    return {
        **once(),
        "activeDeadlineSeconds": _DEADLINE_S,
        "template": {
            "metadata": {"labels": marks},
            "spec": model_pod("check", variables, platform),
        },
    }
