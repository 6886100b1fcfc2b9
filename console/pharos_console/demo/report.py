"""What the demonstration leaves behind: ``build/demo/report.json`` and a table. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pharos_api.abexperiment import ABExperiment
from pharos_api.model import Model, Route
from pharos_api.modelversion import ModelVersion
from pharos_api.trainingrun import StepName, StepStatus, TrainingRun
from pharos_console.experiments.deploying import deployed_in
from pharos_console.load.answers import Answer, seconds_to_rollback, summarise

METRICS = ("validationAccuracy", "testAccuracy", "macroF1", "baselineMacroF1")


@dataclass(frozen=True, slots=True)
class Watched:
    """An experiment and the traffic that ran through it."""

    experiment: ABExperiment
    answers: Sequence[Answer]


@dataclass(frozen=True, slots=True)
class Story:
    """Everything that was seen."""

    cluster: dict[str, str]
    source: str
    runs: Sequence[TrainingRun]
    versions: Sequence[ModelVersion]
    watched: Sequence[Watched]
    model: Model
    routes: Mapping[int, Route]
    total_s: float


def report(story: Story) -> dict[str, Any]:
    """The report, as the documentation describes it."""
    return {
        "cluster": story.cluster,
        "data": _data(story),
        "trainingRuns": [_run(run) for run in story.runs],
        "modelVersions": [
            {
                "version": version.spec.version,
                "stage": version.status.stage.value,
                "sha256": version.spec.artifact.sha256,
            }
            for version in story.versions
        ],
        "experiments": [_experiment(one, story) for one in story.watched],
        "production": story.model.status.production.version
        if story.model.status.production
        else None,
        "totalSeconds": round(story.total_s, 1),
    }


def _data(story: Story) -> dict[str, Any]:
    """The data set of the version that ended up in production."""
    production = story.model.status.production
    prepared: Mapping[str, str] = {}
    for run in story.runs:
        if production and run.status.version == production.version:
            steps = {step.name: step.outputs for step in run.status.steps}
            prepared = steps.get(StepName.PREPARE, {})
    return {
        "source": story.source,
        "samples": int(prepared.get("samples", 0)),
        "classes": int(prepared.get("classes", 0)),
        "sha256": prepared.get("datasetSha256", ""),
    }


def _run(run: TrainingRun) -> dict[str, Any]:
    return {
        "name": run.metadata.name,
        "seconds": _span(run.status.started_at, run.status.finished_at),
        "steps": [_step(step) for step in run.status.steps],
        "metrics": {
            key: float(run.status.metrics[key]) for key in METRICS if key in run.status.metrics
        },
    }


def _step(step: StepStatus) -> dict[str, Any]:
    return {
        "name": step.name.value,
        "seconds": _span(step.started_at, step.finished_at),
        "attempts": step.attempts,
    }


def _experiment(watched: Watched, story: Story) -> dict[str, Any]:
    status = watched.experiment.status
    summary = summarise(watched.answers, story.routes)
    on_candidate = summary.failed_by_arm.get("candidate", 0)
    rolled_back = status.verdict == "Rollback"
    return {
        "name": watched.experiment.metadata.name,
        "strategy": watched.experiment.spec.strategy.value,
        "verdict": status.verdict.value if status.verdict else None,
        "reason": status.reason,
        "requests": summary.requests,
        "failedRequests": summary.failed - on_candidate,
        "failedRequestsOnCandidate": on_candidate,
        "failures": summary.failures,
        "usersOnWrongArm": summary.users_on_wrong_arm,
        "uncheckedRequests": summary.unchecked,
        "p95Ms": summary.p95_ms,
        "seconds": _span(status.started_at, status.finished_at),
        "deploymentSeconds": _deployment_s(watched.experiment, story.versions),
        "secondsToRollback": seconds_to_rollback(watched.answers, status.candidate_version)
        if rolled_back
        else None,
    }


def _deployment_s(experiment: ABExperiment, versions: Sequence[ModelVersion]) -> float | None:
    """From the version's creation to its being everybody's, without the holds of its steps."""
    name = experiment.spec.candidate_ref.name
    version = next((one for one in versions if one.metadata.name == name), None)
    took = None if version is None else deployed_in(version, experiment)
    return None if took is None else took.total_seconds()


def _span(begin: Any, end: Any) -> float | None:
    return (end - begin).total_seconds() if begin and end else None


def problems(found: dict[str, Any]) -> list[str]:
    """What the demonstration promised and did not keep; empty when all went well."""
    wrong = []
    verdicts = [experiment["verdict"] for experiment in found["experiments"]]
    if verdicts != ["Promote", "Rollback"]:
        wrong.append(f"the verdicts are {verdicts}, expected Promote and then Rollback")
    for experiment in found["experiments"]:
        if experiment["failedRequests"]:
            wrong.append(
                f"{experiment['name']}: {experiment['failedRequests']} requests failed "
                "outside the candidate's arm"
            )
        if experiment["requests"] <= experiment["uncheckedRequests"]:
            wrong.append(f"{experiment['name']}: of no request could the arm be checked")
        if experiment["usersOnWrongArm"]:
            wrong.append(f"{experiment['name']}: {experiment['usersOnWrongArm']} users misrouted")
    return wrong
