"""Which Envoy clusters tell how a version does: in an experiment, or in production alone. Pure.

two arms        control beside candidate
a shadow        production's answers beside those to the copies
a switch        what everybody gets now, and what everybody got before it
production      what everybody gets
"""

from dataclasses import dataclass
from datetime import datetime

from pharos_api import names
from pharos_api.abexperiment import ABExperiment, ExperimentStrategy
from pharos_api.assignment import Arm
from pharos_api.model import Model
from pharos_operator.decide.versions.serving_need import is_active


@dataclass(frozen=True, slots=True)
class Compared:
    """Two clusters to count.

    ``key`` differs wherever the counting shall begin anew. ``since`` is when the candidate's first
    request was due, None before that. ``beside`` says whether control answers at the same time; if
    not, its requests are those from before ``since``, and ``control`` may be empty.
    """

    key: str
    control: str
    candidate: str
    since: datetime | None
    beside: bool = True

    @property
    def clusters(self) -> tuple[str, ...]:
        """The names that are there."""
        return tuple(name for name in (self.control, self.candidate) if name)


def of_experiment(experiment: ABExperiment) -> Compared | None:
    """What an active experiment compares now; known before anybody is exposed."""
    status = experiment.status
    if not (is_active(experiment) and status.control_version and status.candidate_version):
        return None
    at_once = experiment.spec.strategy is ExperimentStrategy.BLUE_GREEN
    if at_once or status.switched_at is not None:
        return _pair(experiment, (Arm.OUTSIDE, Arm.OUTSIDE), status.switched_at, beside=False)
    if status.mirror:
        return _pair(experiment, (Arm.OUTSIDE, Arm.SHADOW), status.shadowed_at)
    return _pair(experiment, (Arm.CONTROL, Arm.CANDIDATE), status.exposed_at)


def of_production(model: Model) -> Compared | None:
    """Production by itself, where there is a version to go back to."""
    meta, production = model.metadata, model.status.production
    if production is None or model.status.previous is None:
        return None
    cluster = names.cluster_name(meta.namespace, meta.name, production.version, Arm.OUTSIDE)
    began = production.since.isoformat() if production.since else ""
    return Compared(f"{meta.uid}@{cluster}@{began}", "", cluster, production.since, beside=False)


def _pair(
    experiment: ABExperiment,
    arms: tuple[Arm, Arm],
    since: datetime | None,
    beside: bool = True,
) -> Compared:
    status, (control, candidate) = experiment.status, arms
    return Compared(
        key=f"{experiment.metadata.uid}@{candidate}",
        control=_cluster(experiment, status.control_version, control),
        candidate=_cluster(experiment, status.candidate_version, candidate),
        since=since,
        beside=beside,
    )


def _cluster(experiment: ABExperiment, version: str, arm: Arm) -> str:
    model = experiment.spec.model_ref.name
    return names.cluster_name(experiment.metadata.namespace, model, version, arm)
