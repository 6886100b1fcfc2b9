"""The window over the last predictions."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from pharos_serving.monitor import Observation, PredictionMonitor

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@dataclass(slots=True)
class Clock:
    """A clock that stands until it is moved."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.mark.requirement("MON-5", "MON-6")
def test_a_prediction_is_remembered_by_its_numbers() -> None:
    monitor = PredictionMonitor(Clock())
    monitor.log_prediction("text", {"a": 0.49, "b": 0.4}, 100)
    monitor.log_prediction("text", {}, 50.5, "Internal")
    assert list(monitor.predictions) == [
        Observation(NOW, 4, 2, 0.49, 100),
        Observation(NOW, 4, 0, 0.0, 50.5, "Internal"),
    ]


@pytest.mark.requirement("MON-7", "MON-8")
def test_the_window_is_summed_up() -> None:
    clock = Clock(NOW - timedelta(minutes=61))
    monitor = PredictionMonitor(clock)
    monitor.log_prediction("old", {"a": 0.1}, 999)
    clock.now = NOW
    for latency_ms in range(1, 101):
        monitor.log_prediction("text", {"a": 0.75, "b": 0.25}, latency_ms)
    monitor.log_prediction("text", {}, 50.5, "Internal")
    assert monitor.get_metrics() == {
        "total_predictions": 101,
        "error_rate": pytest.approx(1 / 101),
        "latency_p50": pytest.approx(50.5),
        "latency_p95": pytest.approx(95),
        "latency_p99": pytest.approx(99),
        "avg_confidence": pytest.approx(0.75),
        "low_confidence_rate": 0.0,
    }
    assert monitor.get_metrics(62)["total_predictions"] == 102


@pytest.mark.requirement("MON-7")
def test_an_empty_window_has_no_metrics() -> None:
    clock = Clock()
    monitor = PredictionMonitor(clock)
    assert monitor.get_metrics() == {}
    monitor.log_prediction("text", {"a": 1.0}, 1)
    clock.now += timedelta(minutes=6)
    assert monitor.get_metrics(window_minutes=5) == {}


CONFIDENCES = {
    "just under a half": (0.49, 1.0),
    "a half": (0.5, 0.0),
    "certain": (1.0, 0.0),
}


@pytest.mark.requirement("MON-9")
@pytest.mark.parametrize(("confidence", "low"), CONFIDENCES.values(), ids=CONFIDENCES)
def test_low_confidence_is_under_a_half(confidence: float, low: float) -> None:
    monitor = PredictionMonitor(Clock())
    monitor.log_prediction("text", {"a": confidence, "b": 1 - confidence - 0.1}, 1)
    assert monitor.get_metrics()["low_confidence_rate"] == low


@pytest.mark.requirement("MON-9")
def test_a_failed_answer_has_no_confidence() -> None:
    monitor = PredictionMonitor(Clock())
    monitor.log_prediction("text", {}, 1, "Internal")
    metrics = monitor.get_metrics()
    assert (metrics["error_rate"], metrics["low_confidence_rate"]) == (1.0, 0.0)
