"""From findings to one ruling: the worst thing that is known decides, and doubt never promotes.

A Signal decides nothing. A metric without a value does what its policy says, once it has been so
for ``noDataGrace``; until then, and by default for ever, it holds. A missing value never counts as
a success: what is ignored neither holds nor wins. Must not measure anything.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import assert_never

from pharos_analysis.finding import Finding, Standing
from pharos_analysis.judgement import Distrust, Judgement, Ruling
from pharos_api.abexperiment import Outcome
from pharos_api.meta import seconds
from pharos_api.metrics import MetricRole, Policy


class Effect(IntEnum):
    """What one finding does to the ruling; the greatest decides."""

    NONE = 0
    CLEAR = 1
    IGNORED = 2
    OPEN = 3
    HOLD = 4
    HARM = 5


@dataclass(frozen=True, slots=True)
class Doubts:
    """What is known beside the findings.

    ``distrust`` says why the comparison is not to be trusted, ``unseen`` which metrics were not
    looked at this time, ``without_data_s`` for how long a metric has had no value.
    """

    distrust: tuple[tuple[Distrust, str], ...] = ()
    unseen: tuple[str, ...] = ()
    without_data_s: tuple[tuple[str, float], ...] = ()


def rule(findings: Sequence[Finding], doubts: Doubts) -> Judgement:
    """The judgement that follows: Harm before distrust before Hold before Proceed before Won."""
    waits = dict(doubts.without_data_s)
    effects = [(effect(found, waits), found) for found in findings]
    ruling, message = _ruling(effects, doubts)
    return Judgement(
        ruling=ruling,
        message=message,
        measured=tuple(found.measurement for found in findings),
        distrust=doubts.distrust,
        absent=tuple(
            dict.fromkeys(f.metric.name for f in findings if f.standing is Standing.ABSENT)
        ),
    )


def effect(found: Finding, without_data_s: Mapping[str, float]) -> Effect:
    """What one finding does, by its role, its standing and its policy."""
    if not found.decides:
        return Effect.NONE
    if found.standing is Standing.ABSENT:
        return _absent(found, without_data_s.get(found.metric.name, 0.0))
    return _EFFECTS[found.standing]


_EFFECTS = {
    Standing.HARM: Effect.HARM,
    Standing.SHORT: Effect.HOLD,
    Standing.OPEN: Effect.OPEN,
    Standing.CLEAR: Effect.CLEAR,
}


def _absent(found: Finding, waited_s: float) -> Effect:
    # Written so that a wait of NaN seconds is none.
    if not waited_s >= seconds(found.metric.no_data_grace):
        return Effect.HOLD
    policy = _policy(found)
    match policy:
        case Policy.HOLD:
            return Effect.HOLD
        case Policy.ROLLBACK:
            return Effect.HARM
        case Policy.IGNORE:
            return Effect.IGNORED
        case _:
            assert_never(policy)


def _policy(found: Finding) -> Policy:
    failed = found.measurement.outcome is Outcome.ERROR
    return found.metric.on_error if failed else found.metric.on_no_data


def _ruling(effects: Sequence[tuple[Effect, Finding]], doubts: Doubts) -> tuple[Ruling, str]:
    harm = _first(effects, Effect.HARM)
    if harm is not None and (harm.metric.role is MetricRole.GUARDRAIL or not doubts.distrust):
        return Ruling.HARM, _harm_sentence(harm)
    if doubts.distrust:
        return Ruling.HOLD, "; ".join(f"{why}: {said}" for why, said in doubts.distrust)
    held = _first(effects, Effect.HOLD)
    if held is not None:
        return Ruling.HOLD, held.sentence
    if doubts.unseen:
        return Ruling.HOLD, f"not looked at this time: {', '.join(doubts.unseen)}"
    return _going_on(effects)


def _going_on(effects: Sequence[tuple[Effect, Finding]]) -> tuple[Ruling, str]:
    clear = _first(effects, Effect.CLEAR)
    ignored = _first(effects, Effect.IGNORED)
    undecided = _first(effects, Effect.OPEN)
    if undecided is not None:
        return Ruling.PROCEED, f"no harm is seen; not decided yet: {undecided.sentence}"
    if clear is None:
        why = "no metric decides" if ignored is None else f"all is ignored: {ignored.sentence}"
        return (Ruling.HOLD if ignored is None else Ruling.PROCEED), why
    if ignored is not None and ignored.metric.role is MetricRole.GOAL:
        return Ruling.PROCEED, f"a goal without a value is not reached: {ignored.sentence}"
    goals = [f for e, f in effects if e is Effect.CLEAR and f.metric.role is MetricRole.GOAL]
    if goals:
        return Ruling.WON, f"every goal is reached: {goals[0].sentence}"
    return Ruling.WON, f"every guardrail passes: {clear.sentence}"


def _first(effects: Sequence[tuple[Effect, Finding]], wanted: Effect) -> Finding | None:
    """The first of an effect; a guardrail before a goal, because distrust does not stop it."""
    found = [each for effect, each in effects if effect is wanted]
    return min(found, key=lambda f: f.metric.role is not MetricRole.GUARDRAIL, default=None)


def _harm_sentence(harm: Finding) -> str:
    query = f"; query {harm.measurement.query}" if harm.measurement.query else ""
    if harm.standing is not Standing.ABSENT:
        return harm.sentence + query
    field = "onError" if harm.measurement.outcome is Outcome.ERROR else "onNoData"
    grace = harm.metric.no_data_grace
    return f"{harm.sentence}{query}; {field} is Rollback after noDataGrace {grace}"
