"""A snapshot as Envoy resources, each with a version by its content. Pure.

Equal snapshots give equal bytes, so a restarted control plane sends no cluster, listener or route
table that is unchanged.
"""

import hashlib
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_components_pb2 import Route
from envoy.config.route.v3.route_pb2 import RouteConfiguration

# Imported for their side effect: an ``@type`` can only be packed once its descriptor is loaded.
from envoy.extensions.filters.http.buffer.v3 import buffer_pb2 as _buffer  # noqa: F401
from envoy.extensions.filters.http.router.v3 import router_pb2 as _router  # noqa: F401
from envoy.extensions.filters.network.http_connection_manager.v3 import (
    http_connection_manager_pb2 as _manager,  # noqa: F401
)
from envoy.extensions.http.early_header_mutation.header_mutation.v3 import (
    header_mutation_pb2 as _mutation,  # noqa: F401
)
from envoy.extensions.retry.host.previous_hosts.v3 import previous_hosts_pb2 as _hosts  # noqa: F401
from envoy.extensions.upstreams.http.v3 import http_protocol_options_pb2 as _http  # noqa: F401
from envoy.service.discovery.v3.discovery_pb2 import Resource
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.json_format import ParseDict
from google.protobuf.message import Message

from pharos_api import names
from pharos_operator.gateway.clusters import TYPE, cluster, load_assignment
from pharos_operator.gateway.listener import LISTENER, listener
from pharos_operator.gateway.routes import ROUTES, Rules, model_rules, table
from pharos_operator.gateway.snapshot import ModelRoute, Pool, Snapshot

CLUSTERS = TYPE + "envoy.config.cluster.v3.Cluster"
ENDPOINTS = TYPE + "envoy.config.endpoint.v3.ClusterLoadAssignment"
LISTENERS = TYPE + "envoy.config.listener.v3.Listener"
ROUTE_TABLES = TYPE + "envoy.config.route.v3.RouteConfiguration"

Wanted = Mapping[str, Mapping[str, Resource]]
"""Type URL -> resource name -> resource."""


@dataclass(frozen=True, slots=True)
class Options:
    """How the gateways are set up.

    ``allow_pin`` lets any caller choose a version by header; ``max_requests`` may be under way to
    one arm at a time, in each gateway.
    """

    port: int = names.PORT_GATEWAY
    allow_pin: bool = True
    max_requests: int = 2048


class Renderer:
    """Renders snapshots; what has not changed since the last one is not made again."""

    def __init__(self, options: Options) -> None:
        self._options = options
        front = listener(options.port, options.allow_pin)
        self._front = {LISTENER: _resource(LISTENER, ParseDict(front, Listener()))}
        self._clusters: _Last[str, Resource] = _Last(
            lambda name: _cluster(name, options.max_requests)
        )
        self._endpoints = _Last(_endpoints)
        self._rules = _Last(_rules)

    def render(self, snapshot: Snapshot) -> Wanted:
        """All resources that an Envoy needs to carry out the snapshot."""
        clusters = self._clusters.all(pool.cluster for pool in snapshot.pools)
        return {
            CLUSTERS: {r.name: r for r in clusters},
            ENDPOINTS: {r.name: r for r in self._endpoints.all(snapshot.pools)},
            LISTENERS: self._front,
            ROUTE_TABLES: {ROUTES: self._table(snapshot.routes)},
        }

    def _table(self, routes: tuple[ModelRoute, ...]) -> Resource:
        wanted = Rules.of(routes, self._options.allow_pin)
        ambiguous = (rules.route.model for rules in wanted if not rules.unique)
        message = ParseDict(table(ambiguous), RouteConfiguration())
        host = message.virtual_hosts[0]
        last = list(host.routes)
        del host.routes[:]
        for rules in self._rules.all(wanted):
            host.routes.extend(rules)
        host.routes.extend(last)
        return _resource(ROUTES, message)


def render(snapshot: Snapshot, options: Options) -> Wanted:
    """One snapshot, rendered by itself."""
    return Renderer(options).render(snapshot)


K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class _Last(Generic[K, V]):
    """Values by what they are made of, kept from one round to the next."""

    def __init__(self, make: Callable[[K], V]) -> None:
        self._make = make
        self._kept: dict[K, V] = {}

    def all(self, keys: Iterable[K]) -> Iterable[V]:
        kept, make = self._kept, self._make
        self._kept = {key: kept[key] if key in kept else make(key) for key in keys}
        return self._kept.values()


def _cluster(name: str, max_requests: int) -> Resource:
    return _resource(name, ParseDict(cluster(name, max_requests), Cluster()))


def _endpoints(pool: Pool) -> Resource:
    return _resource(pool.cluster, ParseDict(load_assignment(pool), ClusterLoadAssignment()))


def _rules(rules: Rules) -> list[Route]:
    return [ParseDict(rule, Route()) for rule in model_rules(rules)]


def _resource(name: str, message: Message) -> Resource:
    body = AnyMessage()
    body.Pack(message, deterministic=True)
    version = hashlib.sha256(body.value).hexdigest()[:16]
    return Resource(name=name, version=version, resource=body)
