"""A real API server takes every rendering and finds no breach of Pod Security ``restricted``."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcluster.envtest import Environment

ROOT = Path(__file__).parent.parent.parent
NAMESPACE = "rendered"
GOLDEN = sorted((ROOT / "tests" / "golden" / "render").glob("*.yaml"))


Answer = subprocess.CompletedProcess[str]


def kubectl(api: Environment, *arguments: str, text: str = "") -> Answer:
    line = [f"{api.kube}", "kubectl", f"--kubeconfig={api.kubeconfig}", *arguments]
    return subprocess.run(line, input=text, text=True, capture_output=True, check=False)


def tried(api: Environment, text: str) -> Answer:
    return kubectl(api, "apply", "--server-side", "--dry-run=server", "-f", "-", text=text)


@pytest.fixture(scope="module")
def restricted(api_server: Environment) -> Iterator[Environment]:
    """A server with the CRDs and a namespace that warns of every breach of the standard."""
    crds = kubectl(api_server, "apply", "--server-side", "-f", str(ROOT / "crds"))
    assert crds.returncode == 0, crds.stderr
    waiting = kubectl(api_server, "wait", "--for=condition=Established", "crd", "--all")
    assert waiting.returncode == 0, waiting.stderr
    assert kubectl(api_server, "create", "namespace", NAMESPACE).returncode == 0
    label = "pod-security.kubernetes.io/warn=restricted"
    assert kubectl(api_server, "label", "namespace", NAMESPACE, label).returncode == 0
    yield api_server
    kubectl(api_server, "delete", "namespace", NAMESPACE, "--wait=false")


@pytest.mark.parametrize("path", GOLDEN, ids=[path.stem for path in GOLDEN])
def test_the_api_server_takes_it_without_a_warning(path: Path, restricted: Environment) -> None:
    text = path.read_text().replace("namespace: default", f"namespace: {NAMESPACE}")
    answer = tried(restricted, text)
    assert answer.returncode == 0, answer.stderr
    assert "Warning" not in answer.stderr


def test_the_server_would_warn_of_a_breach(restricted: Environment) -> None:
    text = (ROOT / "tests" / "golden" / "render" / "job-collect.yaml").read_text()
    rooted = text.replace("runAsNonRoot: true", "runAsNonRoot: false")
    answer = tried(restricted, rooted.replace("namespace: default", f"namespace: {NAMESPACE}"))
    assert "Warning" in answer.stderr
