"""Which decisions leave a record, and what it says: each moves traffic, or ends the experiment.

A record holds the judgement that the decision rests on, so that it can be judged again; what a
person or the cluster decided has a record as well, of an empty judgement. Must not decide.
"""

import json
from enum import StrEnum

from pharos_analysis.record import Case, Context, Way, document, judged
from pharos_analysis.samples import Facts
from pharos_api.abexperiment import ABExperimentStatus, Evidence, ExperimentPhase, Verdict
from pharos_api.meta import whole_seconds
from pharos_api.names import evidence_name, evidence_number
from pharos_operator.decide.decision import RecordEvidence
from pharos_operator.decide.experiments.engines import engines_of
from pharos_operator.decide.experiments.look import Look
from pharos_operator.decide.experiments.transitions import ExperimentDraft

KEPT = 20


class Moved(StrEnum):
    """What was decided."""

    STEP_UP = "StepUp"
    SHADOW_PASSED = "ShadowPassed"
    PROMOTE = "Promote"
    WATCHED = "Watched"
    ROLLBACK = "Rollback"
    GO_BACK = "GoBack"
    ABORT = "Abort"
    SUPERSEDED = "Superseded"


def recorded(look: Look, draft: ExperimentDraft, code: str) -> ExperimentDraft:
    """The draft with the record of what this look decided, if it decided anything.

    ``code`` is the version of Pharos that judges.
    """
    before = look.obs.experiment.status
    moved = moved_between(before, draft.status)
    if moved is None:
        return draft
    metadata, at = look.obs.experiment.metadata, whole_seconds(look.now)
    text = _document(look, draft, moved, code)
    name = evidence_name(metadata.name, _number(before), moved, text)
    entry = Evidence(name=name, decision=str(moved), at=at)
    listed = draft.set(evidence=[*before.evidence, entry][-KEPT:])
    return listed.do(RecordEvidence(name, text, metadata.uid, str(moved), at))


def moved_between(before: ABExperimentStatus, after: ABExperimentStatus) -> Moved | None:
    """What was decided between two statuses of one look."""
    if after.verdict is not before.verdict and after.verdict is not None:
        watched = before.phase is ExperimentPhase.WATCHING
        return Moved.GO_BACK if watched else _VERDICTS.get(after.verdict)
    if before.phase is ExperimentPhase.WATCHING and after.phase.finished:
        return Moved.WATCHED
    if before.mirror and not after.mirror:
        return Moved.SHADOW_PASSED
    return Moved.STEP_UP if after.current_step > before.current_step else None


# Invalid rests on no evidence, and Passed on that of ShadowPassed.
_VERDICTS = {
    Verdict.PROMOTE: Moved.PROMOTE,
    Verdict.ROLLBACK: Moved.ROLLBACK,
    Verdict.ABORT: Moved.ABORT,
    Verdict.SUPERSEDED: Moved.SUPERSEDED,
}


def _number(before: ABExperimentStatus) -> int:
    """The n-th decision. The list is bounded, so its last name counts and not its length."""
    return evidence_number(before.evidence[-1].name) + 1 if before.evidence else 1


def _document(look: Look, draft: ExperimentDraft, moved: Moved, code: str) -> str:
    case, judgement = look.case, look.judgement
    if case is None or judgement is None:
        case = Case(Way.ARMS, Facts(), look.now, look.spec)
        judgement = judged(case)
    before, after, metadata = look.obs.experiment.status, draft.status, look.obs.experiment.metadata
    control_engine, candidate_engine = engines_of(look.obs)
    context = Context(
        experiment=metadata.name,
        uid=metadata.uid,
        decision=str(moved),
        reason=judgement.message if moved is Moved.STEP_UP else after.reason,
        control_version=after.control_version,
        candidate_version=after.candidate_version,
        salt=after.salt,
        exposure=before.exposure,
        step=before.current_step,
        code=code,
        control_engine=control_engine,
        candidate_engine=candidate_engine,
    )
    found = document(case, judgement, context)
    return json.dumps(found, sort_keys=True, separators=(",", ":"))
