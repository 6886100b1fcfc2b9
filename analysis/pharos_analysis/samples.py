"""What was counted of two arms over a window, as frozen values."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Histogram:
    """Latencies of one arm: cumulative counts at upper bounds in milliseconds, the last is +Inf."""

    bounds_ms: tuple[float, ...] = ()
    counts: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class ArmSample:
    """What the metrics say about one arm over a window. None: no series there (no data)."""

    requests: float | None = None
    errors: float | None = None
    latency: Histogram | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at the metrics. ``error`` is the provider's own message when it could not answer."""

    control: ArmSample = ArmSample()
    candidate: ArmSample = ArmSample()
    window_s: float = 0.0
    queries: tuple[tuple[str, str], ...] = ()
    error: str = ""
