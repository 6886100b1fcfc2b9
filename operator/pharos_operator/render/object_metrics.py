"""What custom resources say of themselves, as gauges: phases, conditions, routes, times.

Alerts and dashboards rest on these. A phase or a condition is a series of value 1 that names it, so
its labels are bounded by enums. Pure: one object in, samples out; must not decide what is alarming.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pharos_api import names
from pharos_api.abexperiment import ABExperiment
from pharos_api.meta import Condition
from pharos_api.model import Model
from pharos_api.retraining import RetrainingStatus
from pharos_api.trainingrun import TrainingRun, TrainingRunPhase
from pharos_operator.decide.retraining.drift import scores

KINDS = ("Model", "TrainingRun", "ABExperiment")
_MODEL = ("namespace", "model")
_RUN = (*_MODEL, "training_run")
_EXPERIMENT = (*_MODEL, "experiment")
_OF_CONDITION = ("type", "status", "reason")


@dataclass(frozen=True, slots=True)
class Family:
    """One metric: its help text and the names of its labels."""

    documentation: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """One value; ``labels`` are the values of its family's labels, in their order."""

    metric: str
    labels: tuple[str, ...]
    value: float = 1


FAMILIES: Mapping[str, Family] = {
    names.METRIC_MODEL_PHASE: Family("1, with a Model's phase.", (*_MODEL, "phase")),
    names.METRIC_MODEL_CONDITION: Family(
        "1, with the status of a Model's condition and its reason.", (*_MODEL, *_OF_CONDITION)
    ),
    names.METRIC_ROUTE_REVISION: Family("Revision of the route that is wanted.", _MODEL),
    names.METRIC_ROUTE_VERIFIED: Family(
        "Revision of the route that every ready gateway has acknowledged.", _MODEL
    ),
    names.METRIC_RUN_PHASE: Family("1, with a TrainingRun's phase.", (*_RUN, "phase")),
    names.METRIC_RUN_PROGRESSED: Family(
        "When a TrainingRun that is under way last said or did something, in Unix seconds.",
        (*_RUN, "phase"),
    ),
    names.METRIC_RUN_FINISHED: Family(
        "When a TrainingRun ended, in Unix seconds.", (*_RUN, "phase")
    ),
    names.METRIC_RETRAINING_PHASE: Family(
        "1, with the phase of a TrainingRun that a retraining check led to.",
        (*_RUN, "trigger", "phase"),
    ),
    names.METRIC_RETRAINING_GPU: Family(
        "GPU seconds that the retrainings of a month have used.", (*_MODEL, "month")
    ),
    names.METRIC_DRIFT: Family(
        "How far what production sees lies from what it learnt from, by what was compared.",
        (*_MODEL, "kind"),
    ),
    names.METRIC_EXPERIMENT_PHASE: Family(
        "1, with an ABExperiment's phase.", (*_EXPERIMENT, "phase")
    ),
    names.METRIC_EXPERIMENT_WEIGHT: Family(
        "Percentage of the users that the gateways send to the candidate.", _EXPERIMENT
    ),
    names.METRIC_EXPERIMENT_CONDITION: Family(
        "1, with the status of an ABExperiment's condition and its reason.",
        (*_EXPERIMENT, *_OF_CONDITION),
    ),
}


def samples(body: Mapping[str, Any]) -> tuple[Sample, ...]:
    """What one object says; nothing for kinds that are not in ``KINDS``.

    Raises pydantic's ValidationError for an object of another shape.
    """
    match body["kind"]:
        case "Model":
            return tuple(_of_model(Model.model_validate(body)))
        case "TrainingRun":
            return tuple(_of_run(TrainingRun.model_validate(body)))
        case "ABExperiment":
            return tuple(_of_experiment(ABExperiment.model_validate(body)))
        case _:
            return ()


def _of_model(model: Model) -> Iterator[Sample]:
    who, status = (model.metadata.namespace, model.metadata.name), model.status
    yield Sample(names.METRIC_MODEL_PHASE, (*who, status.phase))
    yield from _conditions(names.METRIC_MODEL_CONDITION, who, status.conditions)
    if status.route.revision:
        yield Sample(names.METRIC_ROUTE_REVISION, who, status.route.revision)
        yield Sample(names.METRIC_ROUTE_VERIFIED, who, status.route.verified_revision)
    yield from _retraining(who, status.retraining)


def _retraining(who: tuple[str, ...], retraining: RetrainingStatus | None) -> Iterator[Sample]:
    if retraining is None:
        return
    if retraining.month:
        yield Sample(names.METRIC_RETRAINING_GPU, (*who, retraining.month), retraining.gpu_seconds)
    measured = scores(retraining.drift) if retraining.drift else {}
    for kind, score in measured.items():
        yield Sample(names.METRIC_DRIFT, (*who, kind), float(score))


def _of_run(run: TrainingRun) -> Iterator[Sample]:
    status = run.status
    who = (run.metadata.namespace, run.spec.model_ref.name, run.metadata.name)
    which = (*who, status.phase)
    yield Sample(names.METRIC_RUN_PHASE, which)
    if run.spec.cause is not None:
        trigger = run.spec.cause.trigger
        yield Sample(names.METRIC_RETRAINING_PHASE, (*who, trigger, status.phase))
    if status.phase.finished and status.finished_at:
        yield Sample(names.METRIC_RUN_FINISHED, which, status.finished_at.timestamp())
    last = _last_sign(run)
    if last and not status.phase.finished and status.phase is not TrainingRunPhase.SUSPENDED:
        yield Sample(names.METRIC_RUN_PROGRESSED, which, last.timestamp())


def _last_sign(run: TrainingRun) -> datetime | None:
    """The newest moment that a run's status knows of. A retry that is awaited is one to come."""
    status, times = run.status, [run.metadata.creation_timestamp, run.status.started_at]
    times += [status.progress.updated_at] if status.progress else []
    for step in status.steps:
        times += [step.started_at, step.finished_at, step.retry_at]
    return max((time for time in times if time is not None), default=None)


def _of_experiment(experiment: ABExperiment) -> Iterator[Sample]:
    metadata, status = experiment.metadata, experiment.status
    who = (metadata.namespace, experiment.spec.model_ref.name, metadata.name)
    yield Sample(names.METRIC_EXPERIMENT_PHASE, (*who, status.phase))
    yield Sample(names.METRIC_EXPERIMENT_WEIGHT, who, status.weight)
    yield from _conditions(names.METRIC_EXPERIMENT_CONDITION, who, status.conditions)


def _conditions(
    metric: str, who: tuple[str, ...], conditions: Iterable[Condition]
) -> Iterator[Sample]:
    for each in conditions:
        yield Sample(metric, (*who, each.type, each.status, each.reason))
