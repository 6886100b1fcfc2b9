"""The Jobs that ask whether a Model is to be trained again: by its CronJob, or at once.

Their pod only asks; the run is made by the operator from the policy's template. Where there is
nothing to start, the CronJob stands suspended. What is rendered changes with the Model and its
production alone, never with the clock.
"""

from pharos_api.checking import CheckInput
from pharos_api.jobio import ExitCode
from pharos_api.model import Model, RetrainingPolicy
from pharos_api.names import (
    CHECK,
    COMPONENT_JOB,
    ENV_CHECK_INPUT,
    ENV_DATABASE_URL,
    LABEL_MODEL,
    LABEL_STEP,
    SECRET_DATABASE_URL,
    SOURCE_KEYS,
    cron_job_name,
)
from pharos_operator.decide.decision import EnsureCronJob, Manifest, Platform, StartCheck
from pharos_operator.render import pod
from pharos_operator.render.job import once
from pharos_operator.render.metadata import labels, owned
from pharos_operator.render.modeljob import model_pod
from pharos_operator.render.resources import check_resources

# A schedule that was missed is made up for once when the controller is back, within a week: only
# the latest one missed is started, so a longer time cannot double it (ADR 0019).
_LATE_S = 7 * 24 * 3600
_DEADLINE_S = 3600
_KEPT_JOBS = 3
_KEPT_S = 7 * 24 * 3600
_RETRIES = 3
# Another try helps where a source or the store was away, and not where the input is wrong.
_FINAL = (ExitCode.BAD_INPUT,)


def cron_job(
    action: EnsureCronJob, model: Model, policy: RetrainingPolicy, platform: Platform
) -> Manifest:
    """The retraining CronJob of a Model."""
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": owned(cron_job_name(model.metadata.name), model, _marks(model)),
        "spec": {
            "schedule": policy.schedule,
            "timeZone": policy.time_zone,
            "suspend": policy.suspend or action.told.data is None,
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": _LATE_S,
            "successfulJobsHistoryLimit": _KEPT_JOBS,
            "failedJobsHistoryLimit": _KEPT_JOBS,
            "jobTemplate": {
                "metadata": {"labels": _marks(model)},
                "spec": _job(action.told, model, platform),
            },
        },
    }


def check_job(action: StartCheck, model: Model, platform: Platform) -> Manifest:
    """The check that a person asked for. It is kept for a week, so that nobody misses its end."""
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": owned(action.job, model, _marks(model)),
        "spec": {**_job(action.told, model, platform), "ttlSecondsAfterFinished": _KEPT_S},
    }


def _marks(model: Model) -> dict[str, str]:
    return labels(COMPONENT_JOB, {LABEL_MODEL: model.metadata.name, LABEL_STEP: CHECK})


def _job(told: CheckInput, model: Model, platform: Platform) -> Manifest:
    variables = {ENV_CHECK_INPUT: told.model_dump_json(by_alias=True, exclude_none=True)}
    spec = model_pod(CHECK, variables, platform)
    (container,) = spec["containers"]
    container["env"] += _from_secrets(platform)
    container["resources"] = check_resources(platform)
    return {
        **once(),
        **_retried(),
        "activeDeadlineSeconds": _DEADLINE_S,
        "template": {"metadata": {"labels": _marks(model)}, "spec": spec},
    }


def _retried() -> Manifest:
    codes = {"operator": "In", "values": [int(code) for code in _FINAL]}
    kept: list[Manifest] = once()["podFailurePolicy"]["rules"]
    final = {"action": "FailJob", "onExitCodes": codes}
    return {"backoffLimit": _RETRIES, "podFailurePolicy": {"rules": [*kept, final]}}


def _from_secrets(platform: Platform) -> list[Manifest]:
    """Where production's predictions are kept, and the keys of the sources that are asked."""
    database, sources = platform.database_secret, platform.source_secret
    kept = [pod.secret_variable(ENV_DATABASE_URL, database, SECRET_DATABASE_URL)]
    keys = [pod.secret_variable(name, sources, name) for name in SOURCE_KEYS]
    return [*(kept if database else ()), *(keys if sources else ())]
