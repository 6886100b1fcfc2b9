"""Experiments of every strategy, their Model and the gateways under random traffic and outages.

Both decisions run against one another as the operator runs them; a lost write is a decision whose
status never arrives. People ask for things, pods go, newer versions come. What must hold at every
moment is checked after each step.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from decide_builders import (
    NOW,
    PLATFORM,
    STEPS,
    arm,
    experiment,
    gateways,
    labels,
    looked,
    model,
    name_of,
    pairs,
    sample,
    seen,
    version,
)
from experiment_cases import audited
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from pharos_analysis.judgement import Judgement, Ruling
from pharos_analysis.samples import Facts, LabelSample, PairSample, Sample
from pharos_api.abexperiment import (
    ABExperimentStatus,
    ExperimentPhase,
    ExperimentStrategy,
    ExperimentVerb,
    Verdict,
)
from pharos_api.assignment import exposure_of
from pharos_api.decision import DecisionRule, OnInconclusive
from pharos_api.delivery import ABTestPlan, Following, ShadowPlan
from pharos_api.meta import Command
from pharos_api.metrics import Metric, MetricRole, MetricSource
from pharos_api.model import ModelStatus, Route
from pharos_api.modelversion import EngineStatus, ModelVersion
from pharos_operator.decide.decision import RecordEvidence
from pharos_operator.decide.experiments import experiment as experiments
from pharos_operator.decide.experiments.look import look_at
from pharos_operator.decide.models import model as models
from pharos_operator.decide.observation import ExperimentObservation

Phase, Strategy = ExperimentPhase, ExperimentStrategy
SHARES = {0, *(exposure_of(step.percent) for step in STEPS), 5000}
SAMPLES = {
    "healthy": lambda n: sample(arm(n), arm(n)),
    "failing": lambda n: sample(arm(n), arm(n, n * 0.3)),
    "slow": lambda n: sample(arm(n), arm(n, ms=800)),
    "silent": lambda _: sample(arm(None), arm(None)),
    "not a number": lambda n: sample(arm(n), arm(float("nan"))),
    "few": lambda _: sample(arm(20), arm(20)),
    "away": lambda _: Sample(error="connection refused"),
    "not due": lambda _: None,
}
LOGGED: dict[str, LabelSample | None] = {
    "better": labels(0.70, 0.95),
    "equal": labels(0.90, 0.90),
    "worse": labels(0.95, 0.70),
    "unlabelled": labels(0.9, 0.9, labelled=False),
    "away": LabelSample(error="connection refused"),
    "not due": None,
}
PAIRED: dict[str, PairSample | None] = {
    "agree": pairs(9000),
    "differ": pairs(9000, agreed=0.5),
    "few": pairs(20),
    "away": PairSample(error="connection refused"),
    "not due": None,
}
INT8, BF16 = EngineStatus(name="OpenVino-Int8"), EngineStatus(name="OpenVino-Bf16")
GUARD = Metric(name="error-rate", max_ratio="1.5", abort_above="0.10")
SLOW = Metric(name="p95-latency", max_ratio="1.2", abort_above="500")
GOAL = Metric(
    name="accuracy", role=MetricRole.GOAL, source=MetricSource.LABELS, min_improvement="0.02"
)
PROFILE = settings(
    max_examples=250,
    stateful_step_count=40,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)


def _computed(of: ModelVersion, engine: EngineStatus | None) -> ModelVersion:
    return of.model_copy(update={"status": of.status.model_copy(update={"engine": engine})})


class Rollout(RuleBasedStateMachine):
    """One Model with v1.0.0 in production and one experiment that brings v1.1.0."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.requests = 0.0
        stable = Route(
            revision=1, stable=name_of("v1.0.0"), stable_version="v1.0.0", verified_revision=1
        )
        self.model = model("v1.0.0", route=stable)
        self.experiment = experiment()
        self.acknowledged: int | None = 1
        self.candidate_ready = 1
        self.computed = (INT8, INT8)
        self.commands = 0
        self.asked_by_people: set[str] = set()
        self.recorded: list[str] = []
        self.rival = False

    @initialize(
        strategy=st.sampled_from(ExperimentStrategy),
        goal=st.booleans(),
        end=st.sampled_from(OnInconclusive),
        then=st.sampled_from(Following),
    )
    def a_plan_is_drawn(
        self, strategy: ExperimentStrategy, goal: bool, end: OnInconclusive, then: Following
    ) -> None:
        self.experiment = experiment(
            spec={
                "strategy": strategy,
                "metrics": [*([GOAL] if goal else []), GUARD, SLOW],
                "decision": DecisionRule(on_inconclusive=end, max_duration="2h"),
                "ab_test": ABTestPlan(percent=50, duration="14m"),
                "shadow": ShadowPlan(percent=40, duration="2m", then=then),
            }
        )

    @rule(seconds=st.integers(1, 90))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        self.requests += seconds * 20

    @rule()
    def hours_pass(self) -> None:
        self.now += timedelta(hours=1)

    @rule(
        what=st.sampled_from(["healthy", "healthy", "few", "away"]),
        logged=st.sampled_from(["better", "equal"]),
        turns=st.integers(1, 6),
    )
    def all_goes_well_for_a_while(self, what: str, logged: str, turns: int) -> None:
        self.candidate_ready = 2
        for _ in range(turns):
            self.time_passes(61)
            self.the_experiment_is_looked_at(what, logged, "agree", lost=False)
            self.the_model_is_looked_at(lost=False)
            self.gateways_follow()
            self.the_model_is_looked_at(lost=False)

    @rule()
    def gateways_follow(self) -> None:
        self.acknowledged = self.model.status.route.revision

    @rule()
    def gateways_are_lost(self) -> None:
        self.acknowledged = None

    @rule(ready=st.integers(0, 2))
    def candidate_pods_change(self, ready: int) -> None:
        self.candidate_ready = ready

    @rule(told=st.tuples(*[st.sampled_from([INT8, BF16, None])] * 2))
    def pods_tell_what_computes(
        self, told: tuple[EngineStatus | None, EngineStatus | None]
    ) -> None:
        self.computed = told

    @rule(really=st.integers(0, 9))
    def a_newer_candidate_comes(self, really: int) -> None:
        self.rival = self.rival or really == 0

    @rule(verb=st.sampled_from([*ExperimentVerb, "Explode"]), really=st.integers(0, 3))
    def a_person_asks(self, verb: str, really: int) -> None:
        if really or self.experiment.status.phase.finished:
            return
        self.commands += 1
        self.asked_by_people.add(str(verb))
        command = Command(id=str(self.commands), verb=str(verb))
        self.experiment = _with(self.experiment, command=command)

    @rule(
        what=st.sampled_from(sorted(SAMPLES)),
        logged=st.sampled_from(sorted(LOGGED)),
        paired=st.sampled_from(sorted(PAIRED)),
        lost=st.booleans(),
    )
    def the_experiment_is_looked_at(self, what: str, logged: str, paired: str, lost: bool) -> None:
        before = self.experiment.status
        taken = SAMPLES[what](self.requests)
        facts = Facts(audited=taken, labels=LOGGED[logged], pairs=PAIRED[paired])
        obs = self._seen(facts)
        decision = experiments.decide(obs, PLATFORM, self.now)
        judgement = look_at(obs, self.model, self.now).judgement
        self._check_move(before, decision.status, judgement)
        # What was measured belongs to the phase in which it was measured.
        same = facts if decision.status.phase is before.phase else None
        own = _with_status(self.experiment, decision.status)
        again = replace(obs, experiment=own, facts=same)
        repeated = experiments.decide(again, PLATFORM, self.now)
        assert (repeated.status, repeated.events) == (decision.status, ())
        assert not [each for each in repeated.actions if isinstance(each, RecordEvidence)]
        if not lost:
            stored = ABExperimentStatus.model_validate(decision.status.to_json())
            assert stored == decision.status
            self.experiment = _with_status(self.experiment, stored)
            records = [each for each in decision.actions if isinstance(each, RecordEvidence)]
            self.recorded += [record.name for record in records]

    @rule(lost=st.booleans())
    def the_model_is_looked_at(self, lost: bool) -> None:
        obs = looked(
            self.model,
            version("v1.0.0"),
            version("v1.1.0", ready=self.candidate_ready),
            experiments=(self.experiment,),
            gateways=gateways(self.acknowledged),
        )
        before = self.model.status
        decision = models.decide(obs, PLATFORM, self.now)
        after = decision.status
        assert after.production is not None
        assert before.production is not None
        if after.production.name != before.production.name:
            moving = (Verdict.PROMOTE, Verdict.ROLLBACK, Verdict.ABORT)
            assert self.experiment.status.verdict in moving
        assert after.route.revision - before.route.revision in (0, 1)
        assert after.route.verified_revision <= after.route.revision
        if not lost:
            stored = ModelStatus.model_validate(after.to_json())
            assert stored == after
            self.model = self.model.model_copy(update={"status": stored})

    def _seen(self, facts: Facts) -> ExperimentObservation:
        newer = experiment("v1.2.0", uid="uid-new", candidate_version="v1.2.0")
        arms = (version("v1.0.0"), version("v1.1.0", ready=self.candidate_ready))
        control, candidate = map(_computed, arms, self.computed)
        rivals = (newer,) if self.rival else ()
        more = {"facts": facts, "rivals": rivals}
        return seen(self.experiment, self.model, candidate, control, **more)

    def _check_move(
        self, before: ABExperimentStatus, after: ABExperimentStatus, found: Judgement | None
    ) -> None:
        ruling = None if found is None else found.ruling
        going = (Ruling.PROCEED, Ruling.WON)
        if before.phase.finished:
            assert (after.phase, after.verdict) == (before.phase, before.verdict)
        # A share that only rises, or ends, never moves a user back and forth (flagger#1198).
        assert after.exposure >= before.exposure or after.exposure == 0
        if after.exposure > before.exposure:
            first = before.exposure == 0 and (
                before.phase in (Phase.PENDING, Phase.STARTING) or before.shadowed_at is not None
            )
            assert first or (before.weight_verified and ruling in going)
            assert first or not before.paused or "Resume" in self.asked_by_people
        if before.mirror and not after.mirror and after.phase is Phase.SHADOWING:
            assert ruling in going
        self._check_verdict(before, after, found)
        running = (Phase.PROGRESSING, Phase.PAUSED, Phase.SHADOWING, Phase.WATCHING)
        if ruling is Ruling.HARM and before.phase in running:
            assert after.exposure == after.mirror == 0
            assert after.verdict is not Verdict.PROMOTE
        if ruling is Ruling.HARM and before.phase is Phase.PROMOTING:
            assert after.phase is Phase.ROLLING_BACK

    def _check_verdict(
        self, before: ABExperimentStatus, after: ABExperimentStatus, found: Judgement | None
    ) -> None:
        spec, ruling = self.experiment.spec, None if found is None else found.ruling
        switches = spec.strategy is ExperimentStrategy.BLUE_GREEN
        won = before.verdict is None and after.verdict is Verdict.PROMOTE
        if won and not switches and "Promote" not in self.asked_by_people:
            overdue = self.now - NOW >= timedelta(hours=2)
            by_rule = overdue and spec.decision.on_inconclusive is OnInconclusive.PROMOTE
            wanted = (Ruling.WON,) if GOAL in spec.metrics else (Ruling.WON, Ruling.PROCEED)
            assert ruling in wanted or (by_rule and ruling is not Ruling.HARM)
            assert after.phase is Phase.PROMOTING
            assert found is not None
            assert not found.distrust
        lost = before.verdict is not Verdict.ROLLBACK and after.verdict is Verdict.ROLLBACK
        if lost and "Rollback" not in self.asked_by_people:
            assert ruling is Ruling.HARM or self.candidate_ready == 0

    @invariant()
    def the_share_is_one_of_the_steps(self) -> None:
        assert self.experiment.status.exposure in SHARES

    @invariant()
    def nobody_meets_a_shadow_or_a_switch_by_a_share(self) -> None:
        status = self.experiment.status
        assert not (status.exposure and status.mirror)
        if self.experiment.spec.strategy is ExperimentStrategy.BLUE_GREEN:
            assert status.exposure == 0

    @invariant()
    def giving_up_means_no_share_and_no_copies(self) -> None:
        status = self.experiment.status
        if status.phase in (Phase.ROLLING_BACK, Phase.FAILED, Phase.SUCCEEDED):
            assert status.exposure == status.mirror == 0

    @invariant()
    def an_ended_experiment_is_out_of_the_confirmed_route(self) -> None:
        status, route = self.experiment.status, self.model.status.route
        if status.phase.finished and route.verified_revision == route.revision:
            assert route.experiment is None
            assert route.mirror is None

    @invariant()
    def success_means_production_or_a_shadow_that_passed(self) -> None:
        if self.experiment.status.phase is Phase.SUCCEEDED:
            production = self.model.status.production
            assert production is not None
            passed = self.experiment.status.verdict is Verdict.PASSED
            assert production.version == ("v1.0.0" if passed else "v1.1.0")

    @invariant()
    def failure_means_that_production_was_given_back(self) -> None:
        production = self.model.status.production
        if self.experiment.status.phase is Phase.FAILED and production is not None:
            judged = self.experiment.status.verdict in (Verdict.ROLLBACK, Verdict.ABORT)
            assert production.version == "v1.0.0" or (judged and not self.model.status.judged)

    @invariant()
    def a_record_is_written_once(self) -> None:
        assert len(self.recorded) == len(set(self.recorded))
        listed = [entry.name for entry in self.experiment.status.evidence]
        assert listed == self.recorded[-len(listed) :] if listed else True


Rollout.TestCase.settings = PROFILE
TestRollout = Rollout.TestCase


def _with_status(own: Any, status: ABExperimentStatus) -> Any:
    return own.model_copy(update={"status": status})


def _with(own: Any, **changes: Any) -> Any:
    return own.model_copy(update={"status": own.status.model_copy(update=changes)})


def drive(
    samples: list[str], seconds: int, strategy: ExperimentStrategy = ExperimentStrategy.CANARY
) -> tuple[Any, Any]:
    """Run operator and gateways in step, everything ready, one look every ``seconds``."""
    stable = Route(revision=1, stable=name_of("v1.0.0"), stable_version="v1.0.0")
    own, of = experiment(spec={"strategy": strategy}), model("v1.0.0", route=stable)
    now, requests = NOW, 0.0
    pair = (version("v1.1.0"), version("v1.0.0"))
    for what in samples:
        obs = seen(own, of, *pair, facts=audited(own, SAMPLES[what](requests)))
        own = own.model_copy(update={"status": experiments.decide(obs, PLATFORM, now).status})
        world = {"experiments": (own,), "gateways": gateways(of.status.route.revision)}
        decided = models.decide(looked(of, *pair, **world), PLATFORM, now)
        of = of.model_copy(update={"status": decided.status})
        now += timedelta(seconds=seconds)
        requests += seconds * 20
    return own, of


TURNS = st.lists(st.sampled_from(["looked at", "switched", "followed"]), max_size=8)


@settings(max_examples=150, derandomize=True)
@given(TURNS, st.integers(1, 90))
def test_harm_takes_a_winner_back_until_every_gateway_follows(
    turns: list[str], seconds: int
) -> None:
    """Whatever operator and gateways have done by then, production ends as it was before."""
    world = won()
    for turn in turns:
        world.time_passes(seconds)
        move(world, turn, "healthy")
    promoted = world.experiment.status.phase is Phase.SUCCEEDED
    world.time_passes(seconds)
    move(world, "looked at", "failing")
    status = world.experiment.status
    if promoted or status.phase is Phase.SUCCEEDED:
        assert "followed" in turns
        return
    assert (status.phase, status.verdict) == (Phase.ROLLING_BACK, Verdict.ROLLBACK)
    for turn in ("switched", "followed", "switched", "looked at"):
        move(world, turn, "away")
    assert world.experiment.status.phase is Phase.FAILED
    assert world.model.status.production.version == "v1.0.0"
    assert [entry.version for entry in world.model.status.quarantine] == ["v1.1.0"]


def won() -> Rollout:
    """A canary that was just found to have won, at its last step."""
    world = Rollout()
    world.a_plan_is_drawn(Strategy.CANARY, False, OnInconclusive.HOLD, Following.NOTHING)
    for _ in range(40):
        world.all_goes_well_for_a_while("healthy", "equal", 1)
        if world.experiment.status.exposure == max(SHARES):
            break
    world.time_passes(61)
    for _ in range(2):
        move(world, "looked at", "healthy")
        world.time_passes(61)
    assert world.experiment.status.phase is Phase.PROMOTING
    return world


def move(world: Rollout, turn: str, what: str) -> None:
    """One thing that happens, with nothing lost."""
    if turn == "looked at":
        world.the_experiment_is_looked_at(what, "equal", "not due", lost=False)
    elif turn == "switched":
        world.the_model_is_looked_at(lost=False)
    else:
        world.gateways_follow()


QUIET = st.sampled_from(["silent", "not a number", "few", "away", "not due"])


@settings(max_examples=80, derandomize=True)
@given(
    st.lists(QUIET, min_size=1, max_size=60),
    st.integers(1, 6 * 3600),
    st.sampled_from([Strategy.CANARY, Strategy.AB_TEST, Strategy.SHADOW]),
)
def test_an_outage_of_any_length_neither_promotes_nor_rolls_back(
    quiet: list[str], seconds: int, strategy: ExperimentStrategy
) -> None:
    """Once taken for a success or a failure: flagger#1098, argo-rollouts#1466, #3850."""
    own, of = drive(["not due"] * 3 + quiet, seconds, strategy)
    assert own.status.verdict is None
    asked = {Strategy.CANARY: (500, 0), Strategy.AB_TEST: (5000, 0), Strategy.SHADOW: (0, 100)}
    assert (own.status.exposure, own.status.mirror) == asked[strategy]
    assert of.status.production.version == "v1.0.0"


@settings(max_examples=40, derandomize=True)
@given(st.lists(QUIET, min_size=1, max_size=60), st.integers(61, 5 * 3600))
def test_an_outage_in_the_watch_of_a_switch_neither_ends_it_nor_goes_back(
    quiet: list[str], seconds: int
) -> None:
    own, of = drive(["not due"] * 3 + quiet, seconds, Strategy.BLUE_GREEN)
    assert (own.status.phase, own.status.verdict) == (Phase.WATCHING, Verdict.PROMOTE)
    assert of.status.production.version == "v1.1.0"


@settings(max_examples=40, derandomize=True)
@given(st.lists(QUIET, max_size=20))
def test_after_an_outage_it_goes_on_to_the_right_end(quiet: list[str]) -> None:
    good, promoted = drive(["healthy"] * 4 + quiet + ["healthy"] * 20, 30)
    assert good.status.phase is Phase.SUCCEEDED
    assert promoted.status.production.version == "v1.1.0"
    assert promoted.status.previous.version == "v1.0.0"
    bad, kept = drive(["healthy"] * 4 + quiet + ["failing"] * 6, 30)
    assert (bad.status.phase, bad.status.verdict) == (Phase.FAILED, Verdict.ROLLBACK)
    assert kept.status.production.version == "v1.0.0"
    assert [entry.version for entry in kept.status.quarantine] == ["v1.1.0"]
