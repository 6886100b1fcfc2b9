"""What a step gets besides its input: where to report, whether to stop, the time."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from pharos_jobs.progress import ProgressSink


def utc_now() -> datetime:
    """The present moment in UTC."""
    return datetime.now(UTC)


class NoProgress:
    """Takes reports and forgets them."""

    def report(self, percent: int, message: str = "", **details: str | int | None) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True)
class StepContext:
    """The step's surroundings.

    ``work_dir`` is a scratch folder that vanishes with the process; ``stop`` is set when the
    process is asked to end (SIGTERM).
    """

    work_dir: Path
    progress: ProgressSink = field(default_factory=NoProgress)
    stop: threading.Event = field(default_factory=threading.Event)
    now: Callable[[], datetime] = utc_now
