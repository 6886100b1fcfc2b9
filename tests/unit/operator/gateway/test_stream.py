"""What the control plane sends to one Envoy, and when."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DeltaDiscoveryResponse
from gateway_builders import KEY, V1, V2, route, traffic
from gateway_fakes import FakeEnvoy

from pharos_operator.gateway.render import (
    CLUSTERS,
    ENDPOINTS,
    LISTENERS,
    ROUTE_TABLES,
    Options,
    render,
)
from pharos_operator.gateway.snapshot import Endpoint, ModelRoute, Snapshot
from pharos_operator.gateway.stream import Stream, Target

NOW = datetime(2026, 11, 23, tzinfo=UTC)
DRAIN_S = 35.0
POD, OTHER = Endpoint("10.0.0.1", 8080), Endpoint("10.0.0.2", 8080)
STABLE = "default/arxiv/v1-0-0/outside"


def target(*routes: ModelRoute, pods: tuple[Endpoint, ...] = (POD,)) -> Target:
    snapshot = traffic(*routes, v1=pods, v2=pods)
    return Target(snapshot.revisions(), render(snapshot, Options()))


@dataclass
class Talk:
    """A stream and its Envoy; ``settle`` lets them talk until both are silent."""

    envoy: FakeEnvoy
    stream: Stream

    def settle(self, wanted: Target, now_s: float = 0.0) -> list[DeltaDiscoveryResponse]:
        sent: list[DeltaDiscoveryResponse] = []
        while True:
            while self.envoy.outbox:
                self.stream.receive(self.envoy.outbox.popleft())
            response = self.stream.advance(wanted, now_s)
            if response is None and not self.envoy.outbox:
                return sent
            if response is not None:
                sent.append(response)
                self.envoy.receive(response)


def connected(envoy: FakeEnvoy | None = None) -> Talk:
    envoy = envoy or FakeEnvoy()
    envoy.connect()
    return Talk(envoy, Stream(NOW, DRAIN_S))


def kinds(responses: list[DeltaDiscoveryResponse]) -> list[str]:
    return [response.type_url for response in responses]


def test_a_fresh_gateway_gets_clusters_endpoints_listener_and_routes_in_this_order() -> None:
    talk = connected()
    sent = talk.settle(target(route(1)))
    assert kinds(sent) == [CLUSTERS, ENDPOINTS, LISTENERS, ROUTE_TABLES]
    assert talk.stream.state(None).live == {KEY: 1}
    assert talk.stream.state(None).node == "gateway-0"


def test_a_gateway_is_answered_about_clusters_even_where_there_are_none() -> None:
    sent = connected().settle(Target({}, render(Snapshot(), Options())))
    assert kinds(sent) == [CLUSTERS, LISTENERS, ROUTE_TABLES]


def test_a_change_of_weights_is_a_change_of_routes_alone() -> None:
    talk = connected()
    talk.settle(target(route(1, exposure=500)))
    assert kinds(talk.settle(target(route(2, exposure=1000)))) == [ROUTE_TABLES]
    assert talk.stream.live == {KEY: 2}


def test_a_pod_that_comes_or_goes_is_a_change_of_endpoints_alone() -> None:
    talk = connected()
    talk.settle(target(route(1)))
    assert kinds(talk.settle(target(route(1), pods=(POD, OTHER)))) == [ENDPOINTS]
    assert kinds(talk.settle(target(route(1), pods=()))) == [ENDPOINTS]


def test_nothing_is_sent_twice() -> None:
    talk = connected()
    talk.settle(target(route(1)))
    assert talk.settle(target(route(1))) == []


def test_a_gateway_that_reconnects_is_sent_its_endpoints_and_what_changed_meanwhile() -> None:
    talk = connected()
    talk.settle(target(route(1, exposure=500)))
    again = connected(talk.envoy)
    assert kinds(again.settle(target(route(1, exposure=500)))) == [ENDPOINTS]
    assert again.stream.live == {KEY: 1}
    later = connected(talk.envoy)
    assert kinds(later.settle(target(route(2, exposure=700)))) == [ENDPOINTS, ROUTE_TABLES]


def test_a_revision_is_live_only_once_acknowledged() -> None:
    talk = connected()
    talk.settle(target(route(1)))
    response = talk.stream.advance(target(route(2)), 0)
    assert response is not None
    assert talk.stream.live == {KEY: 1}
    talk.envoy.receive(response)
    talk.stream.receive(talk.envoy.outbox.popleft())
    assert talk.stream.live == {KEY: 2}


def test_what_was_acknowledged_counts_even_if_something_newer_is_wanted_by_then() -> None:
    talk = connected()
    talk.settle(target(route(1)))
    response = talk.stream.advance(target(route(2)), 0)
    assert response is not None
    assert talk.stream.advance(target(route(3)), 0) is None
    talk.envoy.receive(response)
    talk.stream.receive(talk.envoy.outbox.popleft())
    assert talk.stream.live == {KEY: 2}


def test_between_sending_and_answer_a_resource_counts_as_unknown() -> None:
    """Going back to the version before must be sent, though that was the last confirmed one."""
    talk = connected()
    before = target(route(1))
    talk.settle(before)
    response = talk.stream.advance(target(route(2)), 0)
    assert response is not None
    talk.envoy.receive(response)
    assert kinds(talk.settle(before)) == [ROUTE_TABLES]


def test_routes_wait_until_their_clusters_are_warm() -> None:
    talk = connected()
    talk.settle(target(route(1)))
    after = target(route(2, exposure=500))
    clusters = talk.stream.advance(after, 0)
    assert clusters is not None
    assert clusters.type_url == CLUSTERS
    assert talk.stream.advance(after, 0) is None


def test_a_changed_cluster_gets_its_endpoints_again_unasked() -> None:
    talk = connected()
    talk.settle(target(route(1)))
    changed = target(route(1))
    changed.wanted[CLUSTERS][STABLE].version = "another"
    sent = talk.settle(changed)
    assert kinds(sent) == [CLUSTERS, ENDPOINTS]
    assert not talk.envoy.warming


def test_endpoints_that_are_reported_after_their_cluster_changed_are_sent_all_the_same() -> None:
    """A gateway that reconnects reports clusters first: their change is on its way by then."""
    talk = connected()
    talk.settle(target(route(1)))
    again = connected(talk.envoy)
    changed = target(route(1))
    changed.wanted[CLUSTERS][STABLE].version = "another"
    again.stream.receive(again.envoy.outbox.popleft())
    clusters = again.stream.advance(changed, 0)
    assert clusters is not None
    again.envoy.receive(clusters)
    assert kinds(again.settle(changed)) == [ENDPOINTS]
    assert not again.envoy.warming


def test_a_changed_cluster_gets_its_endpoints_even_if_the_stream_broke_before_they_came() -> None:
    """The gateway reports the endpoints that the cluster before had: the changed one waits."""
    talk = connected()
    talk.settle(target(route(1)))
    changed = target(route(1))
    changed.wanted[CLUSTERS][STABLE].version = "another"
    clusters = talk.stream.advance(changed, 0)
    assert clusters is not None
    talk.envoy.receive(clusters)
    again = connected(talk.envoy)
    assert [request.type_url for request in again.envoy.outbox] == [
        ENDPOINTS,
        LISTENERS,
        ROUTE_TABLES,
    ]
    assert kinds(again.settle(changed)) == [ENDPOINTS]
    assert not again.envoy.warming
    assert again.stream.live == {KEY: 1}


def test_a_gateway_that_starts_and_loses_its_stream_gets_its_endpoints_on_the_next() -> None:
    talk = connected()
    talk.stream.receive(talk.envoy.outbox.popleft())
    clusters = talk.stream.advance(target(route(1)), 0)
    assert clusters is not None
    talk.envoy.receive(clusters)
    again = connected(talk.envoy)
    assert kinds(again.settle(target(route(1)))) == [ENDPOINTS, LISTENERS, ROUTE_TABLES]
    assert not again.envoy.warming


def test_a_cluster_does_not_change_while_its_endpoints_wait_for_their_answer() -> None:
    """The answer would hide that the changed cluster needs them once more."""
    talk = connected()
    talk.settle(target(route(1)))
    endpoints = talk.stream.advance(target(route(1), pods=(OTHER,)), 0)
    changed = target(route(1), pods=(OTHER,))
    changed.wanted[CLUSTERS][STABLE].version = "another"
    assert endpoints is not None
    assert talk.stream.advance(changed, 0) is None
    talk.envoy.receive(endpoints)
    assert kinds(talk.settle(changed)) == [CLUSTERS, ENDPOINTS]


def test_a_half_warm_cluster_that_is_no_longer_wanted_is_told_to_wait_for_nothing() -> None:
    talk = connected()
    talk.settle(target(route(1)))
    clusters = talk.stream.advance(target(route(2, exposure=500)), 0)
    assert clusters is not None
    talk.envoy.receive(clusters)
    sent = talk.settle(target(route(3)))
    absent = [r for r in sent if r.type_url == ENDPOINTS]
    assert [list(r.removed_resources) for r in absent] == [
        [
            "default/arxiv/v1-0-0/control",
            *(f"default/arxiv/v1-1-0/{a}" for a in ("candidate", "outside")),
        ]
    ]
    assert talk.stream.live == {KEY: 3}


def test_what_nothing_routes_to_is_removed_after_a_pause() -> None:
    talk = connected()
    talk.settle(target(route(1, stable=V1)))
    after = target(route(2, stable=V2))
    talk.settle(after, now_s=100)
    assert STABLE in talk.envoy.versions[CLUSTERS]
    assert talk.stream.wake_at_s == 100 + DRAIN_S
    sent = talk.settle(after, now_s=100 + DRAIN_S)
    assert [list(r.removed_resources) for r in sent] == [[STABLE]]
    assert talk.stream.wake_at_s is None


def test_what_is_wanted_again_within_the_pause_stays_and_its_next_pause_is_whole() -> None:
    talk = connected()
    talk.settle(target(route(1, stable=V1)))
    talk.settle(target(route(2, stable=V2)), now_s=0)
    talk.settle(target(route(3, stable=V1)), now_s=30)
    assert talk.settle(target(route(3, stable=V1)), now_s=35) == []
    talk.settle(target(route(4, stable=V2)), now_s=40)
    assert talk.settle(target(route(4, stable=V2)), now_s=70) == []


def test_refused_routes_are_reported_once_and_tried_again_only_when_they_change() -> None:
    talk = connected()
    talk.settle(target(route(1)))
    talk.envoy.poison = {"inference"}
    bad = target(route(2))
    assert kinds(talk.settle(bad)) == [ROUTE_TABLES]
    assert talk.settle(bad) == []
    assert talk.stream.state(bad).rejected == "inference: will not take inference"
    assert talk.stream.live == {KEY: 1}
    talk.envoy.poison = set()
    good = target(route(3))
    talk.settle(good)
    assert talk.stream.state(good) == Stream(NOW, 0, "gateway-0", {KEY: 3}).state(None)


def test_one_bad_resource_does_not_hold_up_the_good_ones() -> None:
    talk = connected()
    talk.settle(target(route(1)))
    bad = "default/arxiv/v1-1-0/candidate"
    talk.envoy.poison = {bad}
    after = target(route(2, exposure=500))
    talk.settle(after)
    known = talk.envoy.versions[CLUSTERS]
    assert bad not in known
    assert known.keys() == after.wanted[CLUSTERS].keys() - {bad}
    assert talk.stream.rejection(after) == f"{bad}: will not take {bad}"
    assert talk.stream.live == {KEY: 1}


def test_pods_still_come_and_go_while_routes_are_refused() -> None:
    talk = connected()
    talk.settle(target(route(1)))
    talk.envoy.poison = {"inference"}
    talk.settle(target(route(2)))
    assert kinds(talk.settle(target(route(2), pods=(OTHER,)))) == [ENDPOINTS]


@pytest.mark.parametrize("nonce", ["", "17"], ids=["no nonce", "a nonce of long ago"])
def test_an_answer_to_something_else_settles_nothing(nonce: str) -> None:
    talk = connected()
    talk.settle(target(route(1)))
    assert talk.stream.advance(target(route(2)), 0) is not None
    talk.stream.receive(DeltaDiscoveryRequest(type_url=ROUTE_TABLES, response_nonce=nonce))
    assert talk.stream.live == {KEY: 1}
    assert talk.stream.advance(target(route(2)), 0) is None
