"""A canary, its Model and the gateways under random traffic, outages, people and lost writes.

Both decisions run against one another as the operator runs them; a lost write is a decision whose
status never arrives. What must hold at every moment is checked after each step.
"""

from datetime import timedelta
from typing import Any

from decide_builders import (
    NOW,
    PLATFORM,
    STEPS,
    arm,
    experiment,
    gateways,
    looked,
    model,
    name_of,
    sample,
    seen,
    version,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pharos_analysis import gates
from pharos_analysis.samples import Sample
from pharos_api.abexperiment import (
    ABExperimentStatus,
    ExperimentPhase,
    ExperimentVerb,
    Outcome,
    Verdict,
)
from pharos_api.assignment import exposure_of
from pharos_api.meta import Command
from pharos_api.model import ModelStatus, Route
from pharos_operator.decide.experiments import experiment as experiments
from pharos_operator.decide.models import model as models

Phase = ExperimentPhase
SHARES = {0, *(exposure_of(step.percent) for step in STEPS)}
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
PROFILE = settings(
    max_examples=250,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)


class Rollout(RuleBasedStateMachine):
    """One Model with v1.0.0 in production and one canary of v1.1.0."""

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
        self.commands = 0
        self.asked_by_people: set[str] = set()
        self.harmed = False

    @rule(seconds=st.integers(1, 90))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        self.requests += seconds * 20

    @rule(what=st.sampled_from(["healthy", "healthy", "few", "away"]), turns=st.integers(1, 4))
    def all_goes_well_for_a_while(self, what: str, turns: int) -> None:
        self.candidate_ready = 2
        for _ in range(turns):
            self.time_passes(61)
            self.the_experiment_is_looked_at(what, lost=False)
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

    @rule(verb=st.sampled_from([*ExperimentVerb, "Explode"]), really=st.integers(0, 3))
    def a_person_asks(self, verb: str, really: int) -> None:
        if really or self.experiment.status.phase.finished:
            return
        self.commands += 1
        self.asked_by_people.add(str(verb))
        command = Command(id=str(self.commands), verb=str(verb))
        self.experiment = _with(self.experiment, command=command)

    @rule(what=st.sampled_from(sorted(SAMPLES)), lost=st.booleans())
    def the_experiment_is_looked_at(self, what: str, lost: bool) -> None:
        before = self.experiment.status
        exposed = before.exposed_at is not None and before.exposure
        taken = SAMPLES[what](self.requests) if exposed else None
        versions = (version("v1.1.0", ready=self.candidate_ready), version("v1.0.0"))
        obs = seen(self.experiment, self.model, *versions, sample=taken)
        decision = experiments.decide(obs, PLATFORM, self.now)
        self._check_move(before, decision.status, taken)
        self._check_fixpoint(decision.status, taken)
        if not lost:
            stored = ABExperimentStatus.model_validate(decision.status.to_json())
            assert stored == decision.status
            self.experiment = self.experiment.model_copy(update={"status": stored})

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
            assert self.experiment.status.verdict in (Verdict.PROMOTE, Verdict.ROLLBACK)
        assert after.route.revision - before.route.revision in (0, 1)
        assert after.route.verified_revision <= after.route.revision
        if not lost:
            stored = ModelStatus.model_validate(after.to_json())
            assert stored == after
            self.model = self.model.model_copy(update={"status": stored})

    def _check_move(
        self, before: ABExperimentStatus, after: ABExperimentStatus, taken: Sample | None
    ) -> None:
        outcomes = self._outcomes(taken)
        if before.phase.finished:
            assert (after.phase, after.verdict) == (before.phase, before.verdict)
        if after.exposure > before.exposure:
            first = before.exposure == 0 and before.phase in (Phase.PENDING, Phase.STARTING)
            assert first or (before.weight_verified and outcomes == {Outcome.PASS})
            assert first or not before.paused or "Resume" in self.asked_by_people
        new = before.verdict is None and after.verdict is not None
        if new and after.verdict is Verdict.PROMOTE and "Promote" not in self.asked_by_people:
            assert outcomes == {Outcome.PASS}
            assert after.phase is Phase.PROMOTING
        if new and after.verdict is Verdict.ROLLBACK and "Rollback" not in self.asked_by_people:
            unavailable = before.candidate_unready_since is not None
            assert Outcome.FAIL in outcomes or unavailable
        if Outcome.FAIL in outcomes and before.phase in (Phase.PROGRESSING, Phase.PAUSED):
            assert after.exposure == 0 or after.verdict is Verdict.PROMOTE

    def _outcomes(self, taken: Sample | None) -> set[Outcome]:
        if taken is None:
            return set()
        return {m.outcome for m in gates.evaluate(self.experiment.spec, taken, self.now)}

    def _check_fixpoint(self, after: ABExperimentStatus, taken: Sample | None) -> None:
        again = self.experiment.model_copy(update={"status": after})
        versions = (version("v1.1.0", ready=self.candidate_ready), version("v1.0.0"))
        obs = seen(again, self.model, *versions, sample=taken)
        decision = experiments.decide(obs, PLATFORM, self.now)
        assert decision.status == after
        assert decision.events == ()

    @invariant()
    def the_share_is_one_of_the_steps(self) -> None:
        assert self.experiment.status.exposure in SHARES

    @invariant()
    def giving_up_means_no_share(self) -> None:
        if self.experiment.status.phase in (Phase.ROLLING_BACK, Phase.FAILED, Phase.SUCCEEDED):
            assert self.experiment.status.exposure == 0

    @invariant()
    def an_ended_experiment_is_out_of_the_confirmed_route(self) -> None:
        status, route = self.experiment.status, self.model.status.route
        if status.phase.finished and route.verified_revision == route.revision:
            assert route.experiment is None

    @invariant()
    def success_means_production(self) -> None:
        if self.experiment.status.phase is Phase.SUCCEEDED:
            assert self.model.status.production is not None
            assert self.model.status.production.version == "v1.1.0"


Rollout.TestCase.settings = PROFILE
TestRollout = Rollout.TestCase


def _with(own: Any, **changes: Any) -> Any:
    return own.model_copy(update={"status": own.status.model_copy(update=changes)})


def drive(samples: list[str], seconds: int) -> tuple[Any, Any]:
    """Run operator and gateways in step, everything ready, one look every ``seconds``."""
    stable = Route(revision=1, stable=name_of("v1.0.0"), stable_version="v1.0.0")
    own, of, now, requests = experiment(), model("v1.0.0", route=stable), NOW, 0.0
    pair = (version("v1.1.0"), version("v1.0.0"))
    for what in samples:
        obs = seen(own, of, *pair, sample=SAMPLES[what](requests))
        own = own.model_copy(update={"status": experiments.decide(obs, PLATFORM, now).status})
        world = {"experiments": (own,), "gateways": gateways(of.status.route.revision)}
        decided = models.decide(looked(of, *pair, **world), PLATFORM, now)
        of = of.model_copy(update={"status": decided.status})
        now += timedelta(seconds=seconds)
        requests += seconds * 20
    return own, of


QUIET = st.sampled_from(["silent", "not a number", "few", "away", "not due"])


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(QUIET, min_size=1, max_size=60), st.integers(1, 6 * 3600))
def test_an_outage_of_any_length_neither_promotes_nor_rolls_back(
    quiet: list[str], seconds: int
) -> None:
    own, of = drive(["not due"] * 3 + quiet, seconds)
    assert own.status.verdict is None
    assert own.status.exposure == 500
    assert of.status.production.version == "v1.0.0"


@settings(max_examples=40, deadline=None, derandomize=True)
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
