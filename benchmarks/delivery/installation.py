"""A Pharos that moves real traffic without a node: all is real but the pods of the models.

API server and etcd, one operator process, two Envoys and a Prometheus, each a process of this
machine. Kubernetes' own controllers are played: see ``course.py``.
"""

import asyncio
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from delivery import gateways, objects, places
from delivery.api import CORE, Api, connected
from delivery.processes import module, running, until
from localcluster.envtest import Environment, environment
from pharos_api import names

NAMESPACE = "bench"
GATEWAYS = 2
SCRAPE_S = 5
OPERATOR_HOST = "127.0.0.2"
_READY_WITHIN_S = 60.0


@dataclass
class Prometheus:
    """A Prometheus that can be taken away and brought back."""

    port: int
    folder: Path
    stack: ExitStack

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, on the data that it has."""
        command = [
            f"{places.prometheus()}",
            f"--config.file={self.folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={self.folder / 'metrics'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--log.level=warn",
        ]
        self.stack.enter_context(running(command, self.folder / "prometheus.log"))

    def stop(self) -> None:
        """Stop it; connections to it are refused from now on."""
        self.stack.pop_all().close()


@dataclass(frozen=True, slots=True)
class Installation:
    """What a scenario needs of it."""

    api: Api
    traffic_port: int
    prometheus: Prometheus


@asynccontextmanager
async def installation() -> AsyncIterator[Installation]:
    """Start everything, and end it whatever happens."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pharos-rollback-")))
        server = stack.enter_context(environment())
        await asyncio.to_thread(_install_crds, server)
        api = await stack.enter_async_context(connected(server, NAMESPACE))
        prometheus = Prometheus(gateways.free_port(), folder, stack.enter_context(ExitStack()))
        wanted = gateways.gateways(GATEWAYS)
        _configure(prometheus, wanted)
        prometheus.start()
        traffic_port, xds_port = gateways.free_port(), gateways.free_port()
        settings = _settings(prometheus.url, traffic_port, xds_port)
        await stack.enter_async_context(_operator(server, settings, folder))
        stack.enter_context(gateways.started(wanted, (OPERATOR_HOST, xds_port), folder))
        await _register(api, wanted)
        yield Installation(api, traffic_port, prometheus)


def _install_crds(server: Environment) -> None:
    kubectl = [f"{server.kube}", "kubectl", "--kubeconfig", f"{server.kubeconfig}"]
    apply = ["apply", "--server-side", "-f", f"{places.CHECKOUT / 'crds'}"]
    wait = ["wait", "--for=condition=Established", "crd", "--all", "--timeout=30s"]
    for arguments in (apply, wait):
        subprocess.run([*kubectl, *arguments], check=True, stdout=subprocess.DEVNULL)


def _configure(prometheus: Prometheus, wanted: list[gateways.Gateway]) -> None:
    targets = [f"{gateway.host}:{gateway.stats_port}" for gateway in wanted]
    job = {
        "job_name": "pharos-gateway",
        "metrics_path": "/stats/prometheus",
        "static_configs": [{"targets": targets}],
    }
    every = {"scrape_interval": f"{SCRAPE_S}s", "scrape_timeout": f"{SCRAPE_S}s"}
    tree = {"global": every, "scrape_configs": [job]}
    (prometheus.folder / "prometheus.yml").write_text(yaml.safe_dump(tree))


def _settings(prometheus_url: str, traffic_port: int, xds_port: int) -> dict[str, str]:
    return {
        "NAMESPACE": NAMESPACE,
        "WATCH_NAMESPACES": NAMESPACE,
        "POD_NAME": "operator-0",
        "POD_IP": OPERATOR_HOST,
        "HTTP_HOST": OPERATOR_HOST,
        "HTTP_PORT": f"{gateways.free_port()}",
        "XDS_HOST": OPERATOR_HOST,
        "XDS_PORT": f"{xds_port}",
        "GATEWAY_PORT": f"{traffic_port}",
        "PROMETHEUS_URL": prometheus_url,
    }


@asynccontextmanager
async def _operator(
    server: Environment, settings: dict[str, str], folder: Path
) -> AsyncIterator[None]:
    log = folder / "operator.log"
    url = f"http://{OPERATOR_HOST}:{settings['HTTP_PORT']}/readyz"
    with _process(server, settings, log):
        await until("the operator is ready", lambda: _answers(url), _READY_WITHIN_S, log)
        yield


@contextmanager
def _process(server: Environment, settings: dict[str, str], log: Path) -> Iterator[None]:
    environment_ = {f"PHAROS_OPERATOR_{key}": value for key, value in settings.items()}
    environment_["KUBECONFIG"] = f"{server.kubeconfig}"
    with running(module("pharos_operator"), log, environment_):
        yield


async def _register(api: Api, wanted: list[gateways.Gateway]) -> None:
    """Say which pods are the gateways, as their Deployment's pods would."""
    for gateway in wanted:
        await api.create(CORE, "pods", objects.pod(gateway.node, names.COMPONENT_GATEWAY))
        await api.merge_status(CORE, "pods", gateway.node, objects.pod_status(gateway.host))


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
