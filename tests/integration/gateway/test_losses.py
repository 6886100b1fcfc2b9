"""Parts die: pods, the control plane, a gateway."""

from dataclasses import replace
from typing import Any

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryResponse
from gateway_builders import KEY, PATH, experiment, route, traffic
from integration.gateway.lab import Lab, live, publish, told

from pharos_operator.gateway.ads import AdsServer
from pharos_operator.gateway.render import ENDPOINTS
from pharos_operator.gateway.snapshot import Snapshot


class LosesEndpointsOnce(AdsServer):
    """Its first stream breaks in the moment when endpoints are due."""

    lost = False

    def _advance(self, connection: Any) -> DeltaDiscoveryResponse | None:
        response = super()._advance(connection)
        if response is not None and response.type_url == ENDPOINTS and not self.lost:
            self.lost = True
            raise ConnectionResetError("the stream breaks")
        return response


async def test_a_pod_that_dies_under_load_costs_no_request(lab: Lab) -> None:
    """The control plane hears of it late; until then retries and ejection must do."""
    dying, one = await lab.pod("one", delay_s=0.02)
    staying, other = await lab.pod("other", delay_s=0.02)
    server = await lab.control_plane()
    await lab.envoy()
    await publish(server, traffic(route(1), v1=[one, other]))
    async with lab.load(callers=32) as load:
        await dying.reached(100)
        dying.kill()
        await staying.reached(staying.requests + 500)
        await publish(server, traffic(route(2), v1=[other]))
    assert not load.failed()


async def test_the_gateway_serves_without_a_control_plane_and_follows_the_next_one(
    lab: Lab,
) -> None:
    _, one = await lab.pod("one")
    _, two = await lab.pod("two")
    server = await lab.control_plane()
    await lab.envoy()
    same = traffic(route(1, exposure=1000), v1=[one], v2=[two])
    await publish(server, same)
    async with lab.load() as load:
        await server.stop()
        await load.more(200)
        server = await lab.control_plane()
        await told(server, lambda states: len(states) == 1)
        await publish(server, same)
        sent = [connection.stream.sent for connection in server._connections]
        await publish(server, traffic(route(2, exposure=2000), v1=[one], v2=[two]))
    assert sent == [1], "its endpoints, and nothing else"
    assert not load.failed()


async def test_a_stream_that_breaks_while_a_changed_cluster_warms_holds_nothing_up(
    lab: Lab,
) -> None:
    """The changed cluster would wait 15 s for endpoints that the gateway says it has."""
    _, one = await lab.pod("one")
    server = await lab.control_plane()
    await lab.envoy()
    await publish(server, traffic(route(1), v1=[one]))
    await server.stop()
    server = await lab.control_plane(server_type=LosesEndpointsOnce, max_requests=100)
    server.publish(traffic(route(2), v1=[one]))
    await live(server, 2)
    assert isinstance(server, LosesEndpointsOnce)
    assert server.lost
    assert (await lab.ask("ada")).revision == 2


async def test_a_control_plane_that_knows_nothing_yet_takes_nothing_away(lab: Lab) -> None:
    _, one = await lab.pod("one")
    server = await lab.control_plane()
    await lab.envoy()
    await publish(server, traffic(route(1), v1=[one]))
    await server.stop()
    server = await lab.control_plane(drain_s=0.0)
    await told(server, lambda states: len(states) == 1)
    assert server.state()[0].live == {}
    assert (await lab.ask("ada")).status == 200


async def test_an_empty_snapshot_makes_a_gateway_ready_and_helpful(lab: Lab) -> None:
    server = await lab.control_plane()
    server.publish(Snapshot())
    gateway = await lab.envoy()
    await told(server, lambda states: len(states) == 1)
    while (answer := await lab.ask("ada")).status == 0:
        pass
    assert answer.status == 404
    assert (await lab.scrape(gateway, "/ready"))[0] == 200
    _, one = await lab.pod("one")
    await publish(server, traffic(route(1), v1=[one]))
    assert (await lab.ask("ada", PATH)).status == 200


async def test_every_gateway_reports_where_it_is_and_leaves_when_it_dies(lab: Lab) -> None:
    _, one = await lab.pod("one")
    server = await lab.control_plane()
    first, _ = await lab.envoy("gateway-a"), await lab.envoy("gateway-b")
    await publish(server, traffic(route(3), v1=[one]), nodes=2)
    assert [(s.node, s.live) for s in server.state()] == [
        ("gateway-a", {KEY: 3}),
        ("gateway-b", {KEY: 3}),
    ]
    first.process.kill()
    await told(server, lambda states: len(states) == 1)
    assert [s.node for s in server.state()] == ["gateway-b"]
    await publish(server, traffic(route(4), v1=[one]))


async def test_a_refused_part_is_reported_and_the_part_before_keeps_serving(lab: Lab) -> None:
    """A header value that Envoy cannot send stands for any mistake of ours."""
    _, one = await lab.pod("one")
    server = await lab.control_plane()
    await lab.envoy()
    await publish(server, traffic(route(1), v1=[one]))
    bad = replace(experiment(100), uid="two\nlines")
    server.publish(traffic(replace(route(2), experiment=bad), v1=[one]))
    await told(server, lambda states: states[0].rejected is not None)
    state = server.state()[0]
    assert state.live == {KEY: 1}
    assert "inference" in (state.rejected or "")
    assert (await lab.ask("ada")).revision == 1
    await publish(server, traffic(route(3), v1=[one]))
    assert server.state()[0].rejected is None
    await live(server, 3)


async def test_a_gateway_that_is_taken_away_sends_its_callers_elsewhere_without_a_failure(
    lab: Lab,
) -> None:
    """The hook before the end of a pod: not ready any more, and kept connections end politely."""
    _, one = await lab.pod("one")
    server = await lab.control_plane()
    gateway = await lab.envoy()
    await publish(server, traffic(route(1), v1=[one]))
    assert "connection" not in (await lab.ask("ada")).headers
    async with lab.load() as load:
        await lab.command(gateway, "/healthcheck/fail")
        await load.more(100)
    assert not load.failed()
    assert (await lab.ask("ada")).headers["connection"] == "close"
    assert (await lab.scrape(gateway, "/ready"))[0] == 503
