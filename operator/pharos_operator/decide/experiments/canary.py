"""The Canary strategy: raise the candidate's share step by step while its guardrails pass.

The next step needs all of: the hold time, a fresh Pass of every judged metric, enough requests
*within this step* in both arms, and pods sized for the new share. Fail takes the share to 0 at
once, paused or not. NoData and Error hold, for as long as they last.
"""

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
    unavailable,
    unconfirmed,
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
    steps = look.spec.steps
    if index >= len(steps) or steps[index].percent == PROMOTION:
        return promote(draft, "every step passed all guardrails", pods_for(look, 1.0))
    return step_to(look, draft, index)


_RULES: tuple[Rule, ...] = (
    harmed,
    unavailable,
    paused,
    overdue,
    unconfirmed,
    too_early,
    not_passed,
    _next,
)
