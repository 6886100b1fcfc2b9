"""How often one host may be asked (settled points A2, A3).

``Pace`` and ``wait_before_retry_s`` are plain values, ``Limiter`` keeps one host's last request.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass

# arXiv's published terms: one request every three seconds, one connection.
DEFAULT_INTERVAL_S = 3.0
MIN_INTERVAL_S = 0.5
MAX_PER_SECOND = 3
RETRIES = 3
_LONGEST_WAIT_S = 120.0


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between the starts of two requests; never below the host's ceiling ``floor_s``."""

    interval_s: float = DEFAULT_INTERVAL_S
    floor_s: float = max(MIN_INTERVAL_S, 1 / MAX_PER_SECOND)

    def __post_init__(self) -> None:
        if self.interval_s < self.floor_s:
            raise ValueError(
                f"a request every {self.interval_s} s is faster than the source allows; "
                f"set at least {self.floor_s} s"
            )

    def wait_s(self, last_s: float | None, now_s: float) -> float:
        """Seconds until the next request may start."""
        return 0.0 if last_s is None else max(0.0, last_s + self.interval_s - now_s)


# Published terms of NCBI's E-utilities: 3 requests a second, 10 with a key. Semantic Scholar: one a
# second. A little more is waited, because the way to the host shortens some of the gaps.
NCBI = Pace(0.35, floor_s=1 / 3)
NCBI_WITH_KEY = Pace(0.11, floor_s=0.1)
SEMANTIC_SCHOLAR = Pace(1.05, floor_s=1.0)


class Limiter:
    """Lets requests to one host through at its pace, one at a time."""

    def __init__(
        self, pace: Pace, clock_s: Callable[[], float], sleep: Callable[[float], None]
    ) -> None:
        self._pace, self._clock_s, self._sleep = pace, clock_s, sleep
        self._last_s: float | None = None
        self._turn = threading.Lock()

    def wait(self) -> None:
        """Return when the next request may start."""
        with self._turn:
            delay_s = self._pace.wait_s(self._last_s, self._clock_s())
            if delay_s > 0:
                self._sleep(delay_s)
            self._last_s = self._clock_s()


def wait_before_retry_s(attempt: int, retry_after_s: float | None, jitter: float) -> float:
    """Seconds to wait after the failed try number ``attempt`` (from 0).

    Doubles with each try, ``2 ** attempt`` (row ERR-2), and adds up to half of that as jitter, so
    that many clients do not come back at once; what the source asks for by Retry-After is kept,
    up to two minutes.

    Args:
        attempt: number of the failed try, from 0.
        retry_after_s: what the answer said, or None.
        jitter: drawn by the caller, in 0..1.
    """
    backoff_s: float = 2**attempt * (1 + jitter / 2)
    return min(_LONGEST_WAIT_S, max(backoff_s, retry_after_s or 0.0))


def retry_after_seconds(header: str | None) -> float | None:
    """Seconds of a Retry-After header; its date form, which no source sends, reads as None."""
    try:
        return max(0.0, float(header)) if header else None
    except ValueError:
        return None
