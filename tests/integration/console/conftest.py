"""A namespace of a real API server for each test, and the command line pointed at it."""

import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import helm_chart
import pytest
from kubernetes import client

from localcluster import envtest
from localcluster.envtest import Environment
from pharos_console.cli.__main__ import main
from pharos_console.cluster import Cluster


@dataclass(frozen=True)
class Ended:
    """What a command left: its exit status and what it printed."""

    code: int
    said: str
    complained: str


Pharos = Callable[..., Ended]


def kubectl(server: Environment, *arguments: str) -> None:
    line = [f"{server.kube}", "kubectl", "--kubeconfig", f"{server.kubeconfig}", *arguments]
    subprocess.run(line, check=True, capture_output=True)


@pytest.fixture(scope="session")
def kinds(api_server: Environment) -> None:
    """The kinds, as they are committed. They stay for whoever else uses this server."""
    folder = str(helm_chart.ROOT / "crds")
    kubectl(api_server, "apply", "--server-side", "--force-conflicts", "-f", folder)
    waiting = ("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
    kubectl(api_server, *waiting)


@contextmanager
def fresh_namespace(server: Environment) -> Iterator[str]:
    name = f"console-{uuid.uuid4().hex[:8]}"
    kubectl(server, "create", "namespace", name)
    yield name
    kubectl(server, "delete", "namespace", name, "--wait=false")


@pytest.fixture
def namespace(api_server: Environment) -> Iterator[str]:
    with fresh_namespace(api_server) as name:
        yield name


@pytest.fixture
def cluster(kinds: None, namespace: str, kubeconfig_path: Path) -> Iterator[Cluster]:
    yield Cluster(namespace, str(kubeconfig_path))
    client.ApiClient().rest_client.pool_manager.clear()


@pytest.fixture(scope="session")
def bare_server(api_server: Environment) -> Iterator[Environment]:
    """Another API server, on which Pharos was never installed."""
    with envtest.environment() as running:
        yield running


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Pharos:
    """Run ``pharos`` as a shell does."""

    def call(*words: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["pharos", *words])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        return Ended(int(ended.value.code or 0), told.out, told.err)

    return call


@pytest.fixture
def pharos(cluster: Cluster, typed: Pharos) -> Pharos:
    """Run ``pharos`` on the test's own namespace."""
    place = ("--namespace", cluster.namespace, "--kubeconfig", str(cluster.kubeconfig))
    return lambda *words: typed(*words, *place)
