"""Model servers that cost nearly nothing: one Envoy that answers by itself and says who it is.

It echoes the arm that the gateway told it, so that a client can check what the server believed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from delivery import places
from delivery.gateways import free_port
from delivery.open_loop import HEADER_POD_ARM, HEADER_POD_VERSION
from delivery.processes import running
from pharos_api import names
from pharos_operator.gateway.clusters import TYPE

_MANAGER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_ROUTER = "envoy.extensions.filters.http.router.v3.Router"


@contextmanager
def echoes(versions: tuple[str, ...], folder: Path) -> Iterator[dict[str, int]]:
    """One listener a version; yields version -> port on 127.0.0.1."""
    ports = {version: free_port() for version in versions}
    listeners = [_listener(version, port) for version, port in ports.items()]
    config = folder / "echo.yaml"
    config.write_text(yaml.safe_dump({"static_resources": {"listeners": listeners}}))
    flags = ("--use-dynamic-base-id", "--concurrency", "1", "-l", "warning")
    command = [f"{places.envoy()}", "-c", f"{config}", *flags]
    with running(command, folder / "echo.log"):
        yield ports


def _listener(version: str, port: int) -> dict[str, Any]:
    said = {HEADER_POD_ARM: f"%REQ({names.HEADER_ARM})%", HEADER_POD_VERSION: version}
    route = {
        "match": {"prefix": "/"},
        "direct_response": {"status": 200, "body": {"inline_string": '{"label":"x"}'}},
        "response_headers_to_add": [
            {"header": {"key": key, "value": value}} for key, value in said.items()
        ],
    }
    host = {"name": "all", "domains": ["*"], "routes": [route]}
    manager = {
        "@type": TYPE + _MANAGER,
        "stat_prefix": "echo",
        "route_config": {"virtual_hosts": [host]},
        "http_filters": [
            {"name": "envoy.filters.http.router", "typed_config": {"@type": TYPE + _ROUTER}}
        ],
    }
    name = "envoy.filters.network.http_connection_manager"
    return {
        "name": version,
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "filter_chains": [{"filters": [{"name": name, "typed_config": manager}]}],
    }
