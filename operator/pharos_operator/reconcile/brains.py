"""What is special about each kind: how it is looked at, and who decides."""

from dataclasses import dataclass, replace
from datetime import datetime

from pharos_operator.decide.decision import StartRetraining
from pharos_operator.decide.experiments import experiment
from pharos_operator.decide.models import model
from pharos_operator.decide.observation import (
    ExperimentObservation,
    ModelObservation,
    RunObservation,
    VersionObservation,
)
from pharos_operator.decide.runs import trainingrun
from pharos_operator.decide.versions import modelversion
from pharos_operator.reconcile.act import RefusedAction
from pharos_operator.reconcile.controllers import Brain, Controller, Hands
from pharos_operator.reconcile.engines import Engines
from pharos_operator.reconcile.index import Entry
from pharos_operator.reconcile.observe import Observer
from pharos_operator.reconcile.outbox import Outbox
from pharos_operator.reconcile.queue import Reconcile
from pharos_operator.reconcile.sampling import Sampling
from pharos_operator.reconcile.self_testing import SelfTests
from pharos_operator.reconcile.watching import Watching


@dataclass(frozen=True, slots=True)
class Beside:
    """What works beside the reconciling, and whose results a Model's next look sees."""

    self_tests: SelfTests
    outbox: Outbox
    watching: Watching


def reconciles(
    observer: Observer,
    sampling: Sampling,
    beside: Beside,
    engines: Engines,
    hands: Hands,
) -> dict[str, Reconcile]:
    """The reconcile of each kind."""

    async def run(entry: Entry, _: datetime) -> RunObservation:
        return observer.run(entry)

    async def version(entry: Entry, _: datetime) -> VersionObservation:
        return await engines.seen(observer.version(entry))

    async def endpoint(entry: Entry, now: datetime) -> ModelObservation:
        seen = replace(
            observer.model(entry),
            self_test=beside.self_tests.of(entry.uid),
            deliveries=beside.outbox.of(entry.uid),
        )
        seen = await beside.watching.with_window(await sampling.with_labels(seen, now), now)
        return await sampling.with_production(seen, now)

    async def move(entry: Entry, now: datetime) -> ExperimentObservation:
        return await sampling.with_facts(observer.experiment(entry), now)

    return {
        "TrainingRun": Controller(Brain(run, trainingrun.decide), hands).reconcile,
        "ModelVersion": Controller(Brain(version, modelversion.decide), hands).reconcile,
        "Model": Controller(Brain(endpoint, model.decide, _informed), hands).reconcile,
        "ABExperiment": Controller(Brain(move, experiment.decide), hands).reconcile,
    }


def _informed(seen: ModelObservation, refused: tuple[RefusedAction, ...]) -> ModelObservation:
    runs = {
        each.action.name: str(each.problem)
        for each in refused
        if isinstance(each.action, StartRetraining)
    }
    return replace(seen, refused_runs=runs)
