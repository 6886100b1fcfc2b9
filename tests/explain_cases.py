"""Experiments in every phase, as ``pharos explain`` meets them, and a record of one decision."""

from typing import Any

from decide_builders import NOW, after, arm, experiment, sample
from judging_builders import users

from pharos_analysis.judgement import Distrust
from pharos_analysis.record import Case, Context, Way, document, judged
from pharos_analysis.samples import ArmLog, ClassCounts, Facts, LabelledMetric, LabelSample
from pharos_api.abexperiment import (
    ABExperiment,
    ArmCounts,
    Arms,
    Evidence,
    ExperimentPhase,
    ExperimentStrategy,
    Measurement,
    Outcome,
    Plan,
    Verdict,
)
from pharos_api.meta import Command, Condition, ConditionStatus
from pharos_api.metrics import Metric, MetricRole, MetricSource

GOAL = Metric(
    name="accuracy", role=MetricRole.GOAL, source=MetricSource.LABELS, min_improvement="0.02"
)
ERRORS = Metric(name="error-rate", max_ratio="1.5", abort_above="0.10")
FAILED = Measurement(
    metric="error-rate",
    outcome=Outcome.FAIL,
    message="error-rate 0.2500 (5 of 20) (control 0.0000 (0 of 49)) exceeds 1.5 x control",
    candidate="0.2500",
    control="0.0000",
    limit="0.10; 1.5 x control",
    query="sum by (envoy_cluster_name) (increase(errors[60s]))",
    at=after(-60),
)
PASSED = FAILED.model_copy(
    update={"outcome": Outcome.PASS, "message": "error-rate 0.0100 (9 of 900)"}
    | {"candidate": "0.0100", "control": "0.0090"}
)
OF_A_CLASS = Measurement(
    metric="accuracy",
    role=MetricRole.GOAL,
    slice="label=cs.AI",
    outcome=Outcome.NO_DATA,
    message="31 of 30 users, the interval is open",
    limit="-0.02",
    at=after(-60),
)
EVERYBODY = Arms(
    control=ArmCounts(version="v1.0.0", requests=900, errors=8),
    candidate=ArmCounts(version="v1.1.0", requests=900, errors=9),
)
DEGRADED = f"Metrics degraded, rolling back: {FAILED.message}; limit {FAILED.limit}"


def said(kind: str, status: ConditionStatus, reason: str, message: str) -> Condition:
    return Condition(
        type=kind, status=status, reason=reason, message=message, last_transition_time=NOW
    )


def going(message: str) -> list[Condition]:
    return [said("Progressing", ConditionStatus.TRUE, "Holding", message)]


def made(phase: ExperimentPhase, spec: dict[str, Any] | None = None, **status: Any) -> ABExperiment:
    """An experiment of v1.1.0 against v1.0.0 with one guardrail and one goal."""
    known: dict[str, Any] = {"control_version": "v1.0.0", "candidate_version": "v1.1.0"}
    known |= {"phase": phase, "started_at": after(-900)}
    wanted = {"metrics": [ERRORS, GOAL]} | (spec or {})
    return experiment(uid="move", spec=wanted, **(known | status))


def ended(verdict: Verdict, reason: str, **status: Any) -> ABExperiment:
    won = verdict in (Verdict.PROMOTE, Verdict.PASSED)
    phase = ExperimentPhase.SUCCEEDED if won else ExperimentPhase.FAILED
    return made(phase, verdict=verdict, reason=reason, finished_at=after(-30), **status)


ROLLED_BACK = ended(
    Verdict.ROLLBACK,
    DEGRADED,
    measurements=[FAILED],
    arms=EVERYBODY,
    evidence=[Evidence(name="rollout-move-01-rollback", decision="Rollback", at=after(-60))],
)
CASES: dict[str, ABExperiment] = {
    "pending": experiment(
        uid="move",
        conditions=[
            said("Ready", ConditionStatus.FALSE, "WaitingForRival", "waiting for other to end")
        ],
    ),
    "never-looked-at": experiment(uid="move"),
    "starting": made(
        ExperimentPhase.STARTING, conditions=going("waiting for the candidate's pods: 0 of 1")
    ),
    "staging": made(ExperimentPhase.STAGING, conditions=going("12 checks are being tried")),
    "shadowing": made(
        ExperimentPhase.SHADOWING,
        {"strategy": ExperimentStrategy.SHADOW},
        mirror=100,
        shadowed_at=after(-300),
        conditions=going("120 of 500 pairs"),
    ),
    "progressing": made(
        ExperimentPhase.PROGRESSING,
        exposure=500,
        weight=5,
        weight_verified=True,
        step_started_at=after(-300),
        arms=EVERYBODY,
        measurements=[PASSED, OF_A_CLASS],
        plan=Plan(
            required_users=3204,
            users=120,
            ready=after(864_000),
            warning="maxDuration 14d ends 3 days before: raise it",
        ),
        conditions=[
            *going("step 1 of 2 (5 %) until 2026-11-23T13:00:00Z at the earliest"),
            said(
                "FeedbackMissing", ConditionStatus.TRUE, "NoFeedback", "no prediction has a label"
            ),
        ],
    ),
    "engines-differ": made(
        ExperimentPhase.PROGRESSING,
        exposure=500,
        weight=5,
        weight_verified=True,
        step_started_at=after(-300),
        conditions=[
            *going("step 1 of 2 (5 %) until 2026-11-23T13:00:00Z at the earliest"),
            said(
                "EnginesDiffer",
                ConditionStatus.TRUE,
                "EnginesDiffer",
                "v1.1.0 is computed by OpenVino-Bf16 and v1.0.0 by OpenVino-Int8, so latencies "
                "compare engines as well as models",
            ),
        ],
    ),
    "unconfirmed": made(ExperimentPhase.PROGRESSING, exposure=2500, weight=5),
    "equal-arms": made(
        ExperimentPhase.PROGRESSING,
        {"strategy": ExperimentStrategy.AB_TEST},
        exposure=5000,
        weight=50,
        weight_verified=True,
        step_started_at=after(-300),
    ),
    "paused": made(
        ExperimentPhase.PAUSED,
        weight=5,
        paused=True,
        paused_at=after(-120),
        command=Command(id="1", verb="Pause", by="alice", reason="release freeze"),
        observed_command="1",
        conditions=going("step 1 of 2 (5 %): paused"),
    ),
    "paused-shadow": made(
        ExperimentPhase.PAUSED,
        {"strategy": ExperimentStrategy.SHADOW},
        mirror=50,
        paused=True,
        paused_at=after(-120),
    ),
    "watching": made(
        ExperimentPhase.WATCHING,
        {"strategy": ExperimentStrategy.BLUE_GREEN},
        switched_at=after(-20),
        measurements=[PASSED],
    ),
    "promoting": made(
        ExperimentPhase.PROMOTING, verdict=Verdict.PROMOTE, reason="every step passed"
    ),
    "rolling-back": made(
        ExperimentPhase.ROLLING_BACK,
        verdict=Verdict.ROLLBACK,
        reason=DEGRADED,
        failed_at=after(-2),
        measurements=[FAILED],
    ),
    "rolled-back": ROLLED_BACK,
    "rolled-back-by-hand": ended(
        Verdict.ROLLBACK,
        "rolled back by bob: Critical bug",
        command=Command(id="7", verb="Rollback", by="bob", reason="Critical bug"),
        observed_command="7",
    ),
    "promoted": ended(Verdict.PROMOTE, "every step passed all guardrails", arms=EVERYBODY),
    "shadow-passed": ended(Verdict.PASSED, "agreement 0.97 of 800 pairs"),
    "aborted": ended(Verdict.ABORT, "no decision after maxDuration 14d"),
    "superseded": ended(Verdict.SUPERSEDED, "newer brings a newer candidate"),
    "invalid": ended(Verdict.INVALID, "candidate and control are both v1.1.0", started_at=None),
}


def classes(right: int) -> tuple[ClassCounts, ...]:
    """Two classes of 1,500 labels each, as often right and as often mistaken for each other."""
    return tuple(ClassCounts(name, 1500, 1500, right // 2) for name in ("cs.AI", "cs.CL"))


def facts(**more: Any) -> Facts:
    """Ten thousand requests of each arm, 95 % and 97 % of 3,000 labelled users right."""
    labels = LabelSample(
        control=ArmLog(3000, 3000, 3000, 3000, classes=classes(2730)),
        candidate=ArmLog(3000, 3000, 3000, 3000, classes=classes(2850)),
        metrics=(LabelledMetric("accuracy", users(3000, 0.91), users(3000, 0.95)),),
        queries=(("accuracy", "labels of the log"),),
    )
    given: dict[str, Any] = {"audited": sample(arm(10_000), arm(10_000)), "exposure": 2500}
    return Facts(**given | {"labels": labels} | more)


def recorded(decision: str = "Promote", **more: Any) -> dict[str, Any]:
    """The record of a decision about ``made``."""
    case = Case(Way.ARMS, facts(**more), NOW, spec=made(ExperimentPhase.PENDING).spec)
    uid = "00000000-0000-4000-8000-000000000007"
    context = Context(
        "rollout-move", uid, decision, "every goal is reached", "v1.0.0", "v1.1.0",
        salt="5a17", exposure=2500, code="0.1.0",
    )  # fmt: skip
    return document(case, judged(case), context)


def doubted() -> dict[str, Any]:
    """A record that does not trust the split."""
    found = recorded("Hold")
    found["judgement"]["distrust"] = [[Distrust.SAMPLE_RATIO.value, "901 users against 1404"]]
    return found
