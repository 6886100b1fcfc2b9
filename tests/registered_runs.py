"""Versions as the operator makes them: its own decisions, and real steps in place of Jobs.

A first version is put into production, and a retraining of it follows: every fact that a version
can have is measured, found or told by somebody.
"""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from jobs_builders import papers
from run_builders import PLATFORM, complete, make_model, make_run
from run_world import World

from pharos_api.model import Model
from pharos_api.modelversion import ModelVersion, ModelVersionSpec
from pharos_api.retraining import Trigger
from pharos_api.trainingrun import TrainingRun, TrainingRunPhase, TrainingRunStatus
from pharos_jobs import storage
from pharos_jobs.core.papers import Paper
from pharos_jobs.running import run_step
from pharos_operator.decide.decision import Decision, Platform, RecordRetraining
from pharos_operator.decide.observation import JobView, RunObservation
from pharos_operator.decide.runs.trainingrun import decide

TOPICS = ("cs.AI", "cs.DB", "cs.RO")
_GATE = {"minValidationAccuracy": "0.1", "minTestAccuracy": "0.1", "minMacroF1": "0.1"}


@dataclass
class WorkedWorld(World):
    """A run whose Jobs do their work, each in this process, as soon as they are looked at."""

    platform: Platform = PLATFORM

    def look(self) -> Decision[TrainingRunStatus]:
        """Decide, for this world's artifact root; there is no database for rows."""
        versions = tuple(self.versions.values())
        obs = RunObservation(self.run, self.model, jobs=dict(self.jobs), versions=versions)
        found = decide(obs, self.platform, self.now)
        actions = tuple(a for a in found.actions if not isinstance(a, RecordRetraining))
        return replace(found, actions=actions)

    def _ended(self, job: JobView) -> JobView:
        result, _ = run_step(self.started[job.name].step_input)
        assert result.error is None, result.error
        return complete(job.name, result.to_termination_message(), self.now)


def _model() -> Model:
    blank = make_model(labels=list(TOPICS), qualityGate=_GATE | {"mustBeatBaseline": False})
    named = blank.metadata.model_copy(update={"name": "topics"})
    return blank.model_copy(update={"metadata": named})


@dataclass
class Registry:
    """What the cluster knows after some runs, and where they left their artifacts."""

    root: Path
    scratch: Path
    model: Model = field(default_factory=_model)
    versions: dict[str, ModelVersion] = field(default_factory=dict)

    @property
    def specs(self) -> list[ModelVersionSpec]:
        """In the order in which they were made."""
        return [each.spec for each in self.versions.values()]

    def train(self, name: str, each: int, **spec: Any) -> ModelVersion:
        """The version that a linear run on so many papers of each topic comes to."""
        file = self.scratch / f"{name}.jsonl"
        rows = "".join(json.dumps(p.to_json()) + "\n" for p in _mixed(each))
        storage.write_bytes(file.as_uri(), rows.encode())
        data = {"source": {"dataset": {"uri": file.as_uri()}}, "minPapersPerClass": 5}
        run = _run(name, data=data | spec.pop("data", {}), trainer={"recipe": "Linear"}, **spec)
        platform = replace(PLATFORM, artifact_root=self.root.as_uri(), progress_url="")
        world = WorkedWorld(run, model=self.model, versions=self.versions, platform=platform)
        world.settle()
        assert world.run.status.phase is TrainingRunPhase.SUCCEEDED
        return self.versions[world.run.status.model_version or ""]

    def promote(self, version: ModelVersion) -> None:
        """Put it into production, as the Model's status says it."""
        pointer = {"name": version.metadata.name, "version": version.spec.version}
        told = self.model.status.to_json() | {"production": pointer}
        self.model = Model.model_validate(self.model.to_json() | {"status": told})


def retrained(root: Path, scratch: Path) -> Registry:
    """Two versions of ``topics``: one that a person trained, and one that drift led to."""
    made = Registry(root, scratch)
    first = made.train("by-hand", 30)
    made.promote(first)
    extends = {"datasetSha256": first.spec.lineage.dataset_sha256}
    made.train("by-drift", 60, data={"extends": extends}, cause={"trigger": Trigger.DRIFT})
    return made


def _mixed(each: int) -> list[Paper]:
    """Papers of which every fourth has another topic's text: no measure of them is 1."""
    given = papers(TOPICS, each)
    after = {topic: TOPICS[i - 1] for i, topic in enumerate(TOPICS)}
    return [
        paper if i % 4 else replace(paper, categories=(after[paper.categories[0]],))
        for i, paper in enumerate(given)
    ]


def _run(name: str, **spec: Any) -> TrainingRun:
    blank = make_run(modelRef={"name": "topics"}, **spec)
    metadata = blank.metadata.model_copy(update={"name": name, "uid": f"uid-{name}"})
    return blank.model_copy(update={"metadata": metadata})
