"""The row of ``ab_test_experiments`` that belongs to an experiment (rows DBM-8 and ABT-19).

A projection: written when the experiment starts, whenever its share moves, and when it ends.
"""

from typing import assert_never

from pharos_api.abexperiment import ABExperimentStatus, ExperimentPhase, Verdict
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
        status=_state(status),
        results=_results(status),
    )


def _state(status: ABExperimentStatus) -> str:
    """One of the three values that the table takes (row DBM-9).

    An experiment that rolled back did its work; one that was ended from outside did not.
    """
    match status.phase:
        case ExperimentPhase.SUCCEEDED:
            return "completed"
        case ExperimentPhase.FAILED:
            return "completed" if status.verdict is Verdict.ROLLBACK else "cancelled"
        case (
            ExperimentPhase.PENDING
            | ExperimentPhase.STARTING
            | ExperimentPhase.STAGING
            | ExperimentPhase.SHADOWING
            | ExperimentPhase.PROGRESSING
            | ExperimentPhase.PAUSED
            | ExperimentPhase.PROMOTING
            | ExperimentPhase.WATCHING
            | ExperimentPhase.ROLLING_BACK
        ):
            return "running"
        case _:
            assert_never(status.phase)


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
