"""The scenario: two good versions and a broken one meet real traffic.

Only applies objects, waits and watches; every decision in between is the operator's.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from pharos_api.abexperiment import ABExperiment
from pharos_api.model import Model
from pharos_api.modelversion import ModelVersion
from pharos_api.names import version_object_name
from pharos_api.trainingrun import TrainingRun, TrainingRunPhase
from pharos_console.cli.status import trouble
from pharos_console.cluster import Cluster
from pharos_console.demo import objects
from pharos_console.demo.display import Display
from pharos_console.demo.ingredients import Ingredients
from pharos_console.demo.report import Watched
from pharos_console.demo.traffic import Traffic
from pharos_console.errors import UsageError
from pharos_console.upload import Stored

RUN_TIMEOUT_S = 1800.0
MOVE_TIMEOUT_S = 600.0


@dataclass(slots=True)
class Scenario:
    """One telling of the story on one cluster."""

    cluster: Cluster
    display: Display
    ingredients: Ingredients
    stored: Stored | None
    names: list[str] = field(default_factory=list)

    def train(self, name: str, size: objects.Size, fault: str = "") -> TrainingRun:
        """Apply a TrainingRun and wait for its version. Raises UsageError when it fails."""
        manifest = objects.training_run(name, self.ingredients, self.stored, size, fault)
        self.cluster.apply(manifest)
        self.names.append(name)
        run = self.display.wait(f"TrainingRun {name}", self._look_at_run(name), RUN_TIMEOUT_S)
        accuracy = run.status.metrics.get("testAccuracy", "?")
        self.display.say(f"{name}: {run.status.version} registered, test accuracy {accuracy}")
        return run

    def _look_at_run(self, name: str) -> Callable[[], TrainingRun | str]:
        def look() -> TrainingRun | str:
            run = self.cluster.get(TrainingRun, name)
            if run.status.phase is TrainingRunPhase.FAILED:
                raise UsageError(f"{name} failed: {trouble(run.status.conditions, 'Succeeded')}")
            if run.status.phase is TrainingRunPhase.SUCCEEDED:
                return run
            progress = run.status.progress
            detail = f", {progress.percent} %" if progress else ""
            loss = f", loss {progress.loss}" if progress and progress.loss else ""
            return f"{run.status.phase.value}{detail}{loss}"

        return look

    def wait_until_live(self, version: str) -> Model:
        """Wait until a version is in production and every gateway has confirmed it."""

        def look() -> Model | str:
            model = self.cluster.get(Model, objects.MODEL)
            route, production = model.status.route, model.status.production
            if not production or production.version != version:
                return trouble(model.status.conditions, "Ready") or model.status.phase.value
            if route.verified_revision != route.revision or route.experiment:
                return "gateways are following"
            return model

        return self.display.wait(f"{version} live", look, MOVE_TIMEOUT_S)

    def watch_experiment(self, version: str, traffic: Traffic, mark: int) -> Watched:
        """Wait for the end of the experiment that the operator starts for a version."""

        def look() -> ABExperiment | str:
            found = [
                one
                for one in self.cluster.every(ABExperiment)
                if one.spec.candidate_ref.name == version_object_name(objects.MODEL, version)
            ]
            if not found:
                return "waiting for the operator to start it"
            status = found[0].status
            if status.phase.finished:
                return found[0]
            return f"{status.phase.value}, weight {status.weight} %"

        ended = self.display.wait(f"canary of {version}", look, MOVE_TIMEOUT_S)
        verdict = ended.status.verdict.value if ended.status.verdict else "none"
        self.display.say(f"canary of {version}: {verdict}. {ended.status.reason}")
        return Watched(ended, traffic.since(mark))

    def versions(self) -> list[ModelVersion]:
        """All versions of the demonstration's model."""
        return self.cluster.every(ModelVersion)

    def runs(self) -> list[TrainingRun]:
        """The runs of this telling, as they ended."""
        return [self.cluster.get(TrainingRun, name) for name in self.names]
