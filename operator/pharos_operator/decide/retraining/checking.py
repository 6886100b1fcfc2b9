"""A Model's checks: what each is told, which has ended, and what it answered.

Reads Jobs; must not decide what becomes of an answer.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pharos_api.checking import CheckedVersion, CheckInput, CheckResult
from pharos_api.data import Data
from pharos_api.meta import rfc3339
from pharos_api.model import Model, ModelStatus, RetrainingPolicy, VersionPointer
from pharos_api.modelversion import ModelVersion
from pharos_operator.decide.decision import Platform
from pharos_operator.decide.models.production import named
from pharos_operator.decide.observation import JobState, JobView, ModelObservation
from pharos_operator.decide.retraining.attempts import last_attempt
from pharos_operator.decide.retraining.template import as_run, flaw_of, known_until

# The Job's end and its pod's termination message come by two watches.
_RESULT_GRACE = timedelta(seconds=30)
_RESULT_POLL_S = 2.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a check that has ended said: a result, or the sentence of one that said nothing."""

    job: JobView
    result: CheckResult | None
    failure: str = ""


def check_input(
    obs: ModelObservation, status: ModelStatus, platform: Platform, forced: str = ""
) -> CheckInput:
    """What a check is told; the same for as long as the Model and its production are."""
    model, policy = obs.model, obs.model.spec.retraining or RetrainingPolicy()
    pointer = status.production
    version = None if pointer is None else named(obs, pointer.name)
    labels = model.spec.labels or (version.spec.labels if version else None)
    return CheckInput(
        namespace=model.metadata.namespace,
        model=model.metadata.name,
        uid=model.metadata.uid,
        artifact_root=platform.artifact_root,
        policy=policy.model_copy(update={"template": None}),
        drift=model.spec.drift,
        data=_data(model, policy),
        labels=labels or None,
        production=_checked(version, pointer) if version and pointer else None,
        attempt=last_attempt(obs, status),
        forced=forced,
    )


def answered(obs: ModelObservation, status: ModelStatus, now: datetime) -> Answer | None:
    """The oldest check that has ended and was not acted on; None while its answer may yet come."""
    fresh = _ended(obs, status)
    if not fresh or _awaits_result(fresh[0], now):
        return None
    return _read(fresh[0])


def running(obs: ModelObservation) -> JobView | None:
    """A check that has not ended."""
    return next((job for job in obs.checks if not job.state.ended), None)


def look_again_s(obs: ModelObservation, status: ModelStatus, now: datetime) -> float | None:
    """When to look for an answer that may yet come, or for the next one; None where none is."""
    fresh = _ended(obs, status)
    if not fresh or obs.model.spec.retraining is None:
        return None
    return _RESULT_POLL_S if _awaits_result(fresh[0], now) else 0.0


def _data(model: Model, policy: RetrainingPolicy) -> Data | None:
    if policy.template is None or flaw_of(model, policy):
        return None
    return as_run(model, policy, policy.template).data


def _checked(version: ModelVersion, pointer: VersionPointer) -> CheckedVersion:
    spec, day = version.spec, known_until(version)
    return CheckedVersion(
        name=version.metadata.name,
        uid=version.metadata.uid,
        version=spec.version,
        model_uri=spec.artifact.uri,
        dataset_sha256=spec.lineage.dataset_sha256 or "",
        accuracy=spec.metrics.test_accuracy,
        promoted_at=None if pointer.since is None else rfc3339(pointer.since),
        trained_at=f"{day}T00:00:00Z" if day else None,
    )


def _ended(obs: ModelObservation, status: ModelStatus) -> list[JobView]:
    acted = status.retraining.acted if status.retraining else []
    fresh = [job for job in obs.checks if job.state.ended and job.uid not in acted]
    return sorted(fresh, key=_by_end)


def _by_end(job: JobView) -> tuple[str, str]:
    return "" if job.finished_at is None else rfc3339(job.finished_at), job.uid


def _awaits_result(job: JobView, now: datetime) -> bool:
    pod = job.pod
    if (pod is not None and pod.exit_code is not None) or job.finished_at is None:
        return False
    return now < job.finished_at + _RESULT_GRACE


def _read(job: JobView) -> Answer:
    result = _result(job)
    if result is not None and result.error is not None:
        return Answer(job, None, result.error.message)
    if result is None or job.state is JobState.FAILED:
        return Answer(job, None, _silent(job))
    return Answer(job, result)


def _result(job: JobView) -> CheckResult | None:
    if job.pod is None or not job.pod.message.lstrip().startswith("{"):
        return None
    try:
        return CheckResult.model_validate_json(job.pod.message)
    except ValueError:
        return None


def _silent(job: JobView) -> str:
    if job.state is JobState.COMPLETE:
        return "it ended well, but its answer cannot be read"
    if job.pod is not None and job.pod.oom_killed:
        return "it ran out of memory"
    code = None if job.pod is None else job.pod.exit_code
    ending = "" if code is None else f" with exit code {code}"
    why = f": {job.message}" if job.message else ""
    return f"it ended without an answer{ending}{why}"
