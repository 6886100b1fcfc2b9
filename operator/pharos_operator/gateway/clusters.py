"""One arm's pool of pods as an Envoy cluster and its endpoints. Pure.

Decides how Envoy picks a pod, when it stops trusting one, and how much it may queue. It must not
judge a model: only failures of the connection count here, a 500 is evidence for the experiment.
"""

from typing import Any

from pharos_operator.gateway.snapshot import Pool

TYPE = "type.googleapis.com/"
ADS: dict[str, Any] = {"ads": {}, "resource_api_version": "V3"}

# Envoy must close idle connections first: one that serving closes may meet a request on its way.
# Serving keeps them for at least 5 s (uvicorn's default).
UPSTREAM_IDLE_S = 4

# A pod that dies fails all its requests in one instant, and each wants a retry at that instant.
MIN_RETRIES = 100

_HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


def cluster(name: str, max_requests: int) -> dict[str, Any]:
    """A cluster whose endpoints come by EDS under the same name."""
    return {
        "name": name,
        "type": "EDS",
        "eds_cluster_config": {"eds_config": ADS},
        "connect_timeout": "0.5s",
        "lb_policy": "LEAST_REQUEST",
        "ignore_health_on_host_removal": True,
        "circuit_breakers": {"thresholds": [_limits(max_requests)]},
        "outlier_detection": _ejection(),
        "common_lb_config": {"healthy_panic_threshold": {"value": 50}},
        "typed_extension_protocol_options": {_HTTP_OPTIONS: _http()},
    }


def load_assignment(pool: Pool) -> dict[str, Any]:
    """The pods of a cluster. An empty list is a valid answer: requests get 503."""
    hosts = [
        {"endpoint": {"address": {"socket_address": {"address": e.host, "port_value": e.port}}}}
        for e in pool.endpoints
    ]
    return {"cluster_name": pool.cluster, "endpoints": [{"lb_endpoints": hosts}] if hosts else []}


def _limits(max_requests: int) -> dict[str, Any]:
    return {
        "max_connections": max_requests,
        "max_pending_requests": max_requests,
        "max_requests": max_requests,
        "retry_budget": {"budget_percent": {"value": 20}, "min_retry_concurrency": MIN_RETRIES},
    }


def _ejection() -> dict[str, Any]:
    """Least-request prefers whoever fails fastest, so an unreachable pod must leave the choice."""
    off = (
        "enforcing_consecutive_5xx",
        "enforcing_consecutive_gateway_failure",
        "enforcing_success_rate",
        "enforcing_local_origin_success_rate",
    )
    return dict.fromkeys(off, 0) | {
        "split_external_local_origin_errors": True,
        "consecutive_local_origin_failure": 3,
        "enforcing_consecutive_local_origin_failure": 100,
        "interval": "1s",
        "base_ejection_time": "5s",
        "max_ejection_percent": 50,
    }


def _http() -> dict[str, Any]:
    return {
        "@type": TYPE + _HTTP_OPTIONS,
        "explicit_http_config": {"http_protocol_options": {}},
        "common_http_protocol_options": {"idle_timeout": f"{UPSTREAM_IDLE_S}s"},
    }
