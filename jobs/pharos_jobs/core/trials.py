"""The trials of a search: which are lost, which are owed another go, whether one may begin.

Everything follows from the trials as the study holds them, so that a worker killed between any two
writes leaves nothing that the next look does not put right. Pure: must not touch the study.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

# A trial that was interrupted as often as this kills its pods by itself.
MOST_REPEATS = 3


class Phase(StrEnum):
    """Where one trial stands."""

    WAITING = "Waiting"
    RUNNING = "Running"
    COMPLETE = "Complete"
    PRUNED = "Pruned"
    FAILED = "Failed"


@dataclass(frozen=True, slots=True)
class Worker:
    """One process that works on the study.

    ``index`` is its place among the pods of the Job ``attempt``; of all processes that have held
    that place, ``incarnation`` tells this one.
    """

    attempt: int
    index: int
    incarnation: str

    def __str__(self) -> str:
        return f"{self.attempt}/{self.index}/{self.incarnation}"

    @classmethod
    def parsed(cls, text: str) -> "Worker | None":
        """The worker that ``str()`` wrote; None for an empty text."""
        attempt, _, rest = text.partition("/")
        index, _, incarnation = rest.partition("/")
        return cls(int(attempt), int(index), incarnation) if text else None

    def outlives(self, other: "Worker") -> bool:
        """Whether this one's being alive means that the other is not.

        Kubernetes starts a pod in a place only when the one before it has ended.
        """
        if other.attempt != self.attempt:
            return other.attempt < self.attempt
        return other.index == self.index and other.incarnation != self.incarnation


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial. ``values`` are accuracy in 0..1 and, with two objectives, milliseconds a text.

    ``reported`` are accuracies by number of the evaluation. ``repeats`` is the number of the trial
    that was interrupted and whose parameters this one has. ``reason`` says why a trial failed or
    was cut short; a failed one without it was interrupted.
    """

    number: int
    phase: Phase
    worker: Worker | None = None
    repeats: int | None = None
    reason: str = ""
    params: Mapping[str, float | int] = field(default_factory=dict)
    values: tuple[float, ...] = ()
    reported: Mapping[int, float] = field(default_factory=dict)
    started_at: datetime | None = None
    ended_at: datetime | None = None
    gpus: int = 0


@dataclass(frozen=True, slots=True)
class Budget:
    """What a search may use: whichever is used up first ends it."""

    trials: int
    ends_at: datetime
    gpu_hours: float | None = None


class Move(StrEnum):
    """What a worker does next."""

    START = "Start"
    WAIT = "Wait"
    FINISH = "Finish"


@dataclass(frozen=True, slots=True)
class Plan:
    """What one look leads to: trials to give up as lost, trials to put up again, the next move.

    ``reason`` says why no more trials begin before all were done.
    """

    lost: tuple[int, ...]
    owed: tuple[int, ...]
    move: Move
    reason: str = ""


def plan(trials: Sequence[Trial], budget: Budget, me: Worker, now: datetime) -> Plan:
    """What the worker ``me`` shall do. Only one worker at a time may look and act."""
    lost = tuple(t.number for t in trials if _is_lost(t, me))
    known = [replace(t, phase=Phase.FAILED) if t.number in lost else t for t in trials]
    reason = used_up(known, budget, now)
    owed = () if reason else tuple(t.number for t in known if _is_owed(t, known))
    is_waiting = bool(owed) or any(t.phase is Phase.WAITING for t in known)
    has_place = places(known) < budget.trials
    if not reason and (is_waiting or has_place):
        return Plan(lost, owed, Move.START)
    is_running = any(t.phase is Phase.RUNNING for t in known)
    return Plan(lost, owed, Move.WAIT if is_running else Move.FINISH, reason)


def used_up(trials: Iterable[Trial], budget: Budget, now: datetime) -> str:
    """Why no trial may begin any more, as a sentence; empty while there is time."""
    if now >= budget.ends_at:
        return "The search has used up its time."
    if budget.gpu_hours is not None and gpu_hours(trials, now) >= budget.gpu_hours:
        return f"The search has used up its {budget.gpu_hours:g} GPU-hours."
    return ""


def gpu_hours(trials: Iterable[Trial], now: datetime) -> float:
    """Hours that all trials have held GPUs, each GPU by itself."""
    held = (t.gpus * ((t.ended_at or now) - t.started_at) for t in trials if t.started_at)
    return sum(held, timedelta()) / timedelta(hours=1)


def cut_at(trials: Sequence[Trial], budget: Budget, workers: int, now: datetime) -> datetime:
    """When a trial that begins now is cut short: the budgets are limits, not wishes.

    What is left of the GPU-hours is shared by ``workers`` that hold as many GPUs as trials did.
    """
    gpus = max((t.gpus for t in trials), default=0)
    if budget.gpu_hours is None or not gpus:
        return budget.ends_at
    left_h = max(0.0, budget.gpu_hours - gpu_hours(trials, now)) / (gpus * workers)
    return min(budget.ends_at, now + timedelta(hours=left_h))


def places(trials: Iterable[Trial]) -> int:
    """How many of the wanted trials have begun: a repeated one counts once."""
    return sum(t.repeats is None for t in trials)


def root(number: int, trials: Sequence[Trial]) -> int:
    """The first of the trials that a trial repeats; itself where it repeats none."""
    return line(number, trials)[-1]


def line(number: int, trials: Sequence[Trial]) -> list[int]:
    """The trial, the one that it repeats, the one that that one repeats, and so on."""
    before = {t.number: t.repeats for t in trials}
    found = [number]
    while (earlier := before.get(found[-1])) is not None:
        found.append(earlier)
    return found


def final(trials: Sequence[Trial]) -> list[Trial]:
    """The trials that count: without those that another one repeats."""
    repeated = {t.repeats for t in trials}
    return [t for t in trials if t.number not in repeated]


def _is_lost(trial: Trial, me: Worker) -> bool:
    if trial.phase is not Phase.RUNNING:
        return False
    # A worker signs its trial in the same turn in which it takes it.
    return trial.worker is None or me.outlives(trial.worker)


def _is_owed(trial: Trial, trials: Sequence[Trial]) -> bool:
    was_interrupted = trial.phase is Phase.FAILED and not trial.reason
    is_repeated = any(t.repeats == trial.number for t in trials)
    return was_interrupted and not is_repeated and len(line(trial.number, trials)) <= MOST_REPEATS
