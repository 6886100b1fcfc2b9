"""A small world in which a TrainingRun lives: an API server without a network, Jobs without pods.

Each attempt of a step ends as the script says. A look may stop after any number of its actions, as
if the operator had been killed there: the status is then not written.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from run_builders import (
    NOW,
    PLATFORM,
    active,
    complete,
    ended_pod,
    error_of,
    failed,
    make_model,
    make_version,
    result_of,
)

from pharos_api.jobio import ExitCode, FailureReason
from pharos_api.model import Model
from pharos_api.modelversion import ModelVersion
from pharos_api.trainingrun import StepName, StepStatus, TrainingRun, TrainingRunStatus
from pharos_operator.decide.decision import (
    Action,
    CreateVersion,
    Decision,
    Delete,
    StartStep,
    SuspendJob,
)
from pharos_operator.decide.observation import JobState, JobView, RunObservation
from pharos_operator.decide.runs.trainingrun import decide


class Outcome(StrEnum):
    """How an attempt ends."""

    OK = "ok"
    CRASH = "crash"
    AWAY = "away"
    PREEMPTED = "preempted"
    OUT_OF_MEMORY = "out of memory"
    BAD_INPUT = "bad input"
    DIVERGED = "diverged"
    GATE = "gate"
    LOST = "result lost"
    VERSION_EXISTS = "version exists"


_SAID = {
    Outcome.AWAY: (ExitCode.RETRYABLE, FailureReason.SOURCE_UNAVAILABLE),
    Outcome.BAD_INPUT: (ExitCode.BAD_INPUT, FailureReason.CATEGORY_EMPTY),
    Outcome.DIVERGED: (ExitCode.DIVERGED, FailureReason.TRAINING_DIVERGED),
    Outcome.GATE: (ExitCode.GATE, FailureReason.QUALITY_GATE_FAILED),
    Outcome.VERSION_EXISTS: (ExitCode.BAD_INPUT, FailureReason.VERSION_EXISTS),
}
_SILENT = {
    Outcome.CRASH: ended_pod(1, "Segmentation fault"),
    Outcome.PREEMPTED: ended_pod(143, disrupted=True),
    Outcome.OUT_OF_MEMORY: ended_pod(137, oom_killed=True),
}


def ending(job: str, step: StepName, outcome: Outcome, at: datetime) -> JobView:
    """The Job after that outcome."""
    if outcome in (Outcome.OK, Outcome.LOST):
        return complete(job, result_of(step) if outcome is Outcome.OK else "", at)
    if outcome in _SILENT:
        return failed(job, _SILENT[outcome], finished_at=at)
    code, reason = _SAID[outcome]
    pod = ended_pod(code, error_of(step, reason, f"This is {reason}."))
    return failed(job, pod, finished_at=at)


@dataclass
class World:
    """One run and what is there of it. ``script`` gives the outcomes of each step's attempts.

    ``stopped`` are Jobs that were deleted while they worked.
    """

    run: TrainingRun
    script: Mapping[StepName, list[Outcome]] = field(default_factory=dict)
    model: Model | None = field(default_factory=make_model)
    jobs: dict[str, JobView] = field(default_factory=dict)
    versions: dict[str, ModelVersion] = field(default_factory=dict)
    started: dict[str, StartStep] = field(default_factory=dict)
    now: datetime = NOW
    events: list[str] = field(default_factory=list)
    deleted: bool = False
    stopped: list[str] = field(default_factory=list)

    def look(self) -> Decision[TrainingRunStatus]:
        """Decide, without doing anything."""
        obs = RunObservation(
            run=self.run,
            model=self.model,
            jobs=dict(self.jobs),
            versions=tuple(self.versions.values()),
        )
        return decide(obs, PLATFORM, self.now)

    def reconcile(self, killed_after: int | None = None) -> Decision[TrainingRunStatus]:
        """Decide and act; stops after that many actions, with the status not written."""
        decision = self.look()
        for action in decision.actions[:killed_after]:
            self._do(action)
        if killed_after is None:
            self.events += [f"{each.reason}: {each.message}" for each in decision.events]
            self.write_status(**decision.status.model_dump(mode="json", by_alias=True))
        return decision

    def write_status(self, **fields: Any) -> None:
        """Store these fields of the status as the API server would: as JSON."""
        stored = self.run.status.to_json() | fields
        self.run = self.run.model_copy(update={"status": TrainingRunStatus.model_validate(stored)})

    def change_spec(self, **fields: Any) -> None:
        """A person edits the spec."""
        self.run = self.run.model_copy(update={"spec": self.run.spec.model_copy(update=fields)})

    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.now += timedelta(seconds=seconds)

    def finish_jobs(self) -> bool:
        """Every Job at work ends as the script says; whether there was one."""
        working = [job for job in self.jobs.values() if job.state is JobState.ACTIVE]
        for job in working:
            self.jobs[job.name] = self._ended(job)
        return bool(working)

    def settle(
        self, kills: Mapping[int, int] | None = None, busy: Set[int] = frozenset(), limit: int = 400
    ) -> None:
        """Go on until nothing moves any more. ``kills`` are actions done, by number of the look.

        After the looks in ``busy`` no Job ends.
        """
        for number in range(limit):
            self.check()
            killed_after = (kills or {}).get(number)
            decision = self.reconcile(killed_after)
            # A look that was killed has not written what it decided: it cannot be the last.
            if killed_after is None and self.run.status.finished_at and not decision.actions:
                return
            if number not in busy:
                self.finish_jobs()
            self.wait(301)
        raise AssertionError(f"does not settle: {self.run.status}")

    def check(self) -> None:
        """What must hold at every moment."""
        working = [job.name for job in self.jobs.values() if not job.state.ended]
        assert len(working) <= 1, f"two Jobs at work: {working}"
        for step in self.run.status.steps:
            assert step.attempts - step.excused_attempts <= self.run.spec.max_attempts

    def step(self, name: StepName) -> StepStatus:
        """How one step stands."""
        return next(each for each in self.run.status.steps if each.name is name)

    def end(self) -> dict[str, Any]:
        """How it all ended, without times."""
        status = self.run.status
        steps = [
            (s.name, s.state, s.attempts, s.excused_attempts, s.batch_divisor, s.outputs)
            for s in status.steps
        ]
        said = [(c.type, c.status, c.reason) for c in status.conditions]
        return {
            "phase": status.phase,
            "steps": steps,
            "conditions": said,
            "version": (status.version, status.model_version),
            "metrics": status.metrics,
            "jobs": sorted(self.jobs),
            "versions": {name: v.spec for name, v in self.versions.items()},
        }

    def _do(self, action: Action) -> None:
        match action:
            case StartStep():
                self.started.setdefault(action.job, action)
                self.jobs.setdefault(action.job, replace(active(action.job), started_at=self.now))
            case SuspendJob():
                state = JobState.SUSPENDED if action.suspend else JobState.ACTIVE
                self.jobs[action.job] = replace(self.jobs[action.job], state=state)
            case Delete() if action.ref.kind == "TrainingRun":
                self.deleted = True
            case Delete():
                gone = self.jobs.pop(action.ref.name, None)
                if gone is not None and not gone.state.ended:
                    self.stopped.append(gone.name)
            case CreateVersion():
                blank = make_version(action.spec.version)
                metadata = blank.metadata.model_copy(update={"name": action.name})
                made = blank.model_copy(update={"metadata": metadata, "spec": action.spec})
                self.versions.setdefault(action.name, made)
            case _:
                raise AssertionError(f"no action of a run: {action}")

    def _ended(self, job: JobView) -> JobView:
        told = self.started[job.name].step_input
        outcomes = self.script.get(told.step, [])
        outcome = outcomes[told.attempt - 1] if told.attempt <= len(outcomes) else Outcome.OK
        return ending(job.name, told.step, outcome, self.now)
