"""The study that all workers share, and the turn in which one of them takes its next trial.

Looks, has ``core.trials`` decide, and writes. All is done in one turn at a time, so that no trial
is begun twice and none too many; what a killed worker left half done, the next turn puts right.
"""

import logging
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.storages import RDBStorage, fail_stale_trials
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import ProgrammingError

from pharos_api.jobio import FailureReason
from pharos_api.meta import seconds
from pharos_api.search import Objective, Search
from pharos_jobs.core.trials import (
    Budget,
    Move,
    Phase,
    Plan,
    Trial,
    Worker,
    cut_at,
    line,
    plan,
)
from pharos_jobs.errors import Terminal
from pharos_jobs.search.heart import GRACE_S, INTERVAL_S, Heart
from pharos_jobs.search.patience import Patience
from pharos_jobs.search.space import distributions
from pharos_jobs.search.strategies import pruner, sampler
from pharos_store.studies import SCHEMA, Turns, study_place

_WORKER, _REPEATS, _REASON, _GPUS, _BEGAN = "worker", "repeats", "reason", "gpus", "beganAt"
_PHASES = {
    TrialState.WAITING: Phase.WAITING,
    TrialState.RUNNING: Phase.RUNNING,
    TrialState.COMPLETE: Phase.COMPLETE,
    TrialState.PRUNED: Phase.PRUNED,
    TrialState.FAIL: Phase.FAILED,
}
_DIRECTIONS = {
    Objective.ACCURACY: StudyDirection.MAXIMIZE,
    Objective.LATENCY: StudyDirection.MINIMIZE,
}
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Desk:
    """Who works here and how: the worker, the GPUs it holds, its clocks and its patience."""

    me: Worker
    gpus: int
    now: Callable[[], datetime]
    patience: Patience
    clock_s: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class Claim:
    """What a turn gave: a trial to run until ``cut_at``, or the reason why there is none.

    ``lineage`` are the trial's number and those that it repeats; ``inherited`` is what they had
    reported, by evaluation.
    """

    plan: Plan
    trial: Any = None
    cut_at: datetime | None = None
    lineage: tuple[int, ...] = ()
    inherited: tuple[tuple[int, float], ...] = ()


class SharedStudy:
    """One study on a database. Every method waits for a database that is away."""

    def __init__(self, url: str, name: str, search: Search, desk: Desk) -> None:
        self.name, self._search, self._desk = name, search, desk
        self._turns = Turns(url)
        self._asked = desk.patience
        optuna.logging.disable_default_handler()
        optuna.logging.enable_propagation()
        storage = self._asked(lambda: self._opened(url))
        beats = url.startswith("postgres")
        self.heart = Heart(storage if beats else None, desk.clock_s)
        self.study = self._asked(lambda: self._joined(storage))

    @property
    def began_at(self) -> datetime:
        """When the first worker joined."""
        return datetime.fromisoformat(self._asked(lambda: self.study.user_attrs)[_BEGAN])

    @property
    def budget(self) -> Budget:
        """What this search may use; its time counts from the first worker's first look."""
        hours = self._search.max_gpu_hours
        return Budget(
            trials=self._search.trials,
            ends_at=self.began_at + timedelta(seconds=seconds(self._search.timeout)),
            gpu_hours=float(hours) if hours else None,
        )

    def trials(self) -> list[Trial]:
        """All trials, by number."""
        return self._asked(self._seen)

    def claim(self) -> Claim:
        """Take the next trial, if one may begin now."""
        return self._asked(self._claimed)

    def end(self, trial: Any, phase: TrialState, values: Any = None, reason: str = "") -> None:
        """Write down how a trial has ended; nothing changes where somebody else has ended it."""
        if reason:
            self._asked(lambda: self._signed(trial, reason))
        self._asked(lambda: self._told(trial, phase, values))

    def close(self) -> None:
        """Give the connections back."""
        self._turns.close()

    def _opened(self, url: str) -> RDBStorage:
        try:
            self._turns.make_schema()
        except ProgrammingError as error:
            raise Terminal(FailureReason.INVALID_SPEC, _no_schema(error)) from error
        place = study_place(url)
        beats = url.startswith("postgres")
        # Two workers that make the tables at once would trip over each other.
        with self._turns.turn(SCHEMA), quiet():
            return RDBStorage(
                place.url,
                place.engine_arguments,
                heartbeat_interval=INTERVAL_S if beats else None,
                grace_period=GRACE_S if beats else None,
            )

    def _joined(self, storage: RDBStorage) -> optuna.Study:
        with self._turns.turn(self.name), quiet():
            study = optuna.create_study(
                study_name=self.name,
                storage=storage,
                directions=[_DIRECTIONS[each] for each in self._search.objectives],
                pruner=pruner(self._search),
                load_if_exists=True,
            )
            if _BEGAN not in study.user_attrs:
                study.set_user_attr(_BEGAN, self._desk.now().isoformat(timespec="seconds"))
            return study

    def _claimed(self) -> Claim:
        with self._turns.turn(self.name), quiet():
            if self.heart.may_judge():
                fail_stale_trials(self.study)
            now, budget = self._desk.now(), self.budget
            planned = plan(self._seen(), budget, self._desk.me, now)
            for number in planned.lost:
                _log.warning("A trial was interrupted", extra={"trial": number})
                self._told(number, TrialState.FAIL, None)
            for number in planned.owed:
                self._put_up_again(number)
            if planned.move is not Move.START:
                return Claim(planned)
            return self._taken(planned, budget, now)

    def _taken(self, planned: Plan, budget: Budget, now: datetime) -> Claim:
        before = self._seen()
        self.study.sampler = sampler(self._search, len(before))
        trial = self.study.ask(distributions(self._search.space))
        trial.set_user_attr(_GPUS, self._desk.gpus)
        # Last: a running trial without a signature belongs to nobody.
        trial.set_user_attr(_WORKER, str(self._desk.me))
        trials = self._seen()
        lineage = line(trial.number, trials)
        earlier = {t.number: t.reported for t in trials}
        inherited = {k: v for n in reversed(lineage[1:]) for k, v in earlier[n].items()}
        return Claim(
            planned,
            trial,
            cut_at(trials, budget, self._search.parallelism, now),
            tuple(lineage),
            tuple(sorted(inherited.items())),
        )

    def _put_up_again(self, number: int) -> None:
        params = next(t.params for t in self._seen() if t.number == number)
        self.study.enqueue_trial(dict(params), user_attrs={_REPEATS: number})

    def _seen(self) -> list[Trial]:
        return [read(frozen) for frozen in self.study.get_trials(deepcopy=False)]

    def _signed(self, trial: Any, reason: str) -> None:
        with ignoring_ended():
            trial.set_user_attr(_REASON, reason)

    def _told(self, trial: Any, phase: TrialState, values: Any) -> None:
        with ignoring_ended():
            self.study.tell(trial, values, phase, skip_if_finished=True)


def _no_schema(error: ProgrammingError) -> str:
    why = str(error.orig).strip().partition("\n")[0]
    return (
        f"The database has no schema {SCHEMA} and refuses to make one: {why}. Grant CREATE "
        f"on the database to its role, or make it: CREATE SCHEMA {SCHEMA} AUTHORIZATION <role>."
    )


def read(frozen: FrozenTrial) -> Trial:
    """A trial of Optuna as ``core`` sees it."""
    attributes = frozen.user_attrs
    values = tuple(frozen.values or ())
    return Trial(
        number=frozen.number,
        phase=_PHASES[frozen.state],
        worker=Worker.parsed(attributes.get(_WORKER, "")),
        repeats=attributes.get(_REPEATS),
        reason=attributes.get(_REASON, ""),
        params=frozen.params,
        values=values,
        reported=frozen.intermediate_values,
        started_at=_aware(frozen.datetime_start),
        ended_at=_aware(frozen.datetime_complete),
        gpus=attributes.get(_GPUS, 0),
    )


@contextmanager
def quiet() -> Iterator[None]:
    """Without Optuna's remarks on what is new in it, and on beats outside of its loop."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        warnings.filterwarnings("ignore", message="Heartbeat of storage")
        yield


@contextmanager
def ignoring_ended() -> Iterator[None]:
    """A trial that was taken for lost and ended by others stays as they left it."""
    try:
        yield
    except optuna.exceptions.UpdateFinishedTrialError:
        _log.warning("The trial was ended by another worker")


def _aware(moment: datetime | None) -> datetime | None:
    """Optuna's times are local and do not say so."""
    return moment.astimezone(UTC) if moment else None
