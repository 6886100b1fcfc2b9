"""What computes a version: asked of its own pod, kept in its status, preferred for a candidate."""

import json
import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from operator_lab import APPS, CORE, GROUP, Api, Fleet, experiment, model, until, version

from pharos_api import names

PRODUCTION, CANDIDATE = "arxiv-v9-0-0", "arxiv-v9-1-0"
TOLD = {"labels": ["cs.AI"], "engine": "OpenVino-Int8", "texts_per_second": 52.34}


@dataclass
class Pod:
    """A server of one version on an address of its own, and what it was asked."""

    address: str
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def pod() -> Iterator[Pod]:
    # Pods listen on one port, so tests that run beside each other need addresses of their own.
    found = Pod(".".join(["127", *(str(random.randint(1, 254)) for _ in range(3))]))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append(self.path)
            content = json.dumps({"name": "arxiv", "parameters": TOLD}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer((found.address, names.PORT_SERVING), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


def _serve(api: Api, name: str, address: str) -> None:
    """Play the Deployment controller and the kubelet: one pod of the version is ready."""
    deployment = until("a Deployment", lambda: api.get(APPS, "deployments", name))
    counts = dict.fromkeys(("replicas", "readyReplicas", "updatedReplicas", "availableReplicas"), 1)
    status = {**counts, "observedGeneration": deployment["metadata"]["generation"]}
    labels = {
        names.LABEL_PART_OF: names.PART_OF,
        names.LABEL_COMPONENT: names.COMPONENT_SERVING,
        names.LABEL_VERSION_NAME: name,
        "pod-template-hash": "7c9f6d",
    }
    spec = {"containers": [{"name": "serving", "image": "none"}]}
    api.create(CORE, "pods", {"metadata": {"name": f"{name}-x", "labels": labels}, "spec": spec})
    ready = {
        "podIP": address,
        "podIPs": [{"ip": address}],
        "conditions": [{"type": "Ready", "status": "True"}],
    }
    api.merge(CORE, "pods", f"{name}-x", {"status": ready}, "status")
    api.merge(APPS, "deployments", name, {"status": status}, "status")


def _status(api: Api, name: str) -> dict[str, Any]:
    status: dict[str, Any] = api.custom("modelversions", name).get("status") or {}
    return status


def _asked_of_pods(api: Api, name: str) -> str | None:
    deployment = until("a Deployment", lambda: api.get(APPS, "deployments", name))
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    variables = {each["name"]: each.get("value") for each in container["env"]}
    found: str | None = variables.get(names.ENV_PREFERRED_ENGINE)
    return found


def test_a_candidate_is_started_on_the_engine_that_production_told_of(
    api: Api, fleet: Fleet, pod: Pod
) -> None:
    fleet.start()
    by_hand = model() | {"spec": {"promotion": {"auto": False}}}
    api.create(GROUP, "models", by_hand)
    api.create(GROUP, "modelversions", version(PRODUCTION))
    assert _asked_of_pods(api, PRODUCTION) is None
    _serve(api, PRODUCTION, pod.address)
    until("it takes over", lambda: _status(api, PRODUCTION).get("stage") == "Production")
    told = until("its engine is known", lambda: _status(api, PRODUCTION).get("engine"))
    assert told == {"name": "OpenVino-Int8", "textsPerSecond": "52.3", "template": "7c9f6d"}

    api.create(GROUP, "modelversions", version(CANDIDATE, "v9.1.0"))
    api.create(GROUP, "abexperiments", experiment(CANDIDATE))
    assert _asked_of_pods(api, CANDIDATE) == "OpenVino-Int8"
    assert _status(api, CANDIDATE)["preferredEngine"] == "OpenVino-Int8"
    assert pod.asked == ["/v2/models/arxiv"]
