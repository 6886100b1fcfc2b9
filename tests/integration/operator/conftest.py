"""Real operator processes against a real API server; the kubelet's side is played by the tests."""

import ssl
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from operator_lab import Api, Fleet

from localcluster.envtest import Environment

CRDS = Path(__file__).resolve().parents[3] / "crds"


@pytest.fixture(scope="session")
def admin(api_server: Environment) -> Iterator[httpx.Client]:
    pki = api_server.folder / "pki"
    context = ssl.create_default_context(cafile=f"{pki / 'ca.crt'}")
    context.load_cert_chain(f"{pki / 'admin.crt'}", f"{pki / 'admin.key'}")
    kubectl = [f"{api_server.kube}", "kubectl", "--kubeconfig", f"{api_server.kubeconfig}"]
    subprocess.run([*kubectl, "apply", "--server-side", "-f", f"{CRDS}"], check=True)
    wait = ["wait", "--for=condition=Established", "crd", "--all", "--timeout=30s"]
    subprocess.run([*kubectl, *wait], check=True)
    with httpx.Client(base_url=api_server.server, verify=context, timeout=20) as client:
        yield client


@pytest.fixture
def api(admin: httpx.Client) -> Api:
    name = f"t-{uuid.uuid4().hex[:8]}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    admin.post("/api/v1/namespaces", json=body).raise_for_status()
    return Api(admin, name)


@pytest.fixture
def fleet(api_server: Environment, api: Api, tmp_path: Path) -> Iterator[Fleet]:
    fleet = Fleet(api_server.kubeconfig, tmp_path, api.namespace)
    yield fleet
    fleet.stop()
