"""What retrainings used of their GPUs in a calendar month, and whether another one still fits.

A step's use is its GPU limit times its pods times its seconds. A month is the policy's, in its time
zone. Counts the runs of one Model; must not decide anything else about them.
"""

from collections.abc import Iterable
from datetime import datetime, tzinfo

from pharos_api.meta import decimal, whole_seconds
from pharos_api.model import RetrainingPolicy
from pharos_api.retraining import RetrainingStatus
from pharos_api.trainingrun import StepName, StepStatus, TrainingRun, TrainingRunSpec
from pharos_operator.decide.decision import Platform

_GPU = "nvidia.com/gpu"
_HOUR_S = 3600


def month_of(moment: datetime, zone: tzinfo) -> str:
    """The calendar month, as ``2026-11``."""
    return moment.astimezone(zone).strftime("%Y-%m")


def counted(
    status: RetrainingStatus,
    runs: Iterable[TrainingRun],
    month: str,
    measure: tuple[Platform, tzinfo],
) -> RetrainingStatus:
    """The status with the seconds of all runs that finished in ``month``, each counted once.

    What a run that is gone has used stays in the sum; a run that was tried again counts anew.
    """
    platform, zone = measure
    known = {run.metadata.uid: run for run in runs}
    used = {
        uid: used_s(run, platform)
        for uid, run in known.items()
        if run.status.finished_at and month_of(run.status.finished_at, zone) == month
    }
    same = status.month == month
    before = {uid: s for uid, s in status.counted.items() if uid in known} if same else {}
    more = sum(seconds - before.get(uid, 0) for uid, seconds in used.items())
    if not same and not more:
        return status
    total = (status.gpu_seconds if same else 0) + more
    return status.model_copy(
        update={"month": month, "gpu_seconds": total, "counted": before | used}
    )


def used_s(run: TrainingRun, platform: Platform) -> int:
    """GPU seconds of a run's steps that have ended."""
    return sum(
        gpus_of(step.name, run.spec, platform) * _length_s(step) for step in run.status.steps
    )


def over_budget(
    policy: RetrainingPolicy, used: int, spec: TrainingRunSpec, platform: Platform
) -> str:
    """Why another run might use more than the month allows; empty where it cannot."""
    if policy.max_gpu_hours_per_month is None:
        return ""
    most = max(gpus_of(step, spec, platform) for step in StepName) * spec.active_deadline_seconds
    allowed = decimal(policy.max_gpu_hours_per_month) * _HOUR_S
    if not most or used + most <= allowed:
        return ""
    return (
        f"this month's retrainings have used {used / _HOUR_S:.1f} GPU hours and another may use "
        f"{most / _HOUR_S:.1f}, with {policy.max_gpu_hours_per_month} allowed: raise "
        "maxGpuHoursPerMonth, or shorten maxTrainingTime"
    )


def gpus_of(step: StepName, spec: TrainingRunSpec, platform: Platform) -> int:
    """GPUs that all pods of a step hold together."""
    field = "register_" if step is StepName.REGISTER else step.value
    asked = getattr(spec.resources, field)
    named = {} if asked is None else {**asked.requests, **asked.limits}
    default = dict(platform.job_defaults).get(step.value, {}).get("limits", {})
    asked_for = str(named.get(_GPU, default.get(_GPU, "0")))
    each = int(asked_for) if asked_for.isdigit() else 0
    match step:
        case StepName.TRAIN:
            return each * spec.trainer.nodes
        case StepName.SEARCH:
            return each * (spec.search.parallelism if spec.search else 0)
        case _:
            return each


def _length_s(step: StepStatus) -> int:
    if step.started_at is None or step.finished_at is None:
        return 0
    ended, began = whole_seconds(step.finished_at), whole_seconds(step.started_at)
    return max(0, int((ended - began).total_seconds()))
