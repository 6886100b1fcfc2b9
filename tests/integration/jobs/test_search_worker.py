"""One worker on a study in SQLite: every strategy, every way in which a trial can end."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from pharos_api.search import Search, SearchStatus
from pharos_api.trainer import Hyperparameters
from pharos_jobs.context import StepContext
from pharos_jobs.core.trials import Phase, Trial, Worker
from pharos_jobs.errors import Interrupted, OutOfMemory, TrainingDivergenceError
from pharos_jobs.search.objective import TrialObjective
from pharos_jobs.search.patience import Patience
from pharos_jobs.search.reporting import Reporter
from pharos_jobs.search.study import Desk, SharedStudy
from pharos_jobs.search.worker import SearchWorker

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
Deed = Callable[[StepContext], None]


@dataclass
class Board:
    """Keeps what is reported."""

    reported: list[SearchStatus] = field(default_factory=list)

    def report(self, percent: int, message: str = "", **details: Any) -> None:
        self.reported.append(details["search"])


@dataclass
class Scripted:
    """Trains by the script: one deed a trial; after the last one trials go well."""

    deeds: list[Deed] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)

    def train(self, place: str, settings: Hyperparameters, context: StepContext) -> None:
        self.places.append(place)
        assert context.watch is not None
        number = 0
        for number in range(1, settings.epochs * context.watch.per_epoch + 1):
            context.progress.report(0)
            if number == 2 and len(self.places) <= len(self.deeds):
                self.deeds[len(self.places) - 1](context)
            if context.stop.is_set():
                return
            rate = float(settings.learning_rate) * 1e4
            context.watch.evaluated(number, rate * (1 - 0.5**number))

    def accuracy(self, trained: None) -> float:
        return 0.77

    def latency_ms(self, trained: None) -> float:
        return 1.0

    def forget(self, place: str) -> None:
        self.forgotten.append(place)


@dataclass
class Scene:
    """A worker with its study, its clock and what it reported."""

    url: str
    search: Search
    training: Scripted
    now: datetime = NOW
    board: Board = field(default_factory=Board)
    stop: threading.Event = field(default_factory=threading.Event)

    def work(self, incarnation: str = "a") -> list[Trial]:
        desk = Desk(Worker(1, 0, incarnation), 0, lambda: self.now, Patience(self.stop))
        study = SharedStudy(self.url, "scene", self.search, desk)
        reporter = Reporter(study, self.board, lambda: self.now, 0.005)
        objective = TrialObjective(
            self.training,
            self.search,
            Hyperparameters(),
            StepContext(Path("unused"), self.board, self.stop, lambda: self.now),
            desk.patience,
            reporter.report,
        )
        try:
            SearchWorker(study, objective, reporter, stays=True).work()
        finally:
            trials = study.trials()
            study.close()
        return trials


@pytest.fixture
def scene(tmp_path: Path) -> Callable[..., Scene]:
    def made(*deeds: Deed, **search: Any) -> Scene:
        asked = Search.model_validate({"trials": 4, **search})
        return Scene(f"sqlite:///{tmp_path}/study.db", asked, Scripted(list(deeds)))

    return made


STRATEGIES = {
    "Median": {"pruner": "Median", "trials": 8},
    "Hyperband": {"pruner": "Hyperband", "trials": 8},
    "ASHA": {"pruner": "ASHA", "trials": 8},
    "Random without pruning": {"pruner": "None", "sampler": "Random"},
}


@pytest.mark.parametrize("search", STRATEGIES.values(), ids=STRATEGIES)
def test_a_search_by_each_strategy_ends(
    search: dict[str, Any], scene: Callable[..., Scene]
) -> None:
    played = scene(**search)
    trials = played.work()
    assert len(trials) == played.search.trials
    assert {t.phase for t in trials} <= {Phase.COMPLETE, Phase.PRUNED}
    assert played.training.forgotten == played.training.places
    assert all(t.reported for t in trials)


@pytest.mark.requirement("HPS-9")
def test_the_median_pruner_ends_poor_trials_before_their_last_epoch(
    scene: Callable[..., Scene],
) -> None:
    trials = scene(trials=20, pruner="Median").work()
    pruned = [t for t in trials if t.phase is Phase.PRUNED]
    assert pruned
    assert all(len(t.reported) < 2 * int(t.params["epochs"]) for t in pruned)


def out_of_memory(_: StepContext) -> None:
    raise OutOfMemory("Memory ran out at a micro-batch of 1.")


def diverged(_: StepContext) -> None:
    raise TrainingDivergenceError("Training diverged (loss=nan).")


def device_full(_: StepContext) -> None:
    raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")


FAULTS = {
    "memory that ran out": (out_of_memory, "Memory ran out at a micro-batch of 1."),
    "a loss that is no number": (diverged, "Training diverged (loss=nan)."),
    "a full device": (device_full, "Memory ran out: CUDA out of memory"),
}


@pytest.mark.parametrize(("deed", "reason"), FAULTS.values(), ids=FAULTS)
def test_parameters_that_cannot_work_fail_their_trial_alone(
    deed: Deed, reason: str, scene: Callable[..., Scene]
) -> None:
    trials = scene(deed, pruner="None").work()
    assert [t.phase for t in trials] == [Phase.FAILED, *[Phase.COMPLETE] * 3]
    assert trials[0].reason.startswith(reason)


def test_an_error_that_is_nobodys_parameters_fault_ends_the_worker_and_its_trial_is_repeated(
    scene: Callable[..., Scene],
) -> None:
    def broken(_: StepContext) -> None:
        raise RuntimeError("shape mismatch")

    played = scene(broken, pruner="None")
    with pytest.raises(RuntimeError, match="shape mismatch"):
        played.work()
    trials = played.work(incarnation="b")
    assert [t.phase for t in trials] == [Phase.FAILED, *[Phase.COMPLETE] * 4]
    assert (trials[1].repeats, trials[1].params) == (0, trials[0].params)
    assert played.training.places[:2] == ["0", "0"]


def test_a_worker_that_shall_end_gives_its_trial_to_the_next_with_what_it_had_reported(
    scene: Callable[..., Scene],
) -> None:
    played = scene(lambda context: played.stop.set(), pruner="None", trials=1)
    with pytest.raises(Interrupted):
        played.work()
    played.stop.clear()
    first, again = played.work(incarnation="b")
    assert (first.phase, first.reason, again.repeats) == (Phase.FAILED, "", 0)
    assert again.params == first.params
    assert set(first.reported) <= set(again.reported)


def test_at_the_end_of_its_time_a_search_cuts_its_trial_short_and_keeps_what_it_reached(
    scene: Callable[..., Scene],
) -> None:
    def late(_: StepContext) -> None:
        played.now = NOW + timedelta(hours=2)

    played = scene(late, timeout="1h", pruner="None")
    (cut,) = played.work()
    assert (cut.phase, cut.reason) == (Phase.PRUNED, "The search's budget was used up.")
    assert cut.values == (cut.reported[max(cut.reported)],)
    assert played.board.reported[-1].reason == "The search has used up its time."
    assert played.board.reported[-1].best is not None


@dataclass
class Whole(Scripted):
    """Finds its training whole: there is nothing left to evaluate."""

    def train(self, place: str, settings: Hyperparameters, context: StepContext) -> None:
        self.places.append(place)


def test_a_training_that_was_whole_before_it_was_gone_on_from_is_not_worth_nothing(
    scene: Callable[..., Scene],
) -> None:
    played = scene(trials=1)
    played.training = Whole()
    (trial,) = played.work()
    assert (trial.phase, trial.values) == (Phase.COMPLETE, (0.77,))


def test_the_same_status_is_not_reported_twice(scene: Callable[..., Scene]) -> None:
    played = scene(trials=3)
    played.work()
    told = played.board.reported
    assert all(one != other for one, other in pairwise(told))
    assert (told[-1].completed + told[-1].pruned, told[-1].running) == (3, 0)
