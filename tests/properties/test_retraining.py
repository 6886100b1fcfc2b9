"""Retraining under random orders of checks, verbs, ends of runs and crashes between writes.

Whatever happens: a check leads to one run at most, runs come one at a time, nothing starts within
the cool-down but what a person asked for, and looking again changes nothing.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from decide_builders import NOW, PLATFORM, gateways, looked
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from retraining_builders import ASKED, GROWN, QUIET, check, policy, retrained_model, trained

from pharos_api.checking import CheckResult
from pharos_api.meta import Command, Metadata
from pharos_api.model import Model, ModelVerb
from pharos_api.retraining import RetrainingStatus, Trigger
from pharos_api.trainingrun import StepName, StepState, StepStatus, TrainingRun, TrainingRunPhase
from pharos_api.trainingrun import TrainingRunStatus as RunStatus
from pharos_operator.decide.decision import (
    Action,
    Decision,
    EnsureCronJob,
    EnsureRetention,
    StartCheck,
    StartRetraining,
    SyncRegistry,
)
from pharos_operator.decide.models.model import decide
from pharos_operator.decide.observation import JobState, JobView, ModelObservation
from pharos_operator.decide.retraining.checking import look_again_s

COOL_DOWN = timedelta(hours=24)
# What a Model's look leads to besides its retraining.
_BESIDE = (SyncRegistry, EnsureRetention)
ANSWERS: dict[str, CheckResult | str] = {
    "grown": GROWN,
    "quiet": QUIET,
    "asked": ASKED,
    "garbage": "{not json",
    "silent": "",
}


class Retraining(RuleBasedStateMachine):
    """The API server's objects, an operator that may die after any write, and a clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now: datetime = NOW
        self.model: Model = retrained_model()
        self.checks: dict[str, JobView] = {}
        self.runs: dict[str, TrainingRun] = {}
        self.made: list[tuple[str, StartRetraining, datetime]] = []
        self.told: dict[str, str] = {}
        self.refused: list[datetime] = []

    @initialize(budget=st.sampled_from([None, "9"]), suspend=st.booleans())
    def _installed(self, budget: str | None, suspend: bool) -> None:
        more: dict[str, Any] = {} if budget is None else {"maxGpuHoursPerMonth": budget}
        self.model = retrained_model(policy(suspend=suspend, **more))

    @rule(hours=st.sampled_from([0.001, 0.1, 3, 30]))
    def time_passes(self, hours: float) -> None:
        self.now += timedelta(hours=hours)

    @precondition(lambda self: len(self.checks) < 6)
    @rule()
    def the_schedule_starts_a_check(self) -> None:
        self._check_starts(f"arxiv-retrain-{len(self.told)}")

    @precondition(lambda self: self._running())
    @rule(answer=st.sampled_from(sorted(ANSWERS)), data=st.data())
    def a_check_ends(self, answer: str, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(self._running()))
        asked = self.told[name] != "schedule"
        result = ANSWERS["asked" if asked and answer == "grown" else answer]
        began = self.checks[name].started_at
        ended = check(result, name=name, ended=self.now.replace(microsecond=0))
        self.checks[name] = replace(ended, started_at=began)

    @precondition(lambda self: self._live())
    @rule(well=st.booleans(), hours=st.integers(0, 5))
    def the_run_ends(self, well: bool, hours: int) -> None:
        (run,) = self._live()
        began, ended = self.now - timedelta(hours=hours), self.now.replace(microsecond=0)
        done = {"state": StepState.SUCCEEDED, "started_at": began, "finished_at": ended}
        outputs = {"datasetSha256": f"{len(self.made):064x}"}
        prepare = StepStatus(name=StepName.PREPARE, outputs=outputs, **done)
        steps = [prepare, StepStatus(name=StepName.TRAIN, **done)]
        phase = TrainingRunPhase.SUCCEEDED if well else TrainingRunPhase.FAILED
        status = RunStatus(phase=phase, steps=steps, started_at=began, finished_at=ended)
        self.runs[run.metadata.name] = run.model_copy(update={"status": status})
        self.operator_looks()

    @precondition(lambda self: any(r.status.phase.finished for r in self.runs.values()))
    @rule()
    def an_ended_run_goes(self) -> None:
        gone = next(name for name, run in self.runs.items() if run.status.phase.finished)
        del self.runs[gone]

    @precondition(lambda self: any(job.state.ended for job in self.checks.values()))
    @rule()
    def the_history_limit_removes_a_check_that_was_acted_on(self) -> None:
        acted = (self.model.status.retraining or RetrainingStatus()).acted
        for name in [n for n, job in self.checks.items() if job.uid in acted][:1]:
            del self.checks[name]

    @rule()
    def a_person_asks(self) -> None:
        command = Command(id=f"c{len(self.told)}-{len(self.made)}", verb=ModelVerb.RETRAIN)
        self._store({"command": command})

    @rule()
    def operator_looks(self) -> None:
        decision = self._decided()
        for action in decision.actions:
            self._carry_out(action)
        self._store_status(decision)

    @rule()
    def the_api_server_refuses_what_starts(self) -> None:
        """It has another answer a moment later; what was decided once stays."""
        decision = self._decided()
        wanted = {a.name: "quota" for a in decision.actions if isinstance(a, StartRetraining)}
        for action in decision.actions:
            if not isinstance(action, StartRetraining):
                self._carry_out(action)
        told = replace(self._observed(), refused_runs=wanted)
        self._store_status(decide(told, PLATFORM, self.now) if wanted else decision)
        self.refused += [self.now] if wanted else []

    @rule(survived=st.integers(0, 3))
    def operator_dies_after_some_writes(self, survived: int) -> None:
        for action in self._decided().actions[:survived]:
            self._carry_out(action)

    @invariant()
    def each_check_led_to_one_run_at_most(self) -> None:
        checks = [made.spec.cause.check for _, made, _ in self.made if made.spec.cause]
        assert len(checks) == len(set(checks))

    @invariant()
    def runs_come_one_at_a_time(self) -> None:
        assert len(self._live()) <= 1

    @invariant()
    def a_check_is_told_of_the_last_retraining_that_ended_well(self) -> None:
        retraining = self.model.status.retraining
        if retraining and retraining.attempt:
            assert retraining.attempt.run in [name for name, _, _ in self.made]

    @invariant()
    def no_answer_means_no_run(self) -> None:
        for _, made, _ in self.made:
            assert made.spec.cause is not None
            assert made.spec.cause.trigger in (Trigger.DATA_GROWTH, Trigger.MANUAL)

    @invariant()
    def the_cool_down_holds_for_the_schedule(self) -> None:
        for (_, _, before), (_, made, at) in zip(self.made, self.made[1:], strict=False):
            assert made.spec.cause is not None
            if made.spec.cause.trigger is not Trigger.MANUAL:
                assert at - before >= COOL_DOWN
                assert not [r for r in self.refused if r < at < r + COOL_DOWN]

    @invariant()
    def a_suspended_schedule_starts_nothing(self) -> None:
        rule_ = self.model.spec.retraining
        for _, made, _ in self.made if rule_ and rule_.suspend else ():
            assert made.spec.cause is not None
            assert made.spec.cause.trigger is Trigger.MANUAL

    def teardown(self) -> None:
        """At rest nothing more is decided, and what is read back is what was decided."""
        for _ in range(len(self.checks) + 3):
            self.operator_looks()
        rest = self._decided()
        assert rest.status == self.model.status
        assert rest.events == ()
        assert all(isinstance(action, EnsureCronJob) for action in rest.actions)

    def _observed(self) -> ModelObservation:
        return replace(
            looked(self.model, trained(), gateways=gateways(1)),
            checks=tuple(self.checks.values()),
            runs=tuple(self.runs.values()),
        )

    def _decided(self) -> Decision[Any]:
        decision = decide(self._observed(), PLATFORM, self.now)
        again = look_again_s(self._observed(), decision.status, self.now)
        assert again is None or decision.requeue_after_s is not None
        ours = tuple(a for a in decision.actions if not isinstance(a, _BESIDE))
        return replace(decision, actions=ours)

    def _carry_out(self, action: Action) -> None:
        match action:
            case StartCheck(job=name, told=told):
                if name not in self.told:
                    self._check_starts(name, told.forced)
            case StartRetraining(name=name, spec=spec):
                assert name not in self.runs
                assert not self._live()
                self.made.append((name, action, self.now))
                metadata = Metadata(
                    name=name, namespace="default", uid=f"uid-{name}-{len(self.made)}"
                )
                self.runs[name] = TrainingRun(
                    metadata=metadata, spec=spec, status=RunStatus(started_at=self.now)
                )
            case _:
                assert isinstance(action, EnsureCronJob)

    def _check_starts(self, name: str, why: str = "schedule") -> None:
        self.told[name] = why
        began = check(name=name, state=JobState.ACTIVE, finished_at=None, pod=None)
        self.checks[name] = replace(began, started_at=self.now)

    def _running(self) -> list[str]:
        return sorted(name for name, job in self.checks.items() if not job.state.ended)

    def _live(self) -> list[TrainingRun]:
        return [run for run in self.runs.values() if not run.status.phase.finished]

    def _store_status(self, decision: Decision[Any]) -> None:
        stored = type(decision.status).model_validate_json(
            decision.status.model_dump_json(by_alias=True)
        )
        self.model = self.model.model_copy(update={"status": stored})

    def _store(self, change: dict[str, Any]) -> None:
        status = self.model.status.model_copy(update=change)
        self.model = self.model.model_copy(update={"status": status})


def test_retraining_keeps_its_promises_in_every_order() -> None:
    profile = settings(max_examples=120, stateful_step_count=30, deadline=None, derandomize=True)
    run_state_machine_as_test(Retraining, settings=profile)
