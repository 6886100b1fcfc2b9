"""From the metrics to the Model's status: a day after the promotion what was seen is told once."""

from datetime import timedelta

import pytest
from decide_builders import arm, sample
from model_world import FakeErrorLog, FixedMetrics, World

from pharos_analysis.samples import LoggedErrors, Sample

DAY = timedelta(hours=24)
SEEN = sample(arm(400, 4, 30), arm(9600, 96, 30))
LOGGED = LoggedErrors((("OVERLOADED", 70), ("INTERNAL", 30)))


def watched(seen: Sample = SEEN) -> World:
    return World(metrics=FixedMetrics(answer=seen), errors=FakeErrorLog(LOGGED))


@pytest.mark.requirement("CHK-9")
def test_the_day_is_summed_up_with_metrics_and_errors_and_told_by_one_event() -> None:
    world = watched()
    world.turn()
    assert world.condition("ProductionVerified")["reason"] == "Watching"
    world.clock.time += DAY
    world.turn()
    assert world.condition("ProductionVerified")["status"] == "True"
    assert world.status["watched"] == {
        "version": "v1.0.0",
        "since": "2026-11-23T12:00:00Z",
        "until": "2026-11-24T12:00:00Z",
        "requests": 10000,
        "errors": 100,
        "p95LatencyMs": 35,
        "logged": {"OVERLOADED": 70, "INTERNAL": 30},
    }
    told = [e for e in world.cluster.events if e["reason"] == "ProductionVerified"]
    assert [event["note"] for event in told] == [
        "v1.0.0 in production for 24 h: 10,000 requests, 1.00 % errors (100; target 5 %), "
        "p95 35 ms (target 100 ms); errors in the prediction log: OVERLOADED 70, INTERNAL 30"
    ]


@pytest.mark.requirement("CHK-9")
def test_a_restart_after_the_report_reports_nothing_again_and_writes_nothing() -> None:
    world = watched()
    world.clock.time += DAY
    world.turn()
    world.restart()
    world.clock.time += timedelta(minutes=1)
    world.metrics.asked.clear()
    assert [call for call in world.turn() if "Model" in call] == []
    assert world.metrics.asked == []


@pytest.mark.requirement("CHK-9")
def test_an_operator_that_was_away_at_the_end_of_the_day_reports_when_it_is_back() -> None:
    world = watched()
    world.turn()
    world.clock.time += timedelta(hours=30)
    world.restart()
    world.turn()
    assert "in production for 30 h" in world.condition("ProductionVerified")["message"]


def test_the_window_begins_with_the_arrival_and_counts_both_arms_of_production() -> None:
    world = watched()
    world.clock.time += DAY
    world.turn()
    place = "default/arxiv/v1-0-0"
    assert world.metrics.asked == [(f"{place}/control", f"{place}/outside", DAY.total_seconds())]


def test_metrics_that_are_away_are_said_and_no_report_is_made_up() -> None:
    world = watched(Sample(error="Prometheus does not answer"))
    world.clock.time += DAY
    world.turn()
    found = world.condition("ProductionVerified")
    assert (found["status"], found["reason"]) == ("Unknown", "MetricsError")
    assert "Prometheus does not answer" in found["message"]
    assert "watched" not in world.status
