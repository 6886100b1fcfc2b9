"""What is wrong in the cluster and at the operator, as metrics on real sockets.

The operator's series come from its own registry and its own reading of custom resources. The
kubelet and cert-manager are not ours: of them only the names of metrics and labels are the truth.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from decide_builders import model
from prometheus_client import CollectorRegistry, Gauge, start_http_server
from run_builders import make_run

from pharos_api.meta import Condition
from pharos_api.model import Route
from pharos_api.trainingrun import TrainingRunPhase
from pharos_operator.adapters.telemetry import Telemetry
from pharos_operator.render.object_metrics import samples

WATCHED = "papers"
SILENT = timedelta(hours=1)
DAY_S = 86_400


def operator() -> CollectorRegistry:
    """A replica that does not lead, with two runs and a Model that are in trouble."""
    now = datetime.now(UTC)
    said = [each for body in (_model(now), _stuck(now), _failed(now)) for each in samples(body)]
    telemetry = Telemetry()
    telemetry.leading.set(0)
    telemetry.watch(lambda: said)
    return telemetry.registry


def cluster() -> CollectorRegistry:
    """A volume with 5 % left and a certificate with ten days."""
    registry = CollectorRegistry()
    claim = {"namespace": WATCHED, "persistentvolumeclaim": "pharos-artifacts"}
    for what, size in (("available", 50), ("capacity", 1000)):
        name = f"kubelet_volume_stats_{what}_bytes"
        Gauge(name, f"Bytes {what}.", [*claim], registry=registry).labels(**claim).set(size)
    certificate = {"namespace": WATCHED, "name": "edge"}
    name = "certmanager_certificate_expiration_timestamp_seconds"
    expires = Gauge(name, "When it ends.", [*certificate], registry=registry)
    expires.labels(**certificate).set(time.time() + 10 * DAY_S)
    return registry


@contextmanager
def exported(registry: CollectorRegistry) -> Iterator[str]:
    """The address at which a registry can be scraped."""
    server, thread = start_http_server(0, "127.0.0.1", registry)
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _model(now: datetime) -> dict[str, Any]:
    """Its newest route is at no gateway, and its self-test failed."""
    untrusted = Condition(
        type="AnalysisTrustworthy",
        status="False",
        reason="SelfTestFailed",
        message="Equal versions would be told apart.",
        last_transition_time=now,
    )
    route = Route(revision=3, verified_revision=2)
    said = model(route=route, conditions=[untrusted]).model_dump(mode="json", by_alias=True)
    return said | {"kind": "Model"}


def _stuck(now: datetime) -> dict[str, Any]:
    status = {"phase": TrainingRunPhase.TRAINING, "startedAt": (now - SILENT).isoformat()}
    return _run("stuck", status)


def _failed(now: datetime) -> dict[str, Any]:
    status = {"phase": TrainingRunPhase.FAILED, "finishedAt": now.isoformat()}
    return _run("failed", status)


def _run(name: str, status: dict[str, Any]) -> dict[str, Any]:
    said = make_run(status).model_dump(mode="json", by_alias=True)
    said["metadata"]["name"] = name
    return said | {"kind": "TrainingRun"}
