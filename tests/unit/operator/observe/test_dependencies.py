"""Whose turn it is when an object changes."""

from typing import Any

import pytest
from operator_fakes import body, owner

from pharos_api import names
from pharos_operator.reconcile.dependencies import affected
from pharos_operator.reconcile.index import Index

OF_M = {"modelRef": {"name": "m"}}
WORLD = (
    body("Model", "m"),
    body("Model", "other"),
    body("ModelVersion", "v1", spec=OF_M),
    body("ModelVersion", "stranger", spec={"modelRef": {"name": "other"}}),
    body("ABExperiment", "live", spec=OF_M, status={"phase": "Progressing"}),
    body("ABExperiment", "over", spec=OF_M, status={"phase": "Succeeded"}),
    body("TrainingRun", "run", spec=OF_M),
    body("CronJob", "m-retrain", ownerReferences=[owner("Model", "m")]),
    body("Job", "m-retrain-1", ownerReferences=[owner("CronJob", "m-retrain")]),
    body("Job", "run-train", ownerReferences=[owner("TrainingRun", "run")]),
    body("Job", "live-verify", ownerReferences=[owner("ABExperiment", "live")]),
)
AROUND = {"ModelVersion/v1", "ABExperiment/live", "TrainingRun/run"}
CASES: dict[str, tuple[dict[str, Any], set[str]]] = {
    "a Model concerns itself and all that still moves around it": (
        body("Model", "m"),
        {"Model/m", *AROUND},
    ),
    "a version concerns its Model and the others around it": (
        body("ModelVersion", "v2", spec=OF_M),
        {"Model/m", "ModelVersion/v2", *AROUND},
    ),
    "an experiment concerns its Model and the others around it": (
        body("ABExperiment", "live", spec=OF_M),
        {"Model/m", *AROUND},
    ),
    "a run concerns itself and its Model": (
        body("TrainingRun", "run", spec=OF_M),
        {"TrainingRun/run", "Model/m"},
    ),
    "a check's Job concerns its CronJob's Model": (
        body("Job", "m-retrain-2", ownerReferences=[owner("CronJob", "m-retrain")]),
        {"Model/m"},
    ),
    "a check's pod concerns that Model too": (
        body("Pod", "x", ownerReferences=[owner("Job", "m-retrain-1")]),
        {"Model/m"},
    ),
    "a Job concerns its run": (
        body("Job", "run-train", ownerReferences=[owner("TrainingRun", "run")]),
        {"TrainingRun/run"},
    ),
    "a Job's pod concerns the run, whatever its labels say": (
        body("Pod", "x", ownerReferences=[owner("Job", "run-train")]),
        {"TrainingRun/run"},
    ),
    "the Job that tries a candidate concerns its experiment": (
        body("Job", "live-verify", ownerReferences=[owner("ABExperiment", "live")]),
        {"ABExperiment/live"},
    ),
    "its pod concerns the experiment too": (
        body("Pod", "x", ownerReferences=[owner("Job", "live-verify")]),
        {"ABExperiment/live"},
    ),
    "a serving pod concerns its version": (
        body("Pod", "x", labels={names.LABEL_VERSION_NAME: "v1"}),
        {"ModelVersion/v1"},
    ),
    "a gateway's pod concerns every Model": (
        body("Pod", "x", labels={names.LABEL_COMPONENT: names.COMPONENT_GATEWAY}),
        {"Model/m", "Model/other"},
    ),
    "a Deployment concerns its version": (
        body("Deployment", "v1", ownerReferences=[owner("ModelVersion", "v1")]),
        {"ModelVersion/v1"},
    ),
    "somebody else's Job concerns nobody": (
        body("Job", "x", ownerReferences=[owner("CronJob", "x")]),
        set(),
    ),
    "an object of an unknown kind concerns nobody": (body("Secret", "x"), set()),
}


@pytest.mark.parametrize(("changed", "concerned"), CASES.values(), ids=CASES)
def test_affected(changed: dict[str, Any], concerned: set[str]) -> None:
    index = Index()
    for each in WORLD:
        index.observe(each)
    assert {f"{key.kind}/{key.name}" for key in affected(index, changed)} == concerned
