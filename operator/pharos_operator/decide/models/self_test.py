"""The A/A self-test of a Model: when it is due, what is tested, and the condition that follows.

AnalysisTrustworthy is True, False, or Unknown where there is too little traffic. The time is kept
in the status, so that it is made once a day whatever restarts; too little traffic is no test and
leaves no time behind. Must not count anything, nor hold an experiment: that reads the condition.
"""

from datetime import datetime, timedelta
from typing import assert_never

from pharos_analysis.false_alarms import Plan
from pharos_analysis.self_test import Trust
from pharos_api.abexperiment import DEFAULT_METRICS
from pharos_api.decision import DecisionRule, Health
from pharos_api.meta import ConditionStatus, whole_seconds
from pharos_api.model import Model
from pharos_operator.decide.conditions import ModelCondition, condition, find
from pharos_operator.decide.models.production import ModelDraft
from pharos_operator.decide.observation import ModelObservation, SelfTested

EVERY = timedelta(days=1)
# What the log is asked for.
WINDOW = timedelta(days=7)
_KIND = ModelCondition.ANALYSIS_TRUSTWORTHY


def is_due(model: Model, now: datetime) -> bool:
    """Whether there was no test yet, or a day has passed, or the spec is another one since then."""
    status, last = model.status, model.status.self_tested_at
    if status.production is None:
        return False
    known = find(status.conditions, _KIND)
    if last is None or known is None or now - last >= EVERY:
        return True
    return known.observed_generation != model.metadata.generation


def plan_of(model: Model, now: datetime) -> Plan:
    """The metrics and levels that the policy gives experiments, and new salts each day."""
    policy = model.spec.promotion
    metrics = tuple(policy.metrics or DEFAULT_METRICS)
    seed = f"{model.metadata.uid}/{now.date().isoformat()}"
    return Plan(metrics, policy.decision or DecisionRule(), Health(), seed)


def tested(obs: ModelObservation, draft: ModelDraft) -> ModelDraft:
    """The draft with what the last self-test found, unless the status knows of a later one."""
    test, before = obs.self_test, draft.status.self_tested_at
    # Said once, so that the condition keeps the generation of the spec that was tested.
    if test is None or (before is not None and whole_seconds(test.at) <= before):
        return draft
    status, message = _status(test.found.trust), _message(test)
    if status is not ConditionStatus.UNKNOWN:
        draft = draft.set(self_tested_at=whole_seconds(test.at))
    known = find(draft.status.conditions, _KIND)
    if status is ConditionStatus.FALSE and (known is None or known.status is not status):
        draft = draft.warn(test.found.trust, message)
    return draft.find(condition(_KIND, status, test.found.trust, message))


def _status(trust: Trust) -> ConditionStatus:
    match trust:
        case Trust.TRUSTED:
            return ConditionStatus.TRUE
        case Trust.FALSE_ALARMS | Trust.UNEVEN_LOT | Trust.REPEATED_ROWS:
            return ConditionStatus.FALSE
        case Trust.TOO_LITTLE:
            return ConditionStatus.UNKNOWN
        case _:
            assert_never(trust)


def _message(test: SelfTested) -> str:
    where = f"A/A self-test on {WINDOW.days} days of {test.version} outside of experiments"
    if test.found.trust is Trust.TOO_LITTLE:
        return f"too little traffic for an {where}: {test.found.message}, and is tried by itself"
    return f"{where}: {test.found.message}"
