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

from pharos_api.meta import Condition, ConditionStatus
from pharos_api.model import Route
from pharos_api.trainingrun import TrainingRunPhase
from pharos_operator.adapters.telemetry import Telemetry
from pharos_operator.render.object_metrics import Sample, samples

WATCHED = "papers"
HOUR = timedelta(hours=1)
DAY_S = 86_400


class Operator:
    """A replica that does not lead, with two runs and a Model that are in trouble."""

    def __init__(self) -> None:
        self._telemetry = Telemetry()
        self._telemetry.leading.set(0)
        slow, self._failed = _runs(-HOUR, TrainingRunPhase.FAILED)
        self._bodies = [_model("False", verified=2), slow, self._failed]
        self._telemetry.watch(self._said)

    @property
    def registry(self) -> CollectorRegistry:
        """What is scraped."""
        return self._telemetry.registry

    def mend(self) -> None:
        """It leads; the route is everywhere, a run moved, and a later one succeeded."""
        self._telemetry.leading.set(1)
        later = _runs(timedelta(), TrainingRunPhase.SUCCEEDED)
        self._bodies = [_model("True", verified=3), self._failed, *later]

    def _said(self) -> list[Sample]:
        return [each for body in self._bodies for each in samples(body)]


class Cluster:
    """A volume with 5 % left and a certificate with ten days."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        claim = {"namespace": WATCHED, "persistentvolumeclaim": "pharos-artifacts"}
        self._gauge("kubelet_volume_stats_capacity_bytes", claim).set(1000)
        self._left = self._gauge("kubelet_volume_stats_available_bytes", claim)
        self._left.set(50)
        of = {"namespace": WATCHED, "name": "edge"}
        self._expires = self._gauge("certmanager_certificate_expiration_timestamp_seconds", of)
        self._expires.set(time.time() + 10 * DAY_S)

    def mend(self) -> None:
        """The volume was enlarged, the certificate renewed."""
        self._left.set(500)
        self._expires.set(time.time() + 90 * DAY_S)

    def _gauge(self, name: str, labels: dict[str, str]) -> Gauge:
        return Gauge(name, "See watching.cluster.", [*labels], registry=self.registry).labels(
            **labels
        )


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


def _model(trustworthy: str, verified: int) -> dict[str, Any]:
    """A Model with a self-test, and the revision of its route that every gateway has; 3 is due."""
    trusted = Condition(
        type="AnalysisTrustworthy",
        status=ConditionStatus(trustworthy),
        reason="SelfTested",
        last_transition_time=datetime.now(UTC),
    )
    route = Route(revision=3, verified_revision=verified)
    said = model(route=route, conditions=[trusted]).model_dump(mode="json", by_alias=True)
    return said | {"kind": "Model"}


def _runs(started: timedelta, phase: TrainingRunPhase) -> tuple[dict[str, Any], ...]:
    """A run that last moved that long ago, and one that ended just now."""
    now = datetime.now(UTC)
    moved = {"phase": TrainingRunPhase.TRAINING, "startedAt": (now + started).isoformat()}
    ended = {"phase": phase, "finishedAt": now.isoformat()}
    return _run("slow", moved), _run(phase, ended)


def _run(name: str, status: dict[str, Any]) -> dict[str, Any]:
    said = make_run(status).model_dump(mode="json", by_alias=True)
    said["metadata"]["name"] = name.lower()
    return said | {"kind": "TrainingRun"}
