"""The moves between the phases of an experiment that every strategy shares.

Each is a whole move: phase, exposure, verdict, times and event together, so that no strategy can
forget the exposure when it gives up.
"""

from datetime import datetime

from pharos_api.abexperiment import ABExperimentStatus, ExperimentPhase, Verdict
from pharos_api.meta import whole_seconds
from pharos_operator.decide.conditions import ExperimentReason
from pharos_operator.decide.draft import Draft

ExperimentDraft = Draft[ABExperimentStatus]
_BEFORE_TRAFFIC = frozenset(
    {ExperimentPhase.PENDING, ExperimentPhase.STARTING, ExperimentPhase.STAGING}
)


def roll_back(
    draft: ExperimentDraft, verdict: Verdict, reason: str, message: str, now: datetime
) -> ExperimentDraft:
    """Ask for exposure 0 and no mirror at once; nothing is needed of the candidate.

    An experiment that never asked for traffic has nothing to take back and ends here.
    """
    met = draft.status.phase not in _BEFORE_TRAFFIC
    given_up = draft.set(
        phase=ExperimentPhase.ROLLING_BACK if met else ExperimentPhase.FAILED,
        exposure=0,
        mirror=0,
        weight_verified=not met,
        verdict=verdict,
        reason=message,
        failed_at=whole_seconds(now),
        finished_at=None if met else whole_seconds(now),
        paused=False,
        paused_at=None,
        candidate_unready_since=None,
    )
    return given_up.warn(reason, message)


def rolled_back(draft: ExperimentDraft, now: datetime) -> ExperimentDraft:
    """All gateways confirmed that the candidate gets nothing."""
    ended = draft.set(
        phase=ExperimentPhase.FAILED,
        exposure=0,
        weight=0,
        weight_verified=True,
        finished_at=whole_seconds(now),
    )
    return ended.tell(ExperimentReason.ROLLED_BACK, "all traffic is back on the control")


def promote(draft: ExperimentDraft, message: str, replicas: int) -> ExperimentDraft:
    """Ask the Model to make the candidate production, served by ``replicas`` pods at least."""
    asked = draft.set(
        phase=ExperimentPhase.PROMOTING,
        mirror=0,
        verdict=Verdict.PROMOTE,
        reason=message,
        paused=False,
        paused_at=None,
        candidate_replicas=max(replicas, draft.status.candidate_replicas),
    )
    return asked.tell(ExperimentReason.PROMOTING, message)


def promoted(draft: ExperimentDraft, now: datetime) -> ExperimentDraft:
    """The candidate is production and all gateways confirmed it."""
    ended = draft.set(
        phase=ExperimentPhase.SUCCEEDED,
        exposure=0,
        weight=100,
        weight_verified=True,
        finished_at=whole_seconds(now),
    )
    return ended.tell(ExperimentReason.PROMOTED, "the candidate is in production")


def passed(draft: ExperimentDraft, now: datetime) -> ExperimentDraft:
    """The shadow passed, all gateways have stopped to mirror, and nothing more is asked."""
    ended = draft.set(
        phase=ExperimentPhase.SUCCEEDED,
        verdict=Verdict.PASSED,
        mirror=0,
        weight=0,
        weight_verified=True,
        finished_at=whole_seconds(now),
        candidate_unready_since=None,
    )
    return ended.tell(ExperimentReason.PASSED, f"{draft.status.reason}; nothing was moved")
