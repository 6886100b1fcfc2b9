"""The listener that takes requests, and what it does to them before any route is chosen. Pure.

Decides limits, timeouts and which of the caller's headers are believed: the user, the request id,
and (only where testers are trusted) the pin.
"""

from typing import Any

from pharos_api import names
from pharos_operator.gateway.clusters import ADS, TYPE
from pharos_operator.gateway.routes import ROUTES, TIMEOUT_S

LISTENER = "inference"
BUFFER_BYTES = 1 << 20
# Above what a server takes by default, so that its own sentence is the answer to what is too long.
MOST_BODY_BYTES = 8 << 20

_MANAGER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_BUFFER = "envoy.extensions.filters.http.buffer.v3.Buffer"
_ROUTER = "envoy.extensions.filters.http.router.v3.Router"
_EARLY = "envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation"
_OURS = (names.HEADER_VERSION, names.HEADER_ARM, names.HEADER_EXPERIMENT, names.HEADER_REVISION)


def listener(port: int, allow_pin: bool) -> dict[str, Any]:
    """Plain HTTP/1.1 and HTTP/2 (prior knowledge) on ``port`` of every address."""
    name = "envoy.filters.network.http_connection_manager"
    chain = {"filters": [{"name": name, "typed_config": _manager(allow_pin)}]}
    return {
        "name": LISTENER,
        "address": {"socket_address": {"address": "0.0.0.0", "port_value": port}},  # noqa: S104
        "filter_chains": [chain],
        # A request that does not fit cannot be repeated when its pod dies.
        "per_connection_buffer_limit_bytes": BUFFER_BYTES,
    }


def _manager(allow_pin: bool) -> dict[str, Any]:
    router = {"name": "envoy.filters.http.router", "typed_config": {"@type": TYPE + _ROUTER}}
    early = {"@type": TYPE + _EARLY, "mutations": _mutations(allow_pin)}
    return {
        "@type": TYPE + _MANAGER,
        "stat_prefix": LISTENER,
        "codec_type": "AUTO",
        "rds": {"route_config_name": ROUTES, "config_source": ADS},
        "http_filters": [_whole_requests(), router],
        "early_header_mutation_extensions": [
            {"name": "envoy.http.early_header_mutation.header_mutation", "typed_config": early}
        ],
        "preserve_external_request_id": True,
        "always_set_request_id_in_response": True,
        "normalize_path": True,
        "merge_slashes": True,
        "path_with_escaped_slashes_action": "REJECT_REQUEST",
        "common_http_protocol_options": {
            "idle_timeout": "300s",
            "headers_with_underscores_action": "DROP_HEADER",
        },
        "http2_protocol_options": {"max_concurrent_streams": 256},
        "request_headers_timeout": "10s",
        "request_timeout": f"{TIMEOUT_S}s",
        "stream_idle_timeout": f"{2 * TIMEOUT_S}s",
    }


def _whole_requests() -> dict[str, Any]:
    """A request goes on when all of it is there: no version is judged by how slow a caller is."""
    config = {"@type": TYPE + _BUFFER, "max_request_bytes": MOST_BODY_BYTES}
    return {"name": "envoy.filters.http.buffer", "typed_config": config}


def _mutations(allow_pin: bool) -> list[dict[str, Any]]:
    """Done before routing; the ordinary header filter would come too late for the split.

    ``x-envoy-*`` would let a caller switch retries on and hide a version's failures. Of a repeated
    user header only the first value counts, for Envoy hashes several values in its own way.
    """
    untrusted = _OURS if allow_pin else (*_OURS, names.HEADER_PIN)
    once = {
        "header": {"key": names.HEADER_USER, "value": f"%REQ({names.HEADER_USER})%"},
        "append_action": "OVERWRITE_IF_EXISTS",
    }
    return [
        *({"remove": name} for name in untrusted),
        {"remove_on_match": {"key_matcher": {"prefix": "x-envoy-", "ignore_case": True}}},
        {"append": once},
    ]
