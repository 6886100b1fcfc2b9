"""Looks: fills the observations that decisions are made of, from the index alone.

Raises ``Invalid`` for an object that its type does not understand; neighbours that cannot be
understood are left out, because their own reconcile says so in their own status.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, tzinfo
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import ValidationError

from pharos_api import names
from pharos_api.abexperiment import ABExperiment
from pharos_api.meta import Resource
from pharos_api.model import Model
from pharos_api.modelversion import ModelVersion
from pharos_api.trainingrun import TrainingRun
from pharos_operator.decide.observation import (
    DeploymentView,
    ExperimentObservation,
    JobView,
    ModelObservation,
    RunObservation,
    VersionObservation,
)
from pharos_operator.decide.versions.admission import admitted
from pharos_operator.errors import Invalid
from pharos_operator.reconcile import facts
from pharos_operator.reconcile.capacity import Capacity
from pharos_operator.reconcile.gateways import GatewayBoard
from pharos_operator.reconcile.index import Entry, Index, Key
from pharos_operator.reconcile.progress import ProgressBoard
from pharos_operator.reconcile.views import deployment_view, job_view

T = TypeVar("T", bound=Resource)
# Known without any database of time zones.
_UTC = ("UTC", "Etc/UTC")


def parsed(entry: Entry, kind: type[T]) -> T:
    """The object as its type. Raises Invalid with one sentence a mistake."""
    try:
        return kind.model_validate(entry.body)
    except ValidationError as problem:
        sentences = "; ".join(
            f"{'.'.join(str(part) for part in error['loc'])}: {error['msg']}"
            for error in problem.errors(include_url=False)
        )
        raise Invalid(
            "InvalidSpec", f"Correct the object and apply it again: {sentences}"
        ) from None


def all_parsed(entries: Iterable[Entry], kind: type[T]) -> tuple[T, ...]:
    """Those of the objects that can be understood."""
    found = []
    for entry in entries:
        try:
            found.append(parsed(entry, kind))
        except Invalid:
            continue
    return tuple(found)


class Observer:
    """One look at a time, from the index and what replicas keep beside it."""

    def __init__(
        self, index: Index, progress: ProgressBoard, gateways: GatewayBoard, capacity: Capacity
    ) -> None:
        self._index = index
        self._progress = progress
        self._gateways = gateways
        self._capacity = capacity

    def run(self, entry: Entry) -> RunObservation:
        """All that decides about a TrainingRun."""
        run = parsed(entry, TrainingRun)
        namespace, model = entry.key.namespace, run.spec.model_ref.name
        return RunObservation(
            run=run,
            model=self._one("Model", namespace, model, Model),
            jobs=self._jobs(entry),
            versions=self._of_model("ModelVersion", namespace, model, ModelVersion),
            progress=self._progress.of(entry.uid),
            search=self._progress.search_of(entry.uid),
            gpu_allocatable=self._capacity.gpus,
            claimed=self._claimed(entry, model),
        )

    def version(self, entry: Entry) -> VersionObservation:
        """All that decides about a ModelVersion."""
        version = parsed(entry, ModelVersion)
        namespace, name = entry.key.namespace, version.spec.model_ref.name
        model = self._one("Model", namespace, name, Model)
        return VersionObservation(
            version=version,
            model=model,
            experiments=self._of_model("ABExperiment", namespace, name, ABExperiment),
            deployment=self._deployment(entry),
            production=self._one("ModelVersion", namespace, _production(model), ModelVersion),
            siblings=self._of_model("ModelVersion", namespace, name, ModelVersion),
        )

    def model(self, entry: Entry) -> ModelObservation:
        """All that decides about a Model."""
        namespace, name = entry.key.namespace, entry.key.name
        model = parsed(entry, Model)
        cron_job = self._index.get(Key("CronJob", namespace, names.cron_job_name(name)))
        return ModelObservation(
            model=model,
            versions=admitted(self._of_model("ModelVersion", namespace, name, ModelVersion)),
            experiments=self._of_model("ABExperiment", namespace, name, ABExperiment),
            gateways=self._gateways.views(namespace, name),
            has_cron_job=cron_job is not None,
            checks=self._checks(entry, cron_job),
            runs=self._of_model("TrainingRun", namespace, name, TrainingRun),
            zone=_zone(model),
        )

    def experiment(self, entry: Entry) -> ExperimentObservation:
        """All that decides about an ABExperiment."""
        experiment = parsed(entry, ABExperiment)
        namespace, spec = entry.key.namespace, experiment.spec
        rivals = self._of_model("ABExperiment", namespace, spec.model_ref.name, ABExperiment)
        model = self._one("Model", namespace, spec.model_ref.name, Model)
        control = experiment.status.control or _control(experiment, model)
        return ExperimentObservation(
            experiment=experiment,
            model=model,
            control=self._one("ModelVersion", namespace, control, ModelVersion),
            candidate=self._one("ModelVersion", namespace, spec.candidate_ref.name, ModelVersion),
            rivals=tuple(r for r in rivals if r.metadata.uid != experiment.metadata.uid),
            verification=self._jobs(entry).get(names.verify_job_name(entry.key.name)),
        )

    def _one(self, kind: str, namespace: str, name: str, as_type: type[T]) -> T | None:
        entry = self._index.get(Key(kind, namespace, name))
        return next(iter(all_parsed([entry] if entry else [], as_type)), None)

    def _of_model(self, kind: str, namespace: str, model: str, as_type: type[T]) -> tuple[T, ...]:
        return all_parsed(self._index.found_by(kind, namespace, facts.of_model(model)), as_type)

    def _claimed(self, run: Entry, model: str) -> tuple[str, ...]:
        """The versions that other runs of the model have chosen and not yet registered."""
        live = self._index.found_by("TrainingRun", run.key.namespace, facts.live_of_model(model))
        others = all_parsed((each for each in live if each.uid != run.uid), TrainingRun)
        return tuple(each.status.version for each in others if each.status.version)

    def _jobs(self, of: Entry) -> dict[str, JobView]:
        return {job.key.name: self._viewed(job) for job in self._owned_jobs(of)}

    def _checks(self, model: Entry, cron_job: Entry | None) -> tuple[JobView, ...]:
        """The checks of the schedule, and those that people asked for."""
        owners = [model] if cron_job is None else [model, cron_job]
        jobs = (job for owner in owners for job in self._owned_jobs(owner))
        return tuple(self._viewed(job) for job in jobs if _is_check(job))

    def _owned_jobs(self, of: Entry) -> Iterator[Entry]:
        return self._index.found_by("Job", of.key.namespace, facts.owned_by(of.uid))

    def _viewed(self, job: Entry) -> JobView:
        return job_view(job.body, self._pods_of(job))

    def _pods_of(self, job: Entry) -> list[dict[str, object]]:
        fact = facts.owned_by(job.uid)
        return [p.body for p in self._index.found_by("Pod", job.key.namespace, fact)]

    def _deployment(self, version: Entry) -> DeploymentView | None:
        namespace = version.key.namespace
        owned = self._index.found_by("Deployment", namespace, facts.owned_by(version.uid))
        deployment = next(owned, None)
        if deployment is None:
            return None
        fact = facts.label(names.LABEL_VERSION_NAME, version.key.name)
        pods = self._index.found_by("Pod", namespace, fact)
        return deployment_view(deployment.body, [pod.body for pod in pods])


def _is_check(job: Entry) -> bool:
    labels = job.body["metadata"].get("labels") or {}
    return bool(labels.get(names.LABEL_STEP) == names.CHECK)


def _zone(model: Model) -> tzinfo | None:
    """The time zone of the retraining policy; None where this machine knows none of that name."""
    policy = model.spec.retraining
    if policy is None or policy.time_zone in _UTC:
        return UTC
    try:
        return ZoneInfo(policy.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _control(experiment: ABExperiment, model: Model | None) -> str:
    if experiment.spec.control_ref:
        return experiment.spec.control_ref.name
    return _production(model)


def _production(model: Model | None) -> str:
    return model.status.production.name if model and model.status.production else ""
