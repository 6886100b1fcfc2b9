"""The gateways of a benchmark: stock Envoys with the bootstrap of the chart.

All of them listen on one port, as pods behind one Service would; the kernel spreads connections
over them. Each has its own loopback address for its counters.
"""

import socket
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from delivery import places
from delivery.processes import running
from pharos_api import names
from pharos_operator.gateway.bootstrap import Setup, bootstrap


@dataclass(frozen=True, slots=True)
class Gateway:
    """One Envoy: its node's name and where its counters can be read."""

    node: str
    host: str
    stats_port: int

    def scrape(self) -> str:
        """Its counters in Prometheus' text format; empty while it does not answer."""
        url = f"http://{self.host}:{self.stats_port}/stats/prometheus"
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                text: str = answer.read().decode()
                return text
        except (urllib.error.URLError, OSError):
            return ""

    def requests(self) -> int:
        """Requests of clients that it has taken."""
        prefix = 'envoy_http_downstream_rq_total{envoy_http_conn_manager_prefix="inference"}'
        found = (line for line in self.scrape().splitlines() if line.startswith(prefix))
        return sum(int(line.rsplit(" ", 1)[1]) for line in found)


def gateways(count: int) -> list[Gateway]:
    """The gateways of one benchmark, 127.0.0.11 and following."""
    return [
        Gateway(f"gateway-{number}", f"127.0.0.{11 + number}", names.PORT_GATEWAY_STATS)
        for number in range(count)
    ]


@contextmanager
def started(
    wanted: Sequence[Gateway], control_plane: tuple[str, int], folder: Path
) -> Iterator[None]:
    """Run the Envoys, connected to a control plane at host and port."""
    with ExitStack() as stack:
        for gateway in wanted:
            stack.enter_context(_envoy(gateway, control_plane, folder))
        yield


@contextmanager
def _envoy(gateway: Gateway, control_plane: tuple[str, int], folder: Path) -> Iterator[None]:
    setup = Setup(*control_plane, free_port(), gateway.stats_port)
    tree = bootstrap(setup)
    (stats,) = tree["static_resources"]["listeners"]
    stats["address"]["socket_address"]["address"] = gateway.host
    config = folder / f"{gateway.node}.yaml"
    config.write_text(yaml.safe_dump(tree))
    flags = ("--use-dynamic-base-id", "--concurrency", "1", "-l", "warning")
    who = ("--service-node", gateway.node, "--service-cluster", "gateway")
    command = [f"{places.envoy()}", "-c", f"{config}", *flags, *who]
    with running(command, folder / f"{gateway.node}.log"):
        yield


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
