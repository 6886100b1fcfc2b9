"""The standing guard of production (rows RBK-1 to RBK-3): the version before it returns on harm.

It goes back, never on: only to an older version that is still there and not quarantined, so a
rollback cannot answer a rollback, and one promotion is taken back once. While an experiment moves
production itself, the guard is silent. Nothing is done on what is not known.
"""

import json
from datetime import datetime, timedelta
from typing import assert_never

from pharos_analysis.alone import limits_of
from pharos_analysis.judgement import Judgement, Ruling
from pharos_analysis.record import Case, Context, Way, document, judged
from pharos_analysis.samples import Facts, Sample
from pharos_api.abexperiment import ExperimentPhase, Outcome
from pharos_api.decision import DecisionRule
from pharos_api.meta import span, whole_seconds
from pharos_api.metrics import BuiltIn
from pharos_api.model import IncomingCause, ModelStatus
from pharos_api.modelversion import ModelVersion
from pharos_api.names import evidence_name
from pharos_api.versioning import is_newer
from pharos_operator.decide.conditions import (
    Finding,
    ModelCondition,
    ModelReason,
    condition,
    is_true,
)
from pharos_operator.decide.decision import RecordEvidence
from pharos_operator.decide.models.production import ModelDraft, expect, named
from pharos_operator.decide.observation import ModelObservation
from pharos_operator.decide.versions.serving_need import is_active, is_quarantined

# A bad version mostly shows itself soon; later a look costs more than it finds.
OFTEN_FOR = timedelta(minutes=10)
OFTEN_S, SOMETIMES_S, SELDOM_S = 1.0, 10.0, 60.0
DECISION = "GuardRollback"
_MOVE_PRODUCTION = frozenset(
    {ExperimentPhase.PROMOTING, ExperimentPhase.WATCHING, ExperimentPhase.ROLLING_BACK}
)


def guarded(obs: ModelObservation, draft: ModelDraft, now: datetime) -> ModelDraft:
    """Take production back to the version before it, where what production does is harm."""
    back = way_back(obs, draft.status)
    if back is None or obs.production is None:
        return draft
    case = _case(obs, obs.production, now)
    judgement = judged(case)
    if judgement.ruling is not Ruling.HARM:
        return draft.find(*_standing(draft.status, judgement))
    message = f"{_words(judgement)}: {judgement.message}"
    reason = ModelReason.AUTOMATIC_ROLLBACK
    finding = condition(ModelCondition.PRODUCTION_GUARD, False, reason, message)
    context = _context(obs, draft.status, message)
    draft = draft.do(_record(obs, case, judgement, context))
    draft = draft.find(finding).warn(reason, message)
    return expect(draft, back, IncomingCause.ROLLBACK, message, now)


def way_back(obs: ModelObservation, status: ModelStatus) -> ModelVersion | None:
    """The version that would return; None while the guard has nothing to go back to."""
    production, previous = status.production, status.previous
    if production is None or previous is None or status.incoming is not None:
        return None
    if not is_newer(production.version, than=previous.version):
        return None
    if any(is_active(e) and e.status.phase in _MOVE_PRODUCTION for e in obs.experiments):
        return None
    version = named(obs, previous.name)
    if version is None or version.metadata.deletion_timestamp is not None:
        return None
    return None if is_quarantined(status, version.spec.artifact.sha256) else version


def look_again_s(obs: ModelObservation, status: ModelStatus, now: datetime) -> float | None:
    """When to look at production again: often after a promotion, each minute for good."""
    production = status.production
    if production is None or production.since is None or way_back(obs, status) is None:
        return None
    age = now - production.since
    if age < OFTEN_FOR:
        return OFTEN_S
    return SOMETIMES_S if age < span(obs.model.spec.promotion.rollback_window) else SELDOM_S


def _case(obs: ModelObservation, seen: Sample, now: datetime) -> Case:
    limits = limits_of(obs.model.spec.promotion.guard)
    return Case(Way.ALONE, Facts(audited=seen), now, limits=limits, rule=DecisionRule())


def _standing(status: ModelStatus, judgement: Judgement) -> tuple[Finding, ...]:
    """Without figures, and steady where traffic is thin: a healthy production costs no write."""
    kind = ModelCondition.PRODUCTION_GUARD
    match judgement.ruling:
        case Ruling.PROCEED | Ruling.WON:
            message = "production keeps its limits"
            return (condition(kind, True, ModelReason.WITHIN_LIMITS, message),)
        case Ruling.HOLD | Ruling.HARM:
            failed = any(m.outcome is Outcome.ERROR for m in judgement.measured)
            if not failed and is_true(status.conditions, kind):
                return ()
            message = "the metrics cannot be read" if failed else "too little is known to judge it"
            return (condition(kind, None, ModelReason.GUARD_HOLDS, f"production: {message}"),)
        case _:
            assert_never(judgement.ruling)


def _words(judgement: Judgement) -> str:
    """The words of rows RBK-2 and RBK-3."""
    failed = [m.metric for m in judgement.measured if m.outcome is Outcome.FAIL]
    what = "high error rate" if BuiltIn.ERROR_RATE in failed else "high latency"
    return f"Automatic rollback triggered: {what}"


def _context(obs: ModelObservation, status: ModelStatus, message: str) -> Context:
    metadata, production, previous = obs.model.metadata, status.production, status.previous
    return Context(
        experiment=metadata.name,
        uid=metadata.uid,
        decision=DECISION,
        reason=message,
        control_version="" if previous is None else previous.version,
        candidate_version="" if production is None else production.version,
    )


def _record(
    obs: ModelObservation, case: Case, judgement: Judgement, context: Context
) -> RecordEvidence:
    """Named by the route's revision, which rises with every switch of production."""
    revision = obs.model.status.route.revision
    found = document(case, judgement, context)
    text = json.dumps(found, sort_keys=True, separators=(",", ":"))
    return RecordEvidence(
        name=evidence_name(context.experiment, revision, DECISION, text),
        document=text,
        experiment_uid=context.uid,
        decision=DECISION,
        at=whole_seconds(case.at),
    )
