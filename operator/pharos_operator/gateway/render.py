"""A snapshot as Envoy resources, each with a version by its content. Pure.

Equal snapshots give equal bytes, so a restarted control plane sends nothing that is unchanged.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_pb2 import RouteConfiguration

# Imported for their side effect: an ``@type`` can only be packed once its descriptor is loaded.
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

from pharos_api import names
from pharos_operator.gateway.clusters import TYPE, cluster, load_assignment
from pharos_operator.gateway.listener import LISTENER, listener
from pharos_operator.gateway.routes import ROUTES, route_configuration
from pharos_operator.gateway.snapshot import Snapshot

CLUSTERS = TYPE + "envoy.config.cluster.v3.Cluster"
ENDPOINTS = TYPE + "envoy.config.endpoint.v3.ClusterLoadAssignment"
LISTENERS = TYPE + "envoy.config.listener.v3.Listener"
ROUTE_TABLES = TYPE + "envoy.config.route.v3.RouteConfiguration"

Wanted = Mapping[str, Mapping[str, Resource]]
"""Type URL -> resource name -> resource."""


@dataclass(frozen=True, slots=True)
class Options:
    """How the gateways are set up; ``allow_pin`` lets any caller choose a version by header."""

    port: int = names.PORT_GATEWAY
    allow_pin: bool = True


def render(snapshot: Snapshot, options: Options) -> Wanted:
    """All resources that an Envoy needs to carry out the snapshot."""
    pools = snapshot.pools
    table = route_configuration(snapshot.routes, options.allow_pin)
    front = listener(options.port, options.allow_pin)
    return {
        CLUSTERS: {p.cluster: _resource(p.cluster, cluster(p.cluster), Cluster()) for p in pools},
        ENDPOINTS: {
            p.cluster: _resource(p.cluster, load_assignment(p), ClusterLoadAssignment())
            for p in pools
        },
        LISTENERS: {LISTENER: _resource(LISTENER, front, Listener())},
        ROUTE_TABLES: {ROUTES: _resource(ROUTES, table, RouteConfiguration())},
    }


def _resource(name: str, spec: dict[str, Any], message: Any) -> Resource:
    body = AnyMessage()
    body.Pack(ParseDict(spec, message), deterministic=True)
    version = hashlib.sha256(body.value).hexdigest()[:16]
    return Resource(name=name, version=version, resource=body)
