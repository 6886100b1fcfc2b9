"""What a step gets besides its input: where to report, whether to stop, the time."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from pharos_jobs.progress import Detail, ProgressSink


def utc_now() -> datetime:
    """The present moment in UTC."""
    return datetime.now(UTC)


class NoProgress:
    """Takes reports and forgets them."""

    def report(self, percent: int, message: str = "", **details: Detail) -> None:
        """Do nothing."""


class EvaluationWatch(Protocol):
    """Looks on at the evaluations of a training, and may end it by raising."""

    per_epoch: int

    def evaluated(self, number: int, accuracy: float) -> None:
        """The ``number``-th evaluation, counted from the start; of each epoch the last is its end.

        ``accuracy`` is that on the validation split, in 0..1.
        """


@dataclass(frozen=True, slots=True)
class StepContext:
    """The step's surroundings.

    ``work_dir`` is a scratch folder that vanishes with the process; ``stop`` is set when the
    process is asked to end (SIGTERM). ``watch`` is there when somebody wants to see how a training
    comes along: it is then evaluated several times an epoch.
    """

    work_dir: Path
    progress: ProgressSink = field(default_factory=NoProgress)
    stop: threading.Event = field(default_factory=threading.Event)
    now: Callable[[], datetime] = utc_now
    watch: EvaluationWatch | None = None
