"""Copies for a version in the shadow: nobody feels it, and every copy can be paired."""

import pytest
from gateway_builders import EXPERIMENT, MODEL, NAMESPACE, V2, route, traffic
from integration.gateway.lab import Lab, publish
from integration.gateway.upstream import Upstream

from pharos_api import names
from pharos_operator.gateway.snapshot import Mirror

ASKED = 60
SHADOW = names.cluster_name(NAMESPACE, MODEL, V2.version, "shadow")


async def shadowing(lab: Lab, percent: int = 100, **options: float) -> tuple[Upstream, Upstream]:
    """Production, and a version that gets copies of its requests."""
    stable, one = await lab.pod("one")
    shadow, two = await lab.pod("two", **options)
    server = await lab.control_plane()
    await lab.envoy()
    mirror = Mirror(EXPERIMENT, V2, percent)
    await publish(server, traffic(route(3, mirror=mirror), v1=[one], v2=[two]))
    return stable, shadow


@pytest.mark.parametrize(
    "options",
    [{"delay_s": 20.0}, {"status": 500}],
    ids=["a shadow that hangs", "a shadow that fails every request"],
)
async def test_users_are_answered_as_ever_by(lab: Lab, options: dict[str, float]) -> None:
    _, shadow = await shadowing(lab, **options)
    answers = await lab.ask_all([f"user-{number}" for number in range(ASKED)])
    assert {(a.status, a.arm, a.body["pod"]) for a in answers} == {(200, "outside", "one")}
    if "status" in options:
        await shadow.reached(ASKED)


async def test_users_are_answered_as_ever_when_the_shadow_is_dead(lab: Lab) -> None:
    _, shadow = await shadowing(lab)
    shadow.kill()
    async with lab.load() as load:
        await load.more(200)
    assert not load.failed()
    assert shadow.requests == 0


async def test_users_are_answered_as_ever_when_the_shadow_has_no_pods(lab: Lab) -> None:
    _, one = await lab.pod("one")
    server = await lab.control_plane()
    await lab.envoy()
    await publish(server, traffic(route(mirror=Mirror(EXPERIMENT, V2, 100)), v1=[one]))
    answers = await lab.ask_all([f"user-{number}" for number in range(ASKED)])
    assert {a.status for a in answers} == {200}


async def test_both_answers_carry_one_request_id_and_one_experiment(lab: Lab) -> None:
    stable, shadow = await shadowing(lab)
    await lab.ask_all([f"user-{number}" for number in range(ASKED)])
    await shadow.reached(ASKED)
    by_id = {seen["x-request-id"]: seen for seen in stable.seen}
    assert len(by_id) == ASKED
    for copy in shadow.seen:
        original = by_id[copy["x-request-id"]]
        assert copy["x-user-id"] == original["x-user-id"]
        assert (copy["x-pharos-arm"], original["x-pharos-arm"]) == ("shadow", "outside")
        assert copy["x-pharos-version"] == "v1.1.0"
        assert original["x-pharos-version"] == "v1.0.0"
        assert copy["x-pharos-experiment"] == original["x-pharos-experiment"] == EXPERIMENT


async def test_the_share_of_the_copies_is_the_one_that_was_asked_for(lab: Lab) -> None:
    """Of 600 draws at 25 %, 95 to 205 are within five standard deviations."""
    stable, shadow = await shadowing(lab, percent=25)
    await lab.ask_all([f"user-{number}" for number in range(600)])
    assert stable.requests == 600
    assert 95 <= shadow.requests <= 205


async def test_a_testers_request_is_never_copied(lab: Lab) -> None:
    stable, shadow = await shadowing(lab)
    await lab.ask("ada", x_pharos_pin="v1.0.0")
    await lab.ask("ada")
    await shadow.reached(1)
    assert (stable.requests, shadow.requests) == (2, 1)


async def test_a_split_and_a_mirror_at_once_keep_their_own_experiments(lab: Lab) -> None:
    _, one = await lab.pod("one")
    shadow, two = await lab.pod("two")
    server = await lab.control_plane()
    await lab.envoy()
    both = route(1, exposure=2500, mirror=Mirror("another-uid", V2, 100))
    await publish(server, traffic(both, v1=[one], v2=[two]))
    answer = await lab.ask()
    await shadow.reached(1)
    assert answer.body["headers"]["x-pharos-experiment"] == EXPERIMENT
    assert shadow.seen[0]["x-pharos-experiment"] == "another-uid"
