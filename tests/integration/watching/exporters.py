"""What is wrong in the cluster and at the operator, as metrics on real sockets.

The operator's series come from its own registry and its own reading of custom resources. The
kubelet and cert-manager are not ours: of them only the names of metrics and labels are the truth.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from decide_builders import model
from prometheus_client import CollectorRegistry, Gauge, start_http_server
from run_builders import make_run

from pharos_api.meta import Condition, ConditionStatus
from pharos_api.model import Route
from pharos_api.retraining import Cause, DriftReading, RetrainingStatus, Trigger
from pharos_api.trainingrun import TrainingRunPhase
from pharos_operator.adapters.telemetry import Telemetry
from pharos_operator.decide.conditions import ModelCondition, RetrainingReason
from pharos_operator.render.object_metrics import Sample, samples

WATCHED = "papers"
HOUR = timedelta(hours=1)
DAY_S = 86_400

# Status and reason of a condition
Word = tuple[ConditionStatus, str]
_TROUBLED: Mapping[str, Word] = {
    ModelCondition.ANALYSIS_TRUSTWORTHY: (ConditionStatus.FALSE, "SelfTested"),
    ModelCondition.DRIFT_DETECTED: (ConditionStatus.TRUE, RetrainingReason.DRIFTED),
    ModelCondition.RETRAINING_DUE: (ConditionStatus.FALSE, RetrainingReason.CHECK_FAILED),
}
_WELL: Mapping[str, Word] = {
    ModelCondition.ANALYSIS_TRUSTWORTHY: (ConditionStatus.TRUE, "SelfTested"),
    ModelCondition.DRIFT_DETECTED: (ConditionStatus.FALSE, RetrainingReason.WITHIN_LIMITS),
    ModelCondition.RETRAINING_DUE: (ConditionStatus.FALSE, RetrainingReason.NOT_DUE),
}


class Operator:
    """A replica that does not lead, with three runs and a Model that are in trouble."""

    def __init__(self) -> None:
        self._telemetry = Telemetry()
        self._telemetry.leading.set(0)
        slow, *self._failed = _runs(-HOUR, TrainingRunPhase.FAILED)
        self._bodies = [_model(_TROUBLED, verified=2), slow, *self._failed]
        self._telemetry.watch(self._said)
        self._hear(satisfied=80, agreed=80)

    @property
    def registry(self) -> CollectorRegistry:
        """What is scraped."""
        return self._telemetry.registry

    def mend(self) -> None:
        """It leads; the route is everywhere, a run moved, later ones succeeded, a check is well."""
        self._telemetry.leading.set(1)
        self._hear(satisfied=90, agreed=95)
        later = _runs(timedelta(), TrainingRunPhase.SUCCEEDED)
        self._bodies = [_model(_WELL, verified=3), *self._failed, *later]

    def _hear(self, **of_a_hundred: int) -> None:
        """What people said of a hundred predictions that they rated and labelled."""
        said = {"rated": 100, "labelled": 100} | of_a_hundred
        for opinion, number in said.items():
            labels = ("default", "arxiv", "v1.0.0", opinion)
            self._telemetry.opinions.labels(*labels).set(number)

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


def _model(found: Mapping[str, Word], verified: int) -> dict[str, Any]:
    """A Model with conditions, and the revision of its route that every gateway has; 3 is due."""
    conditions = [
        Condition(type=kind, status=status, reason=reason, last_transition_time=datetime.now(UTC))
        for kind, (status, reason) in found.items()
    ]
    said = model(
        route=Route(revision=3, verified_revision=verified),
        conditions=conditions,
        retraining=RetrainingStatus(drift=DriftReading(texts=900, input_score="1.04")),
    )
    return said.model_dump(mode="json", by_alias=True) | {"kind": "Model"}


def _runs(started: timedelta, phase: TrainingRunPhase) -> tuple[dict[str, Any], ...]:
    """A run that last moved that long ago, and two that ended just now: one had a cause."""
    now = datetime.now(UTC)
    moved = {"phase": TrainingRunPhase.TRAINING, "startedAt": (now + started).isoformat()}
    ended = {"phase": phase, "finishedAt": now.isoformat()}
    again = _run(f"retrained-{phase}", ended, cause=Cause(trigger=Trigger.DATA_GROWTH))
    return _run("slow", moved), _run(phase, ended), again


def _run(name: str, status: dict[str, Any], **spec: Any) -> dict[str, Any]:
    said = make_run(status, **spec).model_dump(mode="json", by_alias=True)
    said["metadata"]["name"] = name.lower()
    return said | {"kind": "TrainingRun"}
