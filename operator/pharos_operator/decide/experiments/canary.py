"""The Canary strategy: raise the candidate's share step by step while its guardrails pass.

The next step needs all of: the hold time, a fresh ruling without harm or doubt, enough requests
*within this step* in both arms, and pods sized for the new share. The promotion needs every goal
reached as well, where goals are given. Harm takes the share to 0 at once, paused or not. What is
not known holds, for as long as it lasts.
"""

from pharos_operator.decide.experiments.course import steps_of
from pharos_operator.decide.experiments.exposure import (
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

PROMOTION = 100


def begin(look: Look, draft: ExperimentDraft) -> ExperimentDraft:
    """Give the candidate its first share, once its pods are ready for it."""
    return step_to(look, draft, 0)


def progress(look: Look, draft: ExperimentDraft) -> ExperimentDraft:
    """The next draft of a Progressing or Paused canary: the first rule that applies."""
    return first_of(_RULES, look, note_share(look, note_pods(look, draft)))


def arrived(look: Look, draft: ExperimentDraft) -> ExperimentDraft:
    """The candidate is production: that is the end."""
    return promoted(draft, look.now)


def _next(look: Look, draft: ExperimentDraft) -> ExperimentDraft:
    index = draft.status.current_step + 1
    steps = steps_of(look.spec)
    if index < len(steps) and steps[index].percent < PROMOTION:
        return step_to(look, draft, index)
    return undecided(look, draft) or promote(draft, _why(look), pods_for(look, 1.0))


def _why(look: Look) -> str:
    if not look.has_goals or look.judgement is None:
        return "every step passed all guardrails"
    return f"every step passed all guardrails, and {look.judgement.message}"


_RULES: tuple[Rule, ...] = (
    harmed,
    unavailable,
    paused,
    overdue,
    unconfirmed,
    too_early,
    not_passed,
    too_few,
    _next,
)
