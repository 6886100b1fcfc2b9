"""One look at a canary: what it leads to, a row for each transition and each trap."""

from typing import Any

import pytest
from decide_builders import (
    NOW,
    PLATFORM,
    after,
    arm,
    experiment,
    healthy,
    model,
    sample,
    seen,
    version,
)
from experiment_cases import BEFORE, FIRST, LAST, LIVE, STEPPING, Case, check, command, routed

from pharos_analysis.samples import Sample
from pharos_api.abexperiment import (
    DEFAULT_STEPS,
    ABExperimentStatus,
    ExperimentPhase,
    ExperimentVerb,
    Measurement,
    Outcome,
    Verdict,
)
from pharos_api.assignment import salt_of
from pharos_api.decision import DecisionRule, OnInconclusive
from pharos_api.delivery import Step
from pharos_api.meta import ConditionStatus, ObjectRef
from pharos_api.metrics import Metric, MetricRole, MetricSource
from pharos_api.model import Quarantined, Route
from pharos_operator.decide.conditions import Finding, merge
from pharos_operator.decide.decision import RecordExperiment
from pharos_operator.decide.experiments.experiment import decide
from pharos_operator.decide.experiments.row import row
from pharos_store.tables import ExperimentStatus

Phase = ExperimentPhase
QUARANTINED = routed(
    500, quarantine=[Quarantined(version="v1.1.0", sha256=version("v1.1.0").spec.artifact.sha256)]
)
LABELS = Metric(name="accuracy", role=MetricRole.GOAL, source=MetricSource.LABELS)
GUARD = Metric(name="error-rate", abort_above="0.10")

CASES = {
    "waits for its Model": Case(of=None, says="there is no Model arxiv"),
    "waits for its candidate": Case(candidate=None, says="register or import it"),
    "waits for something in production": Case(
        of=model(), control=None, says="no version in production"
    ),
    "waits for the control that it names": Case(
        spec={"control_ref": ObjectRef(name="gone")}, control=None, says="ModelVersion gone"
    ),
    "a first step of 100 is no canary": Case(
        spec={"steps": [Step(percent=100)]},
        phase=Phase.FAILED,
        verdict=Verdict.INVALID,
        says="the first step is 100",
    ),
    "without a metric that can be judged nothing is promoted": Case(
        spec={"metrics": [LABELS]},
        phase=Phase.FAILED,
        verdict=Verdict.INVALID,
        says="no metric can be judged",
    ),
    "a version of another Model is refused": Case(
        candidate=version("v1.1.0", model="other"),
        phase=Phase.FAILED,
        verdict=Verdict.INVALID,
        says="is a version of Model other",
    ),
    "a candidate that is not newer is refused in the words of ERR-14": Case(
        candidate=version("v0.9.0"),
        phase=Phase.FAILED,
        verdict=Verdict.INVALID,
        says="New version v0.9.0 is not newer than current v1.0.0",
    ),
    "a control that is not in production is refused": Case(
        control=version("v0.9.0"),
        phase=Phase.FAILED,
        verdict=Verdict.INVALID,
        says="v0.9.0 is not in production",
    ),
    "candidate and control must differ": Case(
        candidate=version("v1.0.0"), phase=Phase.FAILED, verdict=Verdict.INVALID, says="are both"
    ),
    "a quarantined candidate is refused (argo-cd#9570)": Case(
        of=QUARANTINED, phase=Phase.FAILED, verdict=Verdict.INVALID, says="is quarantined"
    ),
    "one experiment at a time: it waits for the running one": Case(
        rivals=[experiment("v1.1.0", uid="uid-a", **STEPPING)],
        says="waiting for rollout-uid-a",
        expect={"candidate_version": "v1.1.0"},
    ),
    "of two that wait, the older goes first": Case(
        rivals=[experiment("v1.1.0", uid="uid-a", candidate_version="v1.1.0")],
        says="waiting for rollout-uid-a",
    ),
    "a finished rival is no rival": Case(
        rivals=[experiment("v1.1.0", uid="uid-a", phase=Phase.FAILED)],
        phase=Phase.PROGRESSING,
        exposure=500,
    ),
    "a candidate that is not ready gets no traffic (kserve#5983, argo-rollouts#3420)": Case(
        candidate=version("v1.1.0", ready=0), phase=Phase.STARTING, says="0 of 1 are ready"
    ),
    "with everything there it starts, salted, at the first step": Case(
        phase=Phase.PROGRESSING,
        exposure=500,
        says="comparing v1.1.0 with v1.0.0",
        expect={"salt": salt_of("uid-x"), "weight": 0, "weight_verified": False},
    ),
    "a candidate that never comes up ends the experiment (argo-rollouts#4128)": Case(
        LIVE | {"phase": Phase.STARTING},
        candidate=version("v1.1.0", ready=0),
        later_s=1,
        phase=Phase.FAILED,
        verdict=Verdict.INVALID,
        says="not ready within 10 minutes",
    ),
    "the step's clock waits for the gateways (weights.verified)": Case(
        STEPPING,
        of=routed(500, verified=False),
        sample=healthy(),
        later_s=9999,
        phase=Phase.PROGRESSING,
        exposure=500,
        says="not every gateway has confirmed",
        expect={"step_started_at": None, "weight": 0},
    ),
    "a route that was confirmed for another experiment does not count": Case(
        STEPPING,
        of=routed(500, uid="uid-other"),
        phase=Phase.PROGRESSING,
        exposure=500,
        expect={"weight_verified": False},
    ),
    "confirmed: the clock starts and the weight is shown": Case(
        STEPPING,
        of=routed(500),
        phase=Phase.PROGRESSING,
        exposure=500,
        expect={"weight": 5, "weight_verified": True, "step_started_at": NOW},
    ),
    "it holds for the time of the step even if all is well": Case(
        FIRST | {"step_started_at": after(-59)},
        of=routed(500),
        sample=healthy(),
        phase=Phase.PROGRESSING,
        exposure=500,
    ),
    "after the hold, with everything passing, the next step": Case(
        FIRST,
        of=routed(500),
        sample=healthy(),
        phase=Phase.PROGRESSING,
        exposure=5000,
        expect={"current_step": 1, "weight": 5, "weight_verified": False, "step_started_at": None},
    ),
    "requests of earlier steps do not carry a step without traffic (flagger#1011)": Case(
        FIRST | {"step_arms": BEFORE},
        of=routed(500),
        sample=healthy(),
        phase=Phase.PROGRESSING,
        exposure=500,
        says="50 requests in both arms in this step",
    ),
    "metrics that lost their history do not hold for ever": Case(
        FIRST | {"step_arms": BEFORE},
        of=routed(500),
        sample=healthy(100),
        phase=Phase.PROGRESSING,
        exposure=5000,
    ),
    "no data holds (argo-rollouts#1905, #1466)": Case(
        FIRST, of=routed(500), sample=Sample(), phase=Phase.PROGRESSING, exposure=500
    ),
    "NaN never advances (flagger#1098)": Case(
        FIRST,
        of=routed(500),
        sample=sample(arm(1000), arm(float("nan"))),
        phase=Phase.PROGRESSING,
        exposure=500,
        says="no data yet",
    ),
    "measurements that all end in error are no success (argo-rollouts#4479)": Case(
        LAST,
        of=routed(5000),
        sample=Sample(error="connection refused"),
        later_s=864000,
        phase=Phase.PROGRESSING,
        exposure=5000,
        says="connection refused",
    ),
    "a look without a sample never advances": Case(
        LAST, of=routed(5000), later_s=9999, phase=Phase.PROGRESSING, exposure=5000
    ),
    "the pods must be sized for the new share first (argo-rollouts PR 4612)": Case(
        FIRST,
        of=routed(500),
        control=version("v1.0.0", ready=4),
        sample=healthy(),
        phase=Phase.PROGRESSING,
        exposure=500,
        says="waiting for 2 ready pods",
        expect={"candidate_replicas": 2},
    ),
    "after the last step it asks for promotion": Case(
        LAST,
        of=routed(5000),
        sample=healthy(),
        phase=Phase.PROMOTING,
        exposure=5000,
        verdict=Verdict.PROMOTE,
    ),
    "a step of 100 is the promotion": Case(
        FIRST,
        spec={"steps": [Step(percent=5, hold_for="60s"), Step(percent=100)]},
        of=routed(500),
        sample=healthy(),
        phase=Phase.PROMOTING,
        exposure=500,
        verdict=Verdict.PROMOTE,
    ),
    "a failing candidate loses its share at once, with the value (argo-rollouts#1411)": Case(
        FIRST,
        of=routed(500),
        sample=sample(arm(30), arm(30, 9)),
        phase=Phase.ROLLING_BACK,
        verdict=Verdict.ROLLBACK,
        says="0.3000 (9 of 30)",
    ),
    "what is in doubt is held instead of aborted (argo-rollouts#2866)": Case(
        FIRST,
        of=routed(500),
        sample=sample(arm(500), arm(500, 7)),
        phase=Phase.PROGRESSING,
        exposure=500,
        says="more requests are needed to tell",
    ),
    "it fails before the gateways have confirmed": Case(
        STEPPING,
        of=routed(500, verified=False),
        sample=sample(arm(30), arm(30, 9)),
        phase=Phase.ROLLING_BACK,
        verdict=Verdict.ROLLBACK,
    ),
    "a paused canary that fails is still rolled back": Case(
        FIRST | {"phase": Phase.PAUSED, "paused": True},
        of=routed(500),
        sample=sample(arm(30), arm(30, 9)),
        phase=Phase.ROLLING_BACK,
        verdict=Verdict.ROLLBACK,
        expect={"paused": False},
    ),
    "rollback needs nothing of the candidate (argo-rollouts#4128)": Case(
        FIRST,
        of=routed(500),
        candidate=None,
        sample=sample(arm(30), arm(30, 9)),
        phase=Phase.ROLLING_BACK,
        verdict=Verdict.ROLLBACK,
    ),
    "pods that go away hold for a minute": Case(
        FIRST,
        of=routed(500),
        candidate=version("v1.1.0", ready=0),
        sample=healthy(),
        phase=Phase.PROGRESSING,
        exposure=500,
        expect={"candidate_unready_since": NOW},
    ),
    "pods that stay away end in a rollback": Case(
        FIRST | {"candidate_unready_since": after(-61)},
        of=routed(500),
        candidate=version("v1.1.0", ready=0),
        phase=Phase.ROLLING_BACK,
        verdict=Verdict.ROLLBACK,
        says="no pod of the candidate has answered",
    ),
    "pods of both arms away are not the candidate's fault": Case(
        FIRST | {"candidate_unready_since": after(-61)},
        of=routed(500),
        candidate=version("v1.1.0", ready=0),
        control=version("v1.0.0", ready=0),
        phase=Phase.PROGRESSING,
        exposure=500,
        expect={"candidate_unready_since": None},
    ),
    "inconclusive experiments are held by default (argo-rollouts#3850)": Case(
        FIRST, of=routed(500), later_s=15 * 86400, phase=Phase.PROGRESSING, exposure=500
    ),
    "inconclusive with Rollback ends without a quarantine": Case(
        FIRST,
        spec={"decision": DecisionRule(on_inconclusive=OnInconclusive.ROLLBACK)},
        of=routed(500),
        later_s=15 * 86400,
        phase=Phase.ROLLING_BACK,
        verdict=Verdict.ABORT,
        says="maxDuration 14d",
    ),
    "inconclusive with Promote never promotes what nobody has seen": Case(
        FIRST,
        spec={"decision": DecisionRule(on_inconclusive=OnInconclusive.PROMOTE)},
        of=routed(500),
        sample=Sample(error="gone"),
        later_s=15 * 86400,
        phase=Phase.PROGRESSING,
        exposure=500,
    ),
    "inconclusive with Promote promotes what was seen": Case(
        FIRST,
        spec={"decision": DecisionRule(on_inconclusive=OnInconclusive.PROMOTE)},
        of=routed(500),
        sample=sample(arm(500, 0), arm(500, 6)),
        later_s=15 * 86400,
        phase=Phase.PROMOTING,
        exposure=500,
        verdict=Verdict.PROMOTE,
    ),
    "a newer candidate supersedes and inherits no progress (flagger#30)": Case(
        FIRST,
        of=routed(500),
        rivals=[experiment("v1.2.0", uid="uid-b", candidate_version="v1.2.0")],
        phase=Phase.ROLLING_BACK,
        verdict=Verdict.SUPERSEDED,
        says="newer candidate",
    ),
    "an invalid newer rival does not supersede": Case(
        FIRST,
        of=routed(500),
        rivals=[
            experiment("v1.2.0", uid="uid-b", candidate_version="v1.2.0", phase=Phase.FAILED),
            experiment("v1.2.0", uid="uid-c"),
        ],
        phase=Phase.PROGRESSING,
        exposure=500,
    ),
    "another production ends the experiment": Case(
        FIRST,
        of=model("v0.9.0", route=routed(500).status.route),
        phase=Phase.ROLLING_BACK,
        verdict=Verdict.SUPERSEDED,
        says="production is v0.9.0 now",
    ),
    "a candidate that was promoted by hand wins": Case(
        FIRST,
        of=model("v1.1.0", route=Route(revision=8, verified_revision=8)),
        phase=Phase.SUCCEEDED,
        verdict=Verdict.PROMOTE,
        expect={"weight": 100, "finished_at": NOW},
    ),
    "a quarantine during the experiment ends it": Case(
        FIRST, of=QUARANTINED, phase=Phase.ROLLING_BACK, verdict=Verdict.ABORT, says="quarantined"
    ),
    "promoting waits for the Model": Case(
        LAST | {"phase": Phase.PROMOTING, "verdict": Verdict.PROMOTE},
        of=routed(5000),
        phase=Phase.PROMOTING,
        exposure=5000,
        verdict=Verdict.PROMOTE,
    ),
    "promoting waits for the gateways after the switch": Case(
        LAST | {"phase": Phase.PROMOTING, "verdict": Verdict.PROMOTE},
        of=model("v1.1.0", route=Route(revision=8, verified_revision=7)),
        phase=Phase.PROMOTING,
        verdict=Verdict.PROMOTE,
    ),
    "a candidate that dies while it waits for the switch is rolled back (flagger#1898)": Case(
        LAST
        | {
            "phase": Phase.PROMOTING,
            "verdict": Verdict.PROMOTE,
            "candidate_unready_since": after(-61),
        },
        of=routed(5000),
        candidate=version("v1.1.0", ready=0),
        phase=Phase.ROLLING_BACK,
        verdict=Verdict.ROLLBACK,
    ),
    "a winner whose Model moved elsewhere meanwhile is superseded": Case(
        LAST | {"phase": Phase.PROMOTING, "verdict": Verdict.PROMOTE},
        of=model("v0.9.0", route=routed(5000).status.route),
        phase=Phase.ROLLING_BACK,
        verdict=Verdict.SUPERSEDED,
    ),
    "a Model that is gone holds what runs": Case(
        FIRST, of=None, sample=healthy(), phase=Phase.PROGRESSING, exposure=500
    ),
    "a candidate that is gone while it starts is waited for": Case(
        LIVE | {"phase": Phase.STARTING},
        candidate=None,
        phase=Phase.STARTING,
        says="the ModelVersion is gone",
    ),
    "a rollback ends only when every gateway has confirmed it (argo-rollouts#1838)": Case(
        FIRST | {"phase": Phase.ROLLING_BACK, "exposure": 0, "verdict": Verdict.ROLLBACK},
        of=routed(500),
        phase=Phase.ROLLING_BACK,
        verdict=Verdict.ROLLBACK,
        expect={"finished_at": None},
    ),
    "a confirmed rollback is the end": Case(
        FIRST | {"phase": Phase.ROLLING_BACK, "exposure": 0, "verdict": Verdict.ROLLBACK},
        of=routed(0),
        phase=Phase.FAILED,
        verdict=Verdict.ROLLBACK,
        expect={"weight": 0, "weight_verified": True, "finished_at": NOW},
    ),
    "pause keeps the share": Case(
        FIRST | {"command": command("Pause")},
        of=routed(500),
        sample=healthy(),
        phase=Phase.PAUSED,
        exposure=500,
        expect={"paused": True, "paused_at": NOW, "observed_command": "one"},
    ),
    "paused, it neither advances nor promotes (argo-rollouts#926)": Case(
        LAST | {"phase": Phase.PAUSED, "paused": True, "paused_at": after(-60)},
        of=routed(5000),
        sample=healthy(),
        later_s=9999,
        phase=Phase.PAUSED,
        exposure=5000,
    ),
    "resume sets the step's clock forward by the pause": Case(
        FIRST
        | {
            "phase": Phase.PAUSED,
            "paused": True,
            "paused_at": after(-100),
            "command": command("Resume"),
        },
        of=routed(500),
        sample=healthy(),
        phase=Phase.PROGRESSING,
        exposure=500,
        expect={"step_started_at": after(-20), "paused": False, "paused_at": None},
    ),
    "abort takes the traffic back and quarantines nothing": Case(
        FIRST | {"command": command("Abort", reason="wrong data")},
        of=routed(500),
        phase=Phase.ROLLING_BACK,
        verdict=Verdict.ABORT,
        says="aborted by ada: wrong data",
    ),
    "abort before any traffic ends at once": Case(
        {"command": command("Abort")}, phase=Phase.FAILED, verdict=Verdict.ABORT
    ),
    "promote by a person skips the steps": Case(
        FIRST | {"command": command("Promote")},
        of=routed(500),
        phase=Phase.PROMOTING,
        exposure=500,
        verdict=Verdict.PROMOTE,
        says="promoted by ada",
    ),
    "rollback by a person": Case(
        FIRST | {"command": command("Rollback", reason="complaints")},
        of=routed(500),
        phase=Phase.ROLLING_BACK,
        verdict=Verdict.ROLLBACK,
        says="rolled back by ada: complaints",
    ),
    "abort while promoting is refused": Case(
        LAST | {"phase": Phase.PROMOTING, "verdict": Verdict.PROMOTE, "command": command("Abort")},
        of=routed(5000),
        phase=Phase.PROMOTING,
        exposure=5000,
        verdict=Verdict.PROMOTE,
        says="it is Promoting",
        expect={"observed_command": "one"},
    ),
    "an unknown verb is refused with those that exist": Case(
        FIRST | {"command": command("Explode")},
        of=routed(500),
        phase=Phase.PROGRESSING,
        exposure=500,
        says="use one of Pause, Resume, Abort, Promote, Rollback",
    ),
    "a command is carried out once": Case(
        FIRST | {"command": command("Pause"), "observed_command": "one"},
        of=routed(500),
        phase=Phase.PROGRESSING,
        exposure=500,
    ),
    "an ended experiment takes no commands and stays as it is": Case(
        LIVE | {"phase": Phase.FAILED, "verdict": Verdict.ABORT, "command": command("Promote")},
        phase=Phase.FAILED,
        verdict=Verdict.ABORT,
        says="it is Failed",
    ),
}


@pytest.mark.requirement("ABT-1")
@pytest.mark.requirement("ERR-11")
@pytest.mark.requirement("ABT-8")
@pytest.mark.requirement("DEP-9")
@pytest.mark.requirement("DEP-11")
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_one_look(case: Case) -> None:
    check(case)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_second_look_at_the_same_things_changes_nothing(case: Case) -> None:
    first, again = case.second_look()
    assert again.status == first.status
    assert (again.events, again.actions) == ((), ())


@pytest.mark.requirement("DEP-10")
def test_the_default_steps_are_those_of_the_requirements() -> None:
    assert [(s.percent, s.hold_for) for s in DEFAULT_STEPS] == [
        (5, "1h"),
        (10, "1h"),
        (25, "1h"),
        (50, "1h"),
    ]


@pytest.mark.requirement("ABT-2")
@pytest.mark.requirement("ABT-3")
def test_rows_are_recorded_at_the_start_at_each_step_and_at_the_end() -> None:
    started = decide(Case().observation(), PLATFORM, NOW)
    (first,) = started.actions
    assert isinstance(first, RecordExperiment)
    assert (first.traffic_split, first.status, first.end) == (0.05, "running", None)
    assert (first.control_uid, first.candidate_uid) == ("uid-v1.0.0", "uid-v1.1.0")
    ended = decide(CASES["a confirmed rollback is the end"].observation(), PLATFORM, NOW)
    (last,) = ended.actions
    assert isinstance(last, RecordExperiment)
    assert (last.status, last.end, dict(last.results)["verdict"]) == ("completed", NOW, "Rollback")
    held = decide(CASES["a look without a sample never advances"].observation(), PLATFORM, NOW)
    assert held.actions == ()


def test_a_deleted_experiment_decides_nothing() -> None:
    own = experiment(**FIRST)
    gone = own.metadata.model_copy(update={"deletion_timestamp": NOW})
    obs = seen(own.model_copy(update={"metadata": gone}), routed(500), version("v1.1.0"))
    assert decide(obs, PLATFORM, NOW).status == own.status


def test_each_experiment_has_its_own_salt_for_ever() -> None:
    """The same users must not be the first to try every candidate (iter8#744)."""
    assert salt_of("uid-a") == salt_of("uid-a") != salt_of("uid-b")
    assert len(salt_of("uid-a")) == 16


def shown(at_s: float, requests: int, outcome: Outcome = Outcome.PASS) -> dict[str, Any]:
    measured = [
        Measurement(metric=name, outcome=outcome, candidate=f"of {requests}", at=after(at_s))
        for name in ("error-rate", "p95-latency")
    ]
    known = [Finding("Analysis", ConditionStatus.TRUE, "MetricsPass", "all passes")]
    conditions = merge([], known, 1, after(at_s))
    return {"measurements": measured, "exposed_at": after(-60), "conditions": conditions}


WRITES = {
    "nothing is rewritten within 5 s while outcomes stay": (shown(-4, 900), False),
    "after 5 s the figures are brought up to date": (shown(-5, 900), True),
    "an outcome that changes is shown at once": (shown(-1, 900, Outcome.NO_DATA), True),
}


@pytest.mark.parametrize(("before", "written"), WRITES.values(), ids=WRITES.keys())
def test_measurements_cost_few_writes(before: dict[str, Any], written: bool) -> None:
    status = FIRST | {"step_started_at": after(-10)} | before
    obs = Case(status, of=routed(500), sample=healthy()).observation()
    decision = decide(obs, PLATFORM, NOW)
    assert (decision.status.measurements != status["measurements"]) is written


def test_every_verb_is_known_to_the_table_of_phases() -> None:
    for verb in ExperimentVerb:
        obs = Case(LIVE | {"phase": Phase.FAILED, "command": command(verb)}).observation()
        refused = decide(obs, PLATFORM, NOW)
        assert [event.reason for event in refused.events] == ["CommandRefused"]


ROWS = {
    "a promoted experiment is completed": (ExperimentPhase.SUCCEEDED, Verdict.PROMOTE, "completed"),
    "one that rolled back did its work": (ExperimentPhase.FAILED, Verdict.ROLLBACK, "completed"),
    "an aborted one is cancelled": (ExperimentPhase.FAILED, Verdict.ABORT, "cancelled"),
    "a superseded one is cancelled": (ExperimentPhase.FAILED, Verdict.SUPERSEDED, "cancelled"),
    "a paused one still runs": (ExperimentPhase.PAUSED, None, "running"),
}


@pytest.mark.requirement("DBM-9")
@pytest.mark.parametrize(("phase", "verdict", "state"), ROWS.values(), ids=ROWS.keys())
def test_the_table_takes_every_status_of_a_row(
    phase: ExperimentPhase, verdict: Verdict | None, state: str
) -> None:
    """Once "failed" and "paused" were written, which the table refuses."""
    obs = Case().observation()
    status = ABExperimentStatus(phase=phase, verdict=verdict, started_at=NOW)
    found = row(obs, status)
    assert found is not None
    assert ExperimentStatus(found.status) == state
