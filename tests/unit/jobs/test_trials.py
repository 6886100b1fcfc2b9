"""What a worker of a search does next, whatever was killed before."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pharos_jobs.core.trials import (
    MOST_REPEATS,
    Budget,
    Move,
    Phase,
    Plan,
    Trial,
    Worker,
    cut_at,
    final,
    gpu_hours,
    line,
    places,
    plan,
)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
BUDGET = Budget(trials=3, ends_at=NOW + timedelta(hours=1))
ME, OTHER = Worker(1, 0, "a"), Worker(1, 1, "b")
BEFORE_ME = Worker(1, 0, "z")


def complete(number: int, **more: object) -> Trial:
    return Trial(number, Phase.COMPLETE, ME, values=(0.9,), **more)  # type: ignore[arg-type]


def running(number: int, worker: Worker | None, **more: object) -> Trial:
    return Trial(number, Phase.RUNNING, worker, **more)  # type: ignore[arg-type]


def interrupted(number: int, **more: object) -> Trial:
    return Trial(number, Phase.FAILED, BEFORE_ME, **more)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Case:
    trials: list[Trial]
    expected: Plan
    budget: Budget = field(default=BUDGET)
    me: Worker = ME


LATE = replace(BUDGET, ends_at=NOW)
ON_GPU = {"started_at": NOW - timedelta(hours=2), "ended_at": NOW, "gpus": 1}
CASES = {
    "an empty study has a place": Case([], Plan((), (), Move.START)),
    "the trials of living workers leave their places taken": Case(
        [running(0, OTHER), complete(1)], Plan((), (), Move.START)
    ),
    "the last place is taken by another one's trial: wait for it": Case(
        [complete(0), complete(1), running(2, OTHER)], Plan((), (), Move.WAIT)
    ),
    "all done": Case([complete(0), complete(1), complete(2)], Plan((), (), Move.FINISH)),
    "a pruned and a failed trial count like the others": Case(
        [
            complete(0),
            Trial(1, Phase.PRUNED),
            Trial(2, Phase.FAILED, reason="The loss is no number."),
        ],
        Plan((), (), Move.FINISH),
    ),
    "what my own place ran before I began is lost, and put up again": Case(
        [running(0, BEFORE_ME)], Plan((0,), (0,), Move.START)
    ),
    "what ran in an earlier attempt of the Job is lost": Case(
        [running(0, Worker(1, 1, "b"))],
        Plan((0,), (0,), Move.START),
        me=Worker(2, 0, "c"),
    ),
    "what runs in a later attempt is not mine to judge": Case(
        [running(0, Worker(2, 0, "b"))], Plan((), (), Move.START)
    ),
    "a trial that was taken but never signed is lost": Case(
        [running(0, None)], Plan((0,), (0,), Move.START)
    ),
    "an interrupted trial is repeated though all places were begun": Case(
        [complete(0), complete(1), interrupted(2)], Plan((), (2,), Move.START)
    ),
    "its repetition waits to be taken": Case(
        [complete(0), complete(1), interrupted(2), Trial(3, Phase.WAITING, repeats=2)],
        Plan((), (), Move.START),
    ),
    "once repeated it is not repeated again": Case(
        [complete(0), complete(1), interrupted(2), complete(3, repeats=2)],
        Plan((), (), Move.FINISH),
    ),
    "a repetition that was interrupted too is repeated": Case(
        [complete(0), complete(1), interrupted(2), interrupted(3, repeats=2)],
        Plan((), (3,), Move.START),
    ),
    "a trial that kills its pods is given up": Case(
        [
            complete(0),
            complete(1),
            interrupted(2),
            interrupted(3, repeats=2),
            interrupted(4, repeats=3),
            interrupted(5, repeats=4),
        ],
        Plan((), (), Move.FINISH),
    ),
    "when the time is up nothing begins and nothing is repeated": Case(
        [complete(0), interrupted(1)],
        Plan((), (), Move.FINISH, "The search has used up its time."),
        budget=LATE,
    ),
    "when the time is up what still runs is waited for": Case(
        [running(0, OTHER)],
        Plan((), (), Move.WAIT, "The search has used up its time."),
        budget=LATE,
    ),
    "when the GPU-hours are used up nothing begins": Case(
        [complete(0, **ON_GPU)],
        Plan((), (), Move.FINISH, "The search has used up its 1.5 GPU-hours."),
        budget=replace(BUDGET, gpu_hours=1.5),
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_plan(case: Case) -> None:
    assert plan(case.trials, case.budget, case.me, NOW) == case.expected


def test_gpu_hours_are_those_of_each_gpu_and_count_while_a_trial_runs() -> None:
    began = NOW - timedelta(hours=1)
    trials = [
        complete(0, started_at=began, ended_at=NOW, gpus=2),
        running(1, OTHER, started_at=began + timedelta(minutes=30), gpus=1),
        complete(2, started_at=began, ended_at=NOW, gpus=0),
    ]
    assert gpu_hours(trials, NOW) == pytest.approx(2.5)


CUTS = {
    "without GPU-hours at the end of the time": (None, NOW + timedelta(hours=1)),
    "with few GPU-hours left sooner": (2.5, NOW + timedelta(minutes=15)),
    "with many GPU-hours left at the end of the time": (99.0, NOW + timedelta(hours=1)),
    "with none left at once": (1.0, NOW),
}


@pytest.mark.parametrize(("hours", "at"), CUTS.values(), ids=CUTS)
def test_when_a_trial_is_cut_short(hours: float | None, at: datetime) -> None:
    budget = replace(BUDGET, gpu_hours=hours)
    assert cut_at([complete(0, **ON_GPU)], budget, workers=2, now=NOW) == at


def test_a_worker_reads_as_it_was_written() -> None:
    assert Worker.parsed(str(OTHER)) == OTHER
    assert Worker.parsed("") is None


@dataclass
class Study:
    """A study in memory, in which workers are killed at the worst moments."""

    trials: list[Trial] = field(default_factory=list)

    def change(self, number: int, **fields: object) -> None:
        self.trials[number] = replace(self.trials[number], **fields)  # type: ignore[arg-type]

    def turn(self, me: Worker, kill_after: int) -> Move:
        """One turn; after so many writes the worker is dead."""
        planned = plan(self.trials, replace(BUDGET, trials=5), me, NOW)
        writes = 0
        for number in planned.lost:
            if (writes := writes + 1) > kill_after:
                return planned.move
            self.change(number, phase=Phase.FAILED)
        for number in planned.owed:
            if (writes := writes + 1) > kill_after:
                return planned.move
            self.trials.append(Trial(len(self.trials), Phase.WAITING, repeats=number))
        if planned.move is Move.START and (writes := writes + 1) <= kill_after:
            self._take(me, signed=writes + 1 <= kill_after)
        return planned.move

    def _take(self, me: Worker, signed: bool) -> None:
        waiting = next((t.number for t in self.trials if t.phase is Phase.WAITING), None)
        if waiting is None:
            waiting = len(self.trials)
            self.trials.append(Trial(waiting, Phase.WAITING))
        self.change(waiting, phase=Phase.RUNNING, worker=me if signed else None)

    def finish(self, me: Worker) -> None:
        for trial in self.trials:
            if trial.phase is Phase.RUNNING and trial.worker == me:
                self.change(trial.number, phase=Phase.COMPLETE)


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 9), st.booleans()), max_size=12))
@settings(max_examples=100, deadline=None)
def test_however_workers_are_killed_no_trial_is_lost_and_none_counts_twice(
    kills: list[tuple[int, int, bool]],
) -> None:
    study, lives = Study(), [0, 0]
    for index, kill_after, killed_in_trial in kills:
        me = Worker(1, index, str(lives[index]))
        study.turn(me, kill_after)
        if kill_after >= 9 and not killed_in_trial:
            study.finish(me)
        else:
            lives[index] += 1
    workers = [Worker(1, index, str(lives[index])) for index in (0, 1)]
    for _ in range(60):
        moves = {study.turn(me, 99) for me in workers}
        for me in workers:
            study.finish(me)
        if moves == {Move.FINISH}:
            break
    assert places(study.trials) == 5
    assert {t.phase for t in study.trials} <= {Phase.COMPLETE, Phase.FAILED}
    counted = final(study.trials)
    assert len(counted) == 5
    given_up = [t for t in counted if t.phase is Phase.FAILED]
    assert all(len(line(t.number, study.trials)) == MOST_REPEATS + 1 for t in given_up)
