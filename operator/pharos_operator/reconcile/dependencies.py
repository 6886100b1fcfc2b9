"""Whose turn it is when an object changes: the keys to reconcile. Reads the index, decides nothing.

Model         -> itself, its versions, its experiments, its runs
ModelVersion  -> itself, its Model, the Model's experiments, versions and runs
ABExperiment  -> itself, its Model, the Model's versions and experiments
TrainingRun   -> itself, its Model
Job, Pod      -> the run, version, experiment or Model it works for; a gateway pod -> every Model
Deployment    -> its ModelVersion
CronJob       -> its Model
"""

from collections.abc import Callable, Iterator
from typing import Any

from pharos_api import names
from pharos_operator.adapters.resources import RECONCILED
from pharos_operator.reconcile import facts
from pharos_operator.reconcile.index import Index, Key, key_of

Body = dict[str, Any]


def affected(index: Index, body: Body) -> set[Key]:
    """The keys to reconcile after this object appeared, changed or went."""
    find = _BY_KIND.get(body["kind"])
    return set(find(index, body)) if find else set()


def _model(index: Index, body: Body) -> Iterator[Key]:
    key = key_of(body)
    yield key
    yield from _around(index, key.namespace, key.name)


def _member(index: Index, body: Body) -> Iterator[Key]:
    key = key_of(body)
    yield key
    model = (body.get("spec") or {}).get("modelRef", {}).get("name", "")
    yield Key("Model", key.namespace, model)
    yield from _around(index, key.namespace, model)


def _run(_: Index, body: Body) -> Iterator[Key]:
    key = key_of(body)
    yield key
    yield Key("Model", key.namespace, (body.get("spec") or {}).get("modelRef", {}).get("name", ""))


def _around(index: Index, namespace: str, model: str) -> Iterator[Key]:
    for entry in index.found_by("ModelVersion", namespace, facts.of_model(model)):
        yield entry.key
    for kind in ("ABExperiment", "TrainingRun"):
        for entry in index.found_by(kind, namespace, facts.live_of_model(model)):
            yield entry.key


def _owners(index: Index, body: Body) -> Iterator[Key]:
    """The owners that are reconciled; through a CronJob, those of it."""
    for owner in body["metadata"].get("ownerReferences") or ():
        key = Key(owner["kind"], body["metadata"]["namespace"], owner["name"])
        if key.kind in RECONCILED:
            yield key
        between = index.get(key) if key.kind == "CronJob" else None
        yield from _owners(index, between.body) if between else ()


def _pod(index: Index, body: Body) -> Iterator[Key]:
    namespace = body["metadata"]["namespace"]
    labels = body["metadata"].get("labels") or {}
    for owner in body["metadata"].get("ownerReferences") or ():
        job = index.get(Key(owner["kind"], namespace, owner["name"]))
        yield from _owners(index, job.body) if job else ()
    if names.LABEL_VERSION_NAME in labels:
        yield Key("ModelVersion", namespace, labels[names.LABEL_VERSION_NAME])
    if labels.get(names.LABEL_COMPONENT) == names.COMPONENT_GATEWAY:
        yield from index.keys("Model")


_BY_KIND: dict[str, Callable[[Index, Body], Iterator[Key]]] = {
    "Model": _model,
    "ModelVersion": _member,
    "ABExperiment": _member,
    "TrainingRun": _run,
    "Job": _owners,
    "Deployment": _owners,
    "CronJob": _owners,
    "HorizontalPodAutoscaler": _owners,
    "PodDisruptionBudget": _owners,
    "Service": _owners,
    "Pod": _pod,
}
