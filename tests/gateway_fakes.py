"""An Envoy as far as the control plane can see it: subscribes, warms up, confirms and refuses."""

from collections import deque
from typing import Any

from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DeltaDiscoveryResponse

from pharos_operator.gateway.render import CLUSTERS, ENDPOINTS, LISTENERS, ROUTE_TABLES
from pharos_operator.gateway.routes import ROUTES

ORDER = (CLUSTERS, ENDPOINTS, LISTENERS, ROUTE_TABLES)


class FakeEnvoy:
    """Keeps the rules that a real Envoy (1.40) taught; ``poison`` names resources that it refuses.

    A cluster counts as had from its arrival, warm or not. While a cluster warms, nothing is said
    about clusters, not even on a new stream, where endpoints are reported as if all were well;
    only an Envoy that starts speaks of its first clusters before they are warm, and of listeners
    only after. The real one ends the wait after 15 s; here it lasts, so that tests see it.
    """

    def __init__(self, node: str = "gateway-0") -> None:
        self.node = node
        self.outbox: deque[DeltaDiscoveryRequest] = deque()
        self.versions: dict[str, dict[str, str]] = {kind: {} for kind in ORDER}
        self.asked: set[str] = set()
        self.warming: set[str] = set()
        self.warm: set[str] = set()
        self.routed: set[str] = set()
        self.poison: set[str] = set()
        self.received: list[DeltaDiscoveryResponse] = []
        self._held: DeltaDiscoveryRequest | None = None
        self._started = False
        self._follows_routes = False

    def connect(self) -> None:
        """Open a stream: say what is wanted, and what is here from a stream before."""
        self.outbox.clear()
        self._held = None
        known = self.versions[CLUSTERS]
        self._say_of_clusters(self._request(CLUSTERS, initial_resource_versions=known))
        if self.asked:
            names, known = sorted(self.asked), self.versions[ENDPOINTS]
            self._say(ENDPOINTS, resource_names_subscribe=names, initial_resource_versions=known)
        if self._started:
            self._say(LISTENERS, initial_resource_versions=self.versions[LISTENERS])
        if self._follows_routes:
            known = self.versions[ROUTE_TABLES]
            self._say(
                ROUTE_TABLES, resource_names_subscribe=[ROUTES], initial_resource_versions=known
            )

    def receive(self, response: DeltaDiscoveryResponse) -> None:
        self.received.append(response)
        reason = self._refusal(response)
        if reason is None:
            self._take(response)
        answer = DeltaDiscoveryRequest(type_url=response.type_url, response_nonce=response.nonce)
        if reason is not None:
            answer.error_detail.message = reason
        if response.type_url == CLUSTERS:
            self._say_of_clusters(answer)
        else:
            self.outbox.append(answer)
        self.warm = (self.warm | self.asked - self.warming) & self.asked
        if not self.warming:
            self._release()

    def _refusal(self, response: DeltaDiscoveryResponse) -> str | None:
        bad = [r.name for r in response.resources if r.name in self.poison]
        if bad:
            return f"will not take {bad[0]}"
        if response.type_url == ROUTE_TABLES:
            missing = clusters_of(response) - self.versions[CLUSTERS].keys()
            return f"unknown clusters {sorted(missing)}" if missing else None
        return None

    def _take(self, response: DeltaDiscoveryResponse) -> None:
        known = self.versions[response.type_url]
        known.update((r.name, r.version) for r in response.resources)
        for name in response.removed_resources:
            known.pop(name, None)
        match response.type_url:
            case kind if kind == CLUSTERS:
                self._take_clusters(response)
            case kind if kind == ENDPOINTS:
                self.warming -= {r.name for r in response.resources}
                self.warming -= set(response.removed_resources)
            case kind if kind == LISTENERS and not self._follows_routes:
                self._follows_routes = True
                self._say(ROUTE_TABLES, resource_names_subscribe=[ROUTES])
            case kind if kind == ROUTE_TABLES and response.resources:
                self.routed = clusters_of(response)

    def _take_clusters(self, response: DeltaDiscoveryResponse) -> None:
        names = {r.name for r in response.resources}
        gone = set(response.removed_resources)
        self.warming = (self.warming | names) - gone
        fresh, left = sorted(names - self.asked), sorted(gone & self.asked)
        self.asked = (self.asked | names) - gone
        for name in gone:
            self.versions[ENDPOINTS].pop(name, None)
        if fresh:
            self._say(ENDPOINTS, resource_names_subscribe=fresh)
        if left:
            self._say(ENDPOINTS, resource_names_unsubscribe=left)

    def _say_of_clusters(self, request: DeltaDiscoveryRequest) -> None:
        if self._started and self.warming:
            self._held = request
        else:
            self.outbox.append(request)

    def _release(self) -> None:
        if self._held is not None:
            self.outbox.append(self._held)
            self._held = None
        if not self._started:
            self._started = True
            self._say(LISTENERS)

    def _say(self, kind: str, **fields: Any) -> None:
        self.outbox.append(self._request(kind, **fields))

    def _request(self, kind: str, **fields: Any) -> DeltaDiscoveryRequest:
        request = DeltaDiscoveryRequest(type_url=kind, **fields)
        request.node.id = self.node
        return request


def clusters_of(response: DeltaDiscoveryResponse) -> set[str]:
    """The clusters that a route table sends requests to."""
    found = set()
    for resource in response.resources:
        table = RouteConfiguration()
        resource.resource.Unpack(table)
        for entry in table.virtual_hosts[0].routes:
            found.add(entry.route.cluster)
            found.update(part.name for part in entry.route.weighted_clusters.clusters)
    return found - {""}
