"""A sliding window over the last predictions, for people without a Prometheus (MON-5 to MON-9).

Keeps numbers only, never a text. Bounded in memory.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pharos_serving.metrics import LOW_CONFIDENCE

_MOST_ENTRIES = 20_000


@dataclass(frozen=True, slots=True)
class Observation:
    """What is remembered of one prediction."""

    timestamp: datetime
    input_length: int
    num_predictions: int
    top_confidence: float
    latency_ms: float
    error: str | None = None


def _now() -> datetime:
    return datetime.now(UTC)


class PredictionMonitor:
    """The last predictions of this process, with their latencies and errors."""

    def __init__(self, clock: Callable[[], datetime] = _now) -> None:
        self.predictions: deque[Observation] = deque(maxlen=_MOST_ENTRIES)
        self._clock = clock

    def log_prediction(
        self,
        input_text: str,
        predictions: Mapping[str, float],
        latency_ms: float,
        error: str | None = None,
    ) -> None:
        """Remember one prediction; of the text only its length."""
        self.predictions.append(
            Observation(
                timestamp=self._clock(),
                input_length=len(input_text),
                num_predictions=len(predictions),
                top_confidence=max(predictions.values(), default=0.0),
                latency_ms=latency_ms,
                error=error,
            )
        )

    def get_metrics(self, window_minutes: int = 60) -> dict[str, float]:
        """Rates in 0..1 and latencies in ms over the last minutes; ``{}`` if there is nothing."""
        start = self._clock() - timedelta(minutes=window_minutes)
        recent = [seen for seen in self.predictions if seen.timestamp >= start]
        return _summary(recent) if recent else {}


def _summary(recent: Sequence[Observation]) -> dict[str, float]:
    count = len(recent)
    latencies = sorted(seen.latency_ms for seen in recent)
    answered = [seen.top_confidence for seen in recent if seen.error is None]
    low = sum(confidence < LOW_CONFIDENCE for confidence in answered)
    return {
        "total_predictions": count,
        "error_rate": (count - len(answered)) / count,
        "latency_p50": percentile(latencies, 50),
        "latency_p95": percentile(latencies, 95),
        "latency_p99": percentile(latencies, 99),
        "avg_confidence": sum(answered) / len(answered) if answered else 0.0,
        "low_confidence_rate": low / len(answered) if answered else 0.0,
    }


def percentile(ordered: Sequence[float], percent: float) -> float:
    """Linear interpolation between the two nearest ranks, as ``numpy.percentile`` does it."""
    position = (len(ordered) - 1) * percent / 100
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)
