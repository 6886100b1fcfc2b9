"""The staging stage: what one look at the verify Job leads to, a row for each end."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from decide_builders import NOW, PLATFORM, after, experiment, model, name_of, seen, version

from pharos_api.abexperiment import ExperimentPhase, ExperimentStrategy, Verdict
from pharos_api.delivery import BlueGreenPlan, Staging, StagingMode
from pharos_api.meta import Command, ConditionStatus
from pharos_api.model import ModelSpec, Route
from pharos_api.verification import VerifyError, VerifyReason, VerifyResult
from pharos_operator.decide.conditions import ExperimentReason
from pharos_operator.decide.decision import VerifyCandidate
from pharos_operator.decide.draft import Draft
from pharos_operator.decide.experiments.experiment import decide
from pharos_operator.decide.experiments.staging import Staged, StagingOutcome, stage
from pharos_operator.decide.observation import (
    ExperimentObservation,
    JobState,
    JobView,
    PodView,
)

RUNNING = {"phase": ExperimentPhase.STARTING, "control_version": "v1.0.0"}
GOOD = VerifyResult(checks=9, references=200, disagreements=1, largest_difference="0.031000")


def job(state: JobState, reason: str = "", **pod: Any) -> JobView:
    last = PodView(name="p", **pod) if pod else None
    return JobView("x-verify", "uid-j", state, reason=reason, pod=last)


def said(reason: VerifyReason, sentence: str) -> str:
    error = VerifyError(reason=reason, message=sentence)
    return VerifyResult(checks=1, error=error).to_termination_message()


def look(
    verification: JobView | None = None, spec: dict[str, Any] | None = None, **status: Any
) -> ExperimentObservation:
    what = experiment(spec={"staging": Staging()} | (spec or {}), **(RUNNING | status))
    return seen(what, model("v1.0.0"), version("v1.1.0"), verification=verification)


def staged(obs: ExperimentObservation) -> Staged:
    return stage(obs, Draft(obs.experiment.status), NOW)


@pytest.mark.requirement("DEP-1")
@pytest.mark.requirement("DEP-2")
def test_the_first_look_starts_the_job_on_the_candidate_s_own_service() -> None:
    first = staged(look())
    assert first.outcome is StagingOutcome.WAITING
    assert first.draft.status.phase is ExperimentPhase.STAGING
    assert first.draft.status.exposure == 0
    (action,) = first.draft.actions
    assert isinstance(action, VerifyCandidate)
    assert action.job == "rollout-uid-x-verify"
    told = action.verify_input
    assert told.url == "http://arxiv-v1-1-0.default.svc:8080"
    assert (told.model, told.version) == ("arxiv", "v1.1.0")
    assert told.artifact_uri == "file:///artifacts/v1.1.0"
    assert (told.deadline_s, told.max_disagreement_percent, told.warm_up_requests) == (600, 0, 5)


def test_a_look_without_a_job_again_asks_for_the_same_job() -> None:
    first = staged(look())
    again = staged(look(phase=ExperimentPhase.STAGING))
    assert again.draft.actions == first.draft.actions


def test_the_plan_s_figures_reach_the_job() -> None:
    plan = {
        "staging": Staging(deadline="90s", max_disagreement_percent=3),
        "strategy": ExperimentStrategy.BLUE_GREEN,
        "blue_green": BlueGreenPlan(warm_up_requests=70),
    }
    (action,) = staged(look(spec=plan)).draft.actions
    assert isinstance(action, VerifyCandidate)
    told = action.verify_input
    assert (told.deadline_s, told.max_disagreement_percent, told.warm_up_requests) == (90, 3, 70)


LABELS = {
    "the labels that the Model declares": (["a", "b"], ["b", "c"], ["a", "b"]),
    "else those of the control": (None, ["b", "c"], ["b", "c"]),
    "else none": (None, [], []),
}


@pytest.mark.parametrize(("declared", "control", "promised"), LABELS.values(), ids=LABELS)
def test_which_labels_are_promised(
    declared: list[str] | None, control: list[str], promised: list[str]
) -> None:
    known = version("v1.0.0")
    known = known.model_copy(update={"spec": known.spec.model_copy(update={"labels": control})})
    of = model("v1.0.0", ModelSpec(labels=declared))
    obs = replace(look(), model=of, control=known)
    (action,) = staged(obs).draft.actions
    assert isinstance(action, VerifyCandidate)
    assert action.verify_input.promised_labels == promised


WAITING = {
    "a running Job": (job(JobState.ACTIVE), "Job x-verify tries the candidate"),
    "a pod that no node takes": (
        job(JobState.ACTIVE, unschedulable="0/3 nodes: cpu"),
        "Job x-verify tries the candidate: 0/3 nodes: cpu",
    ),
    "an image that cannot be pulled": (
        job(JobState.ACTIVE, waiting="ImagePullBackOff: no such image"),
        "ImagePullBackOff: no such image",
    ),
    "a suspended Job": (job(JobState.SUSPENDED), "it is suspended"),
}


@pytest.mark.parametrize(("verification", "sentence"), WAITING.values(), ids=WAITING)
def test_a_job_that_has_not_ended_is_waited_for(verification: JobView, sentence: str) -> None:
    found = staged(look(verification))
    assert (found.outcome, found.draft.actions) == (StagingOutcome.WAITING, ())
    assert found.draft.events == ()
    (finding,) = found.draft.findings
    assert (finding.type, finding.reason) == ("Progressing", ExperimentReason.STAGING)
    assert sentence in finding.message


PASSED = {
    "a result that can be read": (
        GOOD.to_termination_message(),
        "the candidate passed 9 checks on its own Service; 1 of 200 reference answers have another "
        "label, the largest difference of a score is 0.031000.",
    ),
    "a version without reference answers": (
        VerifyResult(checks=8, warnings=["It was imported."]).to_termination_message(),
        "passed 8 checks on its own Service. It was imported.",
    ),
    "a message that is no result": ('{"level": "INFO"}', "passed all checks"),
}


@pytest.mark.requirement("DEP-4")
@pytest.mark.parametrize(("message", "sentence"), PASSED.values(), ids=PASSED)
def test_a_finished_job_passes_the_stage_once(message: str, sentence: str) -> None:
    found = staged(look(job(JobState.COMPLETE, exit_code=0, message=message)))
    assert found.outcome is StagingOutcome.PASSED
    assert found.draft.status.staged_at == NOW
    assert found.draft.status.phase is ExperimentPhase.STAGING
    (finding,) = found.draft.findings
    assert (finding.type, finding.status) == ("Staged", ConditionStatus.TRUE)
    assert sentence in finding.message
    again = staged(look(None, phase=ExperimentPhase.STAGING, staged_at=NOW))
    assert (again.outcome, again.draft.actions, again.draft.events) == (
        StagingOutcome.PASSED,
        (),
        (),
    )


def test_a_plan_may_skip_the_stage() -> None:
    found = staged(look(spec={"staging": Staging(mode=StagingMode.SKIP)}))
    assert (found.outcome, found.draft.actions) == (StagingOutcome.PASSED, ())
    assert found.draft.status.phase is ExperimentPhase.STARTING
    assert found.draft.status.staged_at == NOW
    assert found.draft.findings[0].reason == ExperimentReason.STAGING_SKIPPED


@dataclass(frozen=True)
class End:
    """A failed Job: how the experiment ends and what a person reads."""

    verification: JobView
    verdict: Verdict
    reason: VerifyReason
    sentence: str


def failed(reason: VerifyReason, verdict: Verdict) -> End:
    text = said(reason, "3 of 200 differ, at most 0 % may.")
    return End(job(JobState.FAILED, exit_code=76, message=text), verdict, reason, "3 of 200 differ")


ENDS = {
    f"{reason} {'is the model' if reason.proven else 'may be the platform'}'s fault": failed(
        reason, Verdict.ROLLBACK if reason.proven else Verdict.ABORT
    )
    for reason in VerifyReason
} | {
    "a Job past its deadline proves nothing": End(
        job(JobState.FAILED, "DeadlineExceeded"),
        Verdict.ABORT,
        VerifyReason.DEADLINE_EXCEEDED,
        "Job x-verify did not finish within staging.deadline.",
    ),
    "a deadline names what held the pod": End(
        job(JobState.FAILED, "DeadlineExceeded", unschedulable="0/3 nodes: cpu"),
        Verdict.ABORT,
        VerifyReason.DEADLINE_EXCEEDED,
        "within staging.deadline: 0/3 nodes: cpu.",
    ),
    "a Job without memory proves nothing": End(
        job(JobState.FAILED, "BackoffLimitExceeded", oom_killed=True, exit_code=137),
        Verdict.ABORT,
        VerifyReason.UNEXPECTED,
        "Job x-verify ran out of memory.",
    ),
    "a Job whose pod is gone proves nothing": End(
        job(JobState.FAILED), Verdict.ABORT, VerifyReason.UNEXPECTED, "failed: its pod is gone."
    ),
    "a log line is no result": End(
        job(JobState.FAILED, "BackoffLimitExceeded", exit_code=1, message='{"level": "ERROR"}'),
        Verdict.ABORT,
        VerifyReason.UNEXPECTED,
        "failed: BackoffLimitExceeded.",
    ),
}


@pytest.mark.requirement("DEP-4")
@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_only_a_proven_defect_is_held_against_the_version(end: End) -> None:
    found = staged(look(end.verification, phase=ExperimentPhase.STAGING))
    status = found.draft.status
    assert found.outcome is StagingOutcome.FAILED
    assert (status.phase, status.verdict) == (ExperimentPhase.FAILED, end.verdict)
    assert status.exposure == 0
    assert status.finished_at == NOW
    assert end.sentence in status.reason
    assert ("may try it again" in status.reason) is (end.verdict is Verdict.ABORT)
    (finding,) = found.draft.findings
    assert (finding.type, finding.status, finding.reason) == (
        "Staged",
        ConditionStatus.FALSE,
        end.reason,
    )


@dataclass(frozen=True)
class Turn:
    """One look at a whole experiment: what is seen, and where it stands after it."""

    phase: ExperimentPhase
    verification: JobView | None = None
    ready: int = 1
    status: dict[str, Any] = field(default_factory=dict)
    later_s: float = 0.0
    exposure: int = 0
    verdict: Verdict | None = None
    jobs: int = 0


Phase = ExperimentPhase
BEGUN = {"phase": Phase.STAGING, "control": name_of("v1.0.0"), "started_at": NOW}
DONE = job(JobState.COMPLETE, exit_code=0, message=GOOD.to_termination_message())
BAD = job(
    JobState.FAILED, exit_code=76, message=said(VerifyReason.ANSWERS_DIFFER, "3 of 200 differ.")
)
TURNS = {
    "an admitted experiment with ready pods is tried first": Turn(Phase.STAGING, jobs=1),
    "no Job before the candidate's pods answer": Turn(Phase.STARTING, ready=0),
    "nobody is exposed while the Job runs, however long": Turn(
        Phase.STAGING, job(JobState.ACTIVE), status=BEGUN, later_s=3600
    ),
    "pods that go away while they are tried are the Job's to report": Turn(
        Phase.STAGING, job(JobState.ACTIVE), ready=0, status=BEGUN
    ),
    "a pass begins the strategy in the same look": Turn(
        Phase.PROGRESSING, DONE, status=BEGUN, exposure=500
    ),
    "a pass whose pods have gone waits for them": Turn(Phase.STAGING, DONE, ready=0, status=BEGUN),
    "but not for ever": Turn(
        Phase.FAILED,
        ready=0,
        status=BEGUN | {"staged_at": NOW},
        later_s=601,
        verdict=Verdict.INVALID,
    ),
    "wrong answers end it before anybody is exposed": Turn(
        Phase.FAILED, BAD, status=BEGUN, verdict=Verdict.ROLLBACK
    ),
    "a person may end it while it is tried": Turn(
        Phase.FAILED,
        job(JobState.ACTIVE),
        status=BEGUN | {"command": Command(id="one", verb="Abort")},
        verdict=Verdict.ABORT,
    ),
}


@pytest.mark.requirement("DEP-1", "CHK-4", "CHK-6")
@pytest.mark.parametrize("turn", TURNS.values(), ids=TURNS)
def test_a_turn_of_the_whole_experiment(turn: Turn) -> None:
    candidate = version("v1.1.0", ready=turn.ready)
    route = Route(revision=1, stable=name_of("v1.0.0"), verified_revision=1)
    own, of = experiment(spec={"staging": Staging()}, **turn.status), model("v1.0.0", route=route)
    obs = seen(own, of, candidate, verification=turn.verification)
    decision = decide(obs, PLATFORM, after(turn.later_s))
    status = decision.status
    assert (status.phase, status.exposure, status.verdict) == (
        turn.phase,
        turn.exposure,
        turn.verdict,
    )
    assert sum(isinstance(a, VerifyCandidate) for a in decision.actions) == turn.jobs
    stored = own.model_copy(update={"status": status})
    again = decide(replace(obs, experiment=stored), PLATFORM, after(turn.later_s))
    assert (again.status, again.events) == (status, ())
