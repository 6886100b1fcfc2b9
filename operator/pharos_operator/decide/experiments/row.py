"""The row of ``ab_test_experiments`` that belongs to an experiment (rows DBM-8 and ABT-19).

A projection: written when the experiment starts, whenever its share moves, and when it ends.
"""

from pharos_api.abexperiment import ABExperimentStatus, ExperimentPhase
from pharos_api.assignment import BUCKETS
from pharos_operator.decide.decision import RecordExperiment
from pharos_operator.decide.observation import ExperimentObservation


def row(obs: ExperimentObservation, status: ABExperimentStatus) -> RecordExperiment | None:
    """The row for this status; None before the start and where a version is gone."""
    if status.started_at is None or obs.control is None or obs.candidate is None:
        return None
    metadata = obs.experiment.metadata
    return RecordExperiment(
        uid=metadata.uid,
        name=metadata.name,
        control_uid=obs.control.metadata.uid,
        candidate_uid=obs.candidate.metadata.uid,
        traffic_split=status.exposure / BUCKETS,
        start=status.started_at,
        end=status.finished_at,
        status=_state(status.phase),
        results=_results(status),
    )


def _state(phase: ExperimentPhase) -> str:
    match phase:
        case ExperimentPhase.SUCCEEDED:
            return "completed"
        case ExperimentPhase.FAILED:
            return "failed"
        case ExperimentPhase.PAUSED:
            return "paused"
        case _:
            return "running"


def _results(status: ABExperimentStatus) -> tuple[tuple[str, str], ...]:
    if not status.phase.finished:
        return ()
    arms = status.arms
    return (
        ("verdict", str(status.verdict or "")),
        ("reason", status.reason),
        ("controlRequests", str(arms.control.requests)),
        ("controlErrors", str(arms.control.errors)),
        ("candidateRequests", str(arms.candidate.requests)),
        ("candidateErrors", str(arms.candidate.errors)),
    )
