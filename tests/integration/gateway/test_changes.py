"""Routes change under load: nobody's request fails, nobody sits on the wrong arm."""

from collections.abc import Iterable
from dataclasses import replace

from gateway_builders import EXPERIMENT, SALT, V2, experiment, route, traffic
from integration.gateway.lab import Answer, Lab, live, publish

from pharos_api.assignment import HALF, assign
from pharos_api.delivery import MissingKey
from pharos_operator.gateway.snapshot import Mirror

CHANGES = 200


def exposure_at(revision: int) -> int:
    return abs((revision * 37) % (2 * HALF) - HALF)


def misrouted(answers: Iterable[Answer]) -> list[Answer]:
    """Answers whose arm is not the one of the revision that they say routed them."""
    return [a for a in answers if a.arm != assign(SALT, a.user, exposure_at(a.revision))]


async def test_weights_change_without_a_failed_or_misrouted_request(lab: Lab) -> None:
    _, one = await lab.pod("one")
    _, two = await lab.pod("two")
    server = await lab.control_plane()
    await lab.envoy()

    async def change(revision: int) -> None:
        split = route(revision, exposure=exposure_at(revision))
        await publish(server, traffic(split, v1=[one], v2=[two]))

    await change(1)
    async with lab.load() as load:
        for revision in range(2, CHANGES + 2):
            await change(revision)
            await load.more()
    assert not load.failed()
    assert not misrouted(load.answers)
    assert len({answer.revision for answer in load.answers}) > CHANGES / 2


async def test_mirrors_and_policies_come_and_go_without_a_failed_or_misrouted_request(
    lab: Lab,
) -> None:
    _, one = await lab.pod("one")
    shadow, two = await lab.pod("two")
    server = await lab.control_plane(drain_s=0.05)
    await lab.envoy()

    async def change(revision: int) -> None:
        policy = list(MissingKey)[revision // 2 % 2]
        running = experiment(exposure_at(revision), on_missing_key=policy)
        mirror = Mirror(EXPERIMENT, V2, 50) if revision % 2 else None
        wanted = replace(route(revision, mirror=mirror), experiment=running)
        await publish(server, traffic(wanted, v1=[one], v2=[two]))

    await change(1)
    async with lab.load() as load:
        for revision in range(2, 102):
            await change(revision)
            await load.more()
    assert not load.failed()
    assert not misrouted(load.answers)
    assert {seen["x-pharos-arm"] for seen in shadow.seen} >= {"shadow", "candidate"}


async def test_after_the_acknowledgement_every_new_request_follows_the_new_split(lab: Lab) -> None:
    _, one = await lab.pod("one")
    _, two = await lab.pod("two")
    server = await lab.control_plane()
    await lab.envoy()
    for revision in range(1, 30):
        await publish(server, traffic(route(revision, exposure=revision), v1=[one], v2=[two]))
        assert (await lab.ask(f"user-{revision}")).revision == revision


async def test_a_promotion_switches_the_route_without_a_failed_request(lab: Lab) -> None:
    _, one = await lab.pod("one")
    _, two = await lab.pod("two")
    server = await lab.control_plane(drain_s=0.05)
    await lab.envoy()
    await publish(server, traffic(route(1), v1=[one], v2=[two]))
    async with lab.load() as load:
        await publish(server, traffic(route(2, exposure=500), v1=[one], v2=[two]))
        await publish(server, traffic(route(3, exposure=5000), v1=[one], v2=[two]))
        await publish(server, traffic(route(4, stable=V2), v2=[two]))
        await load.more(100)
    assert not load.failed()
    assert {a.headers["x-pharos-version"] for a in load.answers[-20:]} == {"v1.1.0"}


async def test_a_cluster_that_is_removed_lets_its_requests_end(lab: Lab) -> None:
    slow, one = await lab.pod("one", delay_s=0.5)
    _, two = await lab.pod("two")
    server = await lab.control_plane(drain_s=0.0)
    gateway = await lab.envoy()
    await publish(server, traffic(route(1), v1=[one]))
    async with lab.load(callers=4) as load:
        await publish(server, traffic(route(2, stable=V2), v2=[two]))
        while "v1-0-0" in (await lab.scrape(gateway, "/stats/prometheus"))[1]:
            pass
    assert slow.requests > 0
    assert not load.failed()


async def test_bursts_of_snapshots_end_at_the_newest(lab: Lab) -> None:
    """Most are replaced before they are applied: clusters come, go, and come back half-warm."""
    _, one = await lab.pod("one")
    _, two = await lab.pod("two")
    server = await lab.control_plane(drain_s=0.0)
    await lab.envoy()
    await publish(server, traffic(route(1), v1=[one], v2=[two]))
    async with lab.load() as load:
        for revision in range(2, 302):
            pods = {"v1": [one], "v2": [two]}
            wanted = (
                route(revision),
                route(revision, exposure=revision),
                route(revision, stable=V2),
            )[revision % 3]
            server.publish(traffic(wanted, **pods))
            if revision % 7 == 0:
                await load.more()
            if revision % 50 == 0:
                await live(server, revision)
        await live(server, 301)
    assert not load.failed()


async def test_a_control_plane_that_defines_clusters_otherwise_is_confirmed_at_once(
    lab: Lab,
) -> None:
    """Envoy does not ask again for the endpoints; without them it would wait for 15 s."""
    _, one = await lab.pod("one")
    server = await lab.control_plane()
    await lab.envoy()
    await publish(server, traffic(route(1), v1=[one]))
    async with lab.load() as load:
        for revision in range(2, 5):
            await server.stop()
            server = await lab.control_plane(max_requests=2048 + revision)
            await publish(server, traffic(route(revision), v1=[one]))
    assert not load.failed()
