"""From the log to the Model's status: a self-test is written once, and no restart repeats it."""

from datetime import timedelta
from typing import Any

from decide_builders import NOW
from model_world import FakeUsers, World
from self_test_logs import sound, with_a_bot

from pharos_api.model import ModelSpec, PromotionPolicy

LONG_WATCH = ModelSpec(promotion=PromotionPolicy(rollback_window="30d"))


def trust(world: World) -> dict[str, Any]:
    return world.condition("AnalysisTrustworthy")


def test_it_is_written_with_its_time_and_then_nothing_is_written_at_rest() -> None:
    world = World(FakeUsers(sound()), LONG_WATCH)
    assert world.turn()
    assert trust(world)["status"] == "True"
    assert world.status["selfTestedAt"] == "2026-11-23T12:00:00Z"
    assert world.turn() == []
    assert world.users.asked == 1


def test_a_restart_within_the_day_asks_for_nothing_and_keeps_what_was_found() -> None:
    world = World(FakeUsers(with_a_bot()), LONG_WATCH)
    world.turn()
    world.clock.time += timedelta(hours=23)
    world.restart()
    assert world.turn() == []
    assert trust(world)["status"] == "False"
    assert "error-rate" in trust(world)["message"]
    assert world.users.asked == 1


def test_after_a_day_it_is_made_again_with_one_write() -> None:
    world = World(FakeUsers(with_a_bot()), LONG_WATCH)
    world.turn()
    world.clock.time += timedelta(days=1)
    world.users.answer = sound()
    assert len(world.turn()) == 1
    assert trust(world)["status"] == "True"
    assert world.turn() == []


def test_too_little_traffic_costs_one_write_however_often_it_is_asked_for() -> None:
    world = World(FakeUsers(sound(150)), LONG_WATCH)
    world.turn()
    assert trust(world)["status"] == "Unknown"
    assert "selfTestedAt" not in world.status
    world.users.answer = sound(170)
    for hour in range(1, 4):
        world.clock.time = NOW + timedelta(hours=hour)
        assert world.turn() == []
    assert world.users.asked == 4
