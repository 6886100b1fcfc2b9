"""From a ready version to a route that a real Envoy has confirmed, over two replicas."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from operator_lab import APPS, CORE, GROUP, Api, Fleet, Operator, model, until, version

from localcluster.envtest import free_ports
from pharos_api import names
from pharos_operator.gateway.bootstrap import Setup, render_yaml

ROOT = Path(__file__).resolve().parents[3]
ENVOY = Path(os.environ.get("PHAROS_ENVOY", ROOT / "build" / "tools" / "envoy" / "bin" / "envoy"))
VERSION = "arxiv-v9-0-0"
OURS = {names.LABEL_PART_OF: names.PART_OF}


@pytest.fixture
def gateway(fleet: Fleet, tmp_path: Path) -> Iterator[Operator]:
    """Two replicas; the gateway is connected to the one that does not lead."""
    if not ENVOY.exists():
        pytest.skip(f"no Envoy at {ENVOY}")
    port, admin, stats = free_ports(3)
    leader = fleet.start("operator-0", GATEWAY_PORT=f"{port}")
    until("it leads", lambda: leader.series("pharos_operator_leading"))
    fleet.start("operator-1", GATEWAY_PORT=f"{port}")
    config = tmp_path / "envoy.yaml"
    config.write_text(render_yaml(Setup("127.0.0.3", fleet.ports[1], admin, stats)))
    flags = ("--use-dynamic-base-id", "--concurrency", "1", "--service-node", "gateway-0")
    command = [f"{ENVOY}", "-c", f"{config}", *flags, "--service-cluster", "gateway"]
    with (tmp_path / "envoy.log").open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)
    yield leader
    process.kill()
    process.wait()


def _pod(api: Api, name: str, component: str, address: str) -> None:
    api.create(
        CORE,
        "pods",
        {
            "metadata": {"name": name, "labels": {**OURS, names.LABEL_COMPONENT: component}},
            "spec": {"containers": [{"name": "x", "image": "none"}]},
        },
    )
    status = {
        "podIP": address,
        "podIPs": [{"ip": address}],
        "conditions": [{"type": "Ready", "status": "True"}],
    }
    api.merge(CORE, "pods", name, {"status": status}, "status")


def _start_pods_of(api: Api) -> None:
    """Play the Deployment and the EndpointSlice controllers: one pod of the version is ready."""
    deployment = until("a Deployment", lambda: api.get(APPS, "deployments", VERSION))
    counts = dict.fromkeys(("replicas", "readyReplicas", "updatedReplicas", "availableReplicas"), 1)
    status = {**counts, "observedGeneration": deployment["metadata"]["generation"]}
    api.merge(APPS, "deployments", VERSION, {"status": status}, "status")
    labels = {**OURS, names.LABEL_VERSION_NAME: VERSION, "kubernetes.io/service-name": VERSION}
    slices = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": f"{VERSION}-x", "labels": labels},
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["10.1.2.3"], "conditions": {"ready": True}}],
        "ports": [{"name": "http", "port": 8080}],
    }
    api.create("/apis/discovery.k8s.io/v1", "endpointslices", slices)


def _route(api: Api) -> dict[str, Any]:
    route: dict[str, Any] = (api.custom("models", "arxiv").get("status") or {}).get("route") or {}
    return route


def _is_verified(api: Api) -> bool:
    route = _route(api)
    return bool(route.get("stable")) and route.get("verifiedRevision") == route["revision"]


def test_a_route_is_verified_when_the_gateway_of_a_peer_has_confirmed_it(
    api: Api, gateway: Operator, fleet: Fleet
) -> None:
    _pod(api, "operator-0", names.COMPONENT_OPERATOR, "127.0.0.2")
    _pod(api, "operator-1", names.COMPONENT_OPERATOR, "127.0.0.3")
    _pod(api, "gateway-0", names.COMPONENT_GATEWAY, "10.1.2.9")
    api.create(GROUP, "models", model())
    api.create(GROUP, "modelversions", version())
    _start_pods_of(api)
    until("the route is verified", lambda: _is_verified(api), 40)
    status = api.custom("models", "arxiv")["status"]
    assert status["production"]["version"] == "v9.0.0"
    answer = gateway.get("/gateways")
    assert answer is not None
    assert answer.json() == {"gateways": []}, "the leader itself has no gateway"
    revision = status["route"]["revision"]
    for replica in fleet.running:
        for metric in (names.METRIC_ROUTE_REVISION, names.METRIC_ROUTE_VERIFIED):
            until(f"{metric} of {replica.url}", lambda r=replica, m=metric: r.series(m) == revision)
