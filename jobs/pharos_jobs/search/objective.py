"""The objective of the study: draw, train, report each evaluation, prune (row HPS-12)."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import optuna
from optuna.exceptions import UpdateFinishedTrialError

from pharos_api.search import Objective, Search
from pharos_api.trainer import Hyperparameters
from pharos_jobs.context import StepContext
from pharos_jobs.errors import Interrupted
from pharos_jobs.progress import Detail
from pharos_jobs.search.patience import Patience
from pharos_jobs.search.space import draw, settings
from pharos_jobs.search.training import TrialTraining


class TrialCut(Exception):
    """The search's budget is used up; what the trial has reached stands."""


class TrialTaken(Exception):
    """Others took this trial for lost and have ended it; its worker goes on with another."""


@dataclass(frozen=True, slots=True)
class Course:
    """What is known of a trial when it begins.

    ``place`` is where it trains, ``inherited`` what the trial that it repeats had reported, and
    ``cut_at`` when the budget ends.
    """

    place: str
    inherited: tuple[tuple[int, float], ...] = ()
    cut_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TrialObjective:
    """Trains a trial. ``told`` is called after each evaluation, to let others see it."""

    training: TrialTraining
    search: Search
    base: Hyperparameters
    context: StepContext
    patience: Patience
    told: Callable[[], None] = lambda: None

    def __call__(self, trial: optuna.Trial, course: Course) -> list[float]:
        """Best accuracy at an epoch's end, and with two objectives milliseconds a text.

        Raises TrialPruned, TrialCut, TrialTaken, Interrupted, and what training raises.
        """
        draw(trial, self.search.space)
        drawn = settings(trial.params, self.base, self.search.evaluations_per_epoch)
        watch = _Watch(self, trial, course)
        stop = _StopByTime(self.context, course.cut_at)
        own = replace(self.context, progress=stop, stop=stop.event, watch=watch)
        trained = self.training.train(course.place, drawn, own)
        if self.context.stop.is_set():
            raise Interrupted("The search was asked to stop; its trial is kept for the next try.")
        if stop.event.is_set():
            raise TrialCut("The search's budget was used up.")
        best = watch.best
        found = [self.training.accuracy(trained) if best is None else best]
        if Objective.LATENCY in self.search.objectives:
            found.append(self.training.latency_ms(trained))
        return found


class _Watch:
    """Reports each evaluation of one trial, and prunes it when the study says so."""

    def __init__(self, objective: TrialObjective, trial: optuna.Trial, course: Course) -> None:
        self.per_epoch = objective.search.evaluations_per_epoch
        self._objective, self._trial = objective, trial
        self._inherited = dict(course.inherited)
        self._seen = dict(course.inherited)
        self._reported: set[int] = set()

    @property
    def best(self) -> float | None:
        """The best accuracy at the end of an epoch; None where no end was seen."""
        ends = [value for number, value in self._seen.items() if number % self.per_epoch == 0]
        return max(ends, default=None)

    def evaluated(self, number: int, accuracy: float) -> None:
        """Write the evaluation down. Raises TrialPruned when it is not worth going on."""
        self._seen[number] = accuracy
        if len(self._objective.search.objectives) == 1:
            self._objective.patience(lambda: self._report(number, accuracy))
        self._objective.told()

    def _report(self, number: int, accuracy: float) -> None:
        try:
            for earlier, value in self._inherited.items():
                if earlier < number:
                    self._report_once(earlier, value)
            self._report_once(number, accuracy)
        except UpdateFinishedTrialError as error:
            raise TrialTaken from error
        if self._trial.should_prune():
            raise optuna.TrialPruned

    def _report_once(self, number: int, accuracy: float) -> None:
        if number not in self._reported:
            self._trial.report(accuracy, number)
            self._reported.add(number)


class _StopByTime:
    """The trial's own stop: set when the process shall end, or when the budget has ended.

    It stands where progress is reported, because that is once a step: the trial's own percentage
    interests nobody.
    """

    def __init__(self, context: StepContext, cut_at: datetime | None) -> None:
        self._context, self._cut_at = context, cut_at
        self.event = threading.Event()

    def report(self, percent: int, message: str = "", **details: Detail) -> None:
        """Look at the clock and at the process's stop."""
        del percent, message, details
        is_late = self._cut_at is not None and self._context.now() >= self._cut_at
        if is_late or self._context.stop.is_set():
            self.event.set()
