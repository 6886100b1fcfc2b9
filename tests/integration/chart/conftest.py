"""A real API server that knows the four kinds, and kubectl to it."""

import subprocess
from collections.abc import Callable, Iterator

import helm_chart
import pytest

from localcluster.envtest import Environment

Kubectl = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def kubectl(api_server: Environment) -> Kubectl:
    """Run kubectl as the administrator; `text` is its standard input."""

    def call(*arguments: str, text: str = "") -> "subprocess.CompletedProcess[str]":
        line = [api_server.kube, "kubectl", "--kubeconfig", api_server.kubeconfig, *arguments]
        return subprocess.run(line, input=text, text=True, capture_output=True, check=False)

    return call


@pytest.fixture(scope="module")
def crds(kubectl: Kubectl) -> None:
    """The kinds, as they are committed. They stay for whoever else uses this server."""
    folder = str(helm_chart.ROOT / "crds")
    applied = kubectl("apply", "--server-side", "--force-conflicts", "-f", folder)
    assert applied.returncode == 0, applied.stderr
    names = [line.split()[0] for line in applied.stdout.splitlines()]
    waited = kubectl("wait", "--for=condition=Established", "--timeout=30s", *names)
    assert waited.returncode == 0, waited.stderr


@pytest.fixture(scope="module")
def namespace(kubectl: Kubectl, request: pytest.FixtureRequest) -> Iterator[str]:
    """A namespace of the module's own."""
    name = request.module.__name__.rpartition(".")[2].replace("_", "-")
    kubectl("create", "namespace", name)
    yield name
    kubectl("delete", "namespace", name, "--wait=false")
