"""The life of an ABExperiment: admission, start, the strategy's course, promotion or rollback.

    Pending -> Starting -> Staging -> the strategy's course -> Promoting -> Succeeded

    Canary, ABTest   Progressing <-> Paused
    Shadow           Shadowing <-> Paused, then Progressing <-> Paused, or Succeeded
    BlueGreen        nothing before Promoting, and Watching after it

    given up: RollingBack -> Failed where traffic was met, Failed before

What is common to all strategies is here and in ``starting.py`` and ``ending.py``; what happens
between staging and promotion is the strategy's own file. Must not move traffic itself: it states
the exposure and the mirror, the Model derives its route.
"""

from datetime import datetime
from typing import assert_never

from pharos_api.abexperiment import ABExperimentStatus, ExperimentPhase
from pharos_operator.decide.conditions import merge
from pharos_operator.decide.decision import Decision, Platform
from pharos_operator.decide.draft import Draft
from pharos_operator.decide.experiments import engines, evidence
from pharos_operator.decide.experiments.commands import obey
from pharos_operator.decide.experiments.ending import promoting, rolling_back, verdict_of
from pharos_operator.decide.experiments.interruption import interrupted, left_production
from pharos_operator.decide.experiments.look import Look, look_at
from pharos_operator.decide.experiments.recording import recorded
from pharos_operator.decide.experiments.row import row
from pharos_operator.decide.experiments.starting import BEFORE_TRAFFIC, pending, starting
from pharos_operator.decide.experiments.strategies import course_of
from pharos_operator.decide.experiments.transitions import ExperimentDraft
from pharos_operator.decide.observation import ExperimentObservation

_MOVES_AT_MOST = 8


def decide(
    obs: ExperimentObservation, platform: Platform, now: datetime
) -> Decision[ABExperimentStatus]:
    """What one look at an experiment leads to."""
    before = obs.experiment.status
    if obs.experiment.metadata.deletion_timestamp is not None:
        return Decision(before)
    look = None if obs.model is None else look_at(obs, obs.model, now)
    draft = _settle(obs, look, obey(Draft(before), now), now)
    if look is not None:
        draft = recorded(look, draft, platform.git_commit)
    return _concluded(obs, draft, now)


def _settle(
    obs: ExperimentObservation, look: Look | None, draft: ExperimentDraft, now: datetime
) -> ExperimentDraft:
    """Move on until nothing moves: looking again at the same things changes nothing more."""
    for _ in range(_MOVES_AT_MOST):
        following = _advance(obs, look, draft, now)
        if following.status.phase is draft.status.phase:
            return following
        draft = following
        look = None if look is None else look.without_evidence()
    return draft


def _advance(
    obs: ExperimentObservation, look: Look | None, draft: ExperimentDraft, now: datetime
) -> ExperimentDraft:
    phase = draft.status.phase
    match phase:
        case ExperimentPhase.PENDING:
            return pending(obs, draft, now)
        case (
            ExperimentPhase.STARTING
            | ExperimentPhase.STAGING
            | ExperimentPhase.SHADOWING
            | ExperimentPhase.PROGRESSING
            | ExperimentPhase.PAUSED
        ):
            return draft if look is None else _running(look, draft)
        case ExperimentPhase.PROMOTING:
            return draft if look is None else promoting(look, draft)
        case ExperimentPhase.WATCHING:
            return draft if look is None else _watching(look, draft)
        case ExperimentPhase.ROLLING_BACK:
            return rolling_back(look, draft, now)
        case ExperimentPhase.SUCCEEDED | ExperimentPhase.FAILED:
            return draft
        case _:
            assert_never(phase)


def _running(look: Look, draft: ExperimentDraft) -> ExperimentDraft:
    ended = interrupted(look.obs, look.model, draft, look.now)
    if ended is not None:
        return ended
    if draft.status.phase in BEFORE_TRAFFIC:
        return starting(look, draft)
    return _progressed(look, draft)


def _watching(look: Look, draft: ExperimentDraft) -> ExperimentDraft:
    """The candidate is production already: only what moves production ends this from outside."""
    ended = left_production(look.obs, look.model, draft, look.now)
    return ended or _progressed(look, draft)


def _progressed(look: Look, draft: ExperimentDraft) -> ExperimentDraft:
    """Show what was judged and what computes, and let the strategy move."""
    shown = engines.compared(look, evidence.shown(look, draft))
    return course_of(look.spec.strategy).progress(look, shown)


def _concluded(
    obs: ExperimentObservation, draft: ExperimentDraft, now: datetime
) -> Decision[ABExperimentStatus]:
    before = obs.experiment.status
    if draft.status.phase.finished and not before.phase.finished:
        draft = draft.find(*verdict_of(draft.status))
    generation = obs.experiment.metadata.generation
    conditions = merge(draft.status.conditions, draft.findings, generation, now)
    if before.phase.finished:
        conditions = merge(before.conditions, draft.findings, before.observed_generation, now)
        generation = before.observed_generation
    draft = draft.set(conditions=conditions, observed_generation=generation)
    recorded_row = row(obs, draft.status)
    if recorded_row is not None and recorded_row != row(obs, before):
        draft = draft.do(recorded_row)
    return Decision(draft.status, draft.actions, draft.events, _look_again_s(draft.status))


def _look_again_s(status: ABExperimentStatus) -> float | None:
    match status.phase:
        case ExperimentPhase.PENDING:
            return 5.0
        case ExperimentPhase.SUCCEEDED | ExperimentPhase.FAILED:
            return None
        case _:
            return 1.0
