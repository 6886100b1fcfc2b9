"""The ABTest strategy: two equal arms for a fixed time.

Harm ends it at any time. The duration is the horizon: before it ends only a test whose goals are
all reached may promote, and not within the first seventh (a day of a week), because what is new is
clicked on. At the end it promotes where every goal is reached, or where none is given and every
guardrail passes; else it is held until ``maxDuration`` and its rule.
"""

from pharos_analysis.judgement import Ruling
from pharos_api.meta import span
from pharos_operator.decide.experiments.exposure import (
    enough_requests,
    note_pods,
    note_share,
    pods_for,
    step_to,
)
from pharos_operator.decide.experiments.look import Look
from pharos_operator.decide.experiments.rules import (
    Rule,
    first_of,
    harmed,
    not_passed,
    overdue,
    paused,
    too_early,
    too_few,
    unavailable,
    unconfirmed,
    undecided,
)
from pharos_operator.decide.experiments.transitions import ExperimentDraft, promote, promoted

NOVELTY_SHARE = 1 / 7


def begin(look: Look, draft: ExperimentDraft) -> ExperimentDraft:
    """Give each arm its share, once the candidate's pods are ready for it."""
    return step_to(look, draft, 0)


def progress(look: Look, draft: ExperimentDraft) -> ExperimentDraft:
    """The next draft of a Progressing or Paused test: the first rule that applies."""
    return first_of(_RULES, look, note_share(look, note_pods(look, draft)))


def arrived(look: Look, draft: ExperimentDraft) -> ExperimentDraft:
    """The candidate is production: that is the end."""
    return promoted(draft, look.now)


def _won_early(look: Look, draft: ExperimentDraft) -> ExperimentDraft | None:
    """Valid at any look, because the test of a goal is sequential."""
    started = draft.status.step_started_at
    novelty = span(look.spec.ab_test.duration) * NOVELTY_SHARE
    if started is None or look.now - started < novelty or not look.has_goals:
        return None
    reached = look.ruling is Ruling.WON and enough_requests(look, draft)
    return _won(look, draft) if reached else None


def _won(look: Look, draft: ExperimentDraft) -> ExperimentDraft:
    found = "" if look.judgement is None else look.judgement.message
    return promote(draft, f"the candidate won the test: {found}", pods_for(look, 1.0))


_RULES: tuple[Rule, ...] = (
    harmed,
    unavailable,
    paused,
    overdue,
    unconfirmed,
    _won_early,
    too_early,
    not_passed,
    too_few,
    undecided,
    _won,
)
