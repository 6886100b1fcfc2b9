"""What custom resources say of themselves to Prometheus."""

from datetime import datetime
from typing import Any

import pytest
from operator_fakes import body
from prometheus_client import generate_latest

from pharos_api import names
from pharos_operator.adapters.telemetry import Telemetry
from pharos_operator.reconcile.index import Index, Key
from pharos_operator.reconcile.object_metrics import ObjectMetrics
from pharos_operator.render.object_metrics import FAMILIES, Sample, samples

NOON, LATER = "2026-11-23T12:00:00Z", "2026-11-23T12:10:00Z"
SOURCE = {"dataset": {"uri": "file:///d.jsonl", "sha256": "a" * 64}}
RUN_SPEC = {"modelRef": {"name": "arxiv"}, "data": {"source": SOURCE}}
WHO, RUN = ("default", "arxiv"), ("default", "arxiv", "weekly")


def seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def run(**status: Any) -> dict[str, Any]:
    return body("TrainingRun", "weekly", spec=RUN_SPEC, status=status)


def condition(kind: str, status: str) -> dict[str, Any]:
    return {"type": kind, "status": status, "reason": "R", "lastTransitionTime": NOON}


def experiment(**status: Any) -> dict[str, Any]:
    spec = {"modelRef": {"name": "arxiv"}, "candidateRef": {"name": "arxiv-v1-1-0"}}
    return body("ABExperiment", "move", spec=spec, status=status)


def step(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, **more}


CASES: dict[str, tuple[dict[str, Any], set[Sample]]] = {
    "a Model without a route has none to verify": (
        body("Model", "arxiv", spec={}, status={}),
        {Sample(names.METRIC_MODEL_PHASE, (*WHO, "Pending"))},
    ),
    "a Model tells its phase, conditions and both revisions": (
        body(
            "Model",
            "arxiv",
            spec={},
            status={
                "phase": "Ready",
                "route": {"revision": 3, "verifiedRevision": 2},
                "conditions": [condition("AnalysisTrustworthy", "False")],
            },
        ),
        {
            Sample(names.METRIC_MODEL_PHASE, (*WHO, "Ready")),
            Sample(names.METRIC_MODEL_CONDITION, (*WHO, "AnalysisTrustworthy", "False", "R")),
            Sample(names.METRIC_ROUTE_REVISION, WHO, 3),
            Sample(names.METRIC_ROUTE_VERIFIED, WHO, 2),
        },
    ),
    "a Model tells what drifted and what its retrainings used": (
        body(
            "Model",
            "arxiv",
            spec={},
            status={
                "retraining": {
                    "month": "2026-11",
                    "gpuSeconds": 7200,
                    "drift": {"texts": 900, "inputScore": "0.31", "labelScore": "0.02"},
                },
                "conditions": [condition("DriftDetected", "True")],
            },
        ),
        {
            Sample(names.METRIC_MODEL_PHASE, (*WHO, "Pending")),
            Sample(names.METRIC_MODEL_CONDITION, (*WHO, "DriftDetected", "True", "R")),
            Sample(names.METRIC_RETRAINING_GPU, (*WHO, "2026-11"), 7200),
            Sample(names.METRIC_DRIFT, (*WHO, "input"), 0.31),
            Sample(names.METRIC_DRIFT, (*WHO, "label"), 0.02),
        },
    ),
    "a retraining tells what started it": (
        body(
            "TrainingRun",
            "weekly",
            spec={**RUN_SPEC, "cause": {"trigger": "DataGrowth"}},
            status={"phase": "Failed", "finishedAt": NOON},
        ),
        {
            Sample(names.METRIC_RUN_PHASE, (*RUN, "Failed")),
            Sample(names.METRIC_RETRAINING_PHASE, (*RUN, "DataGrowth", "Failed")),
            Sample(names.METRIC_RUN_FINISHED, (*RUN, "Failed"), seconds(NOON)),
        },
    ),
    "a run that trains last moved when it last reported": (
        run(
            phase="Training",
            startedAt=NOON,
            steps=[step("train", startedAt=NOON)],
            progress={"step": "train", "updatedAt": LATER},
        ),
        {
            Sample(names.METRIC_RUN_PHASE, (*RUN, "Training")),
            Sample(names.METRIC_RUN_PROGRESSED, (*RUN, "Training"), seconds(LATER)),
        },
    ),
    "a run whose new step has not reported moved when the step began": (
        run(
            phase="Evaluating",
            steps=[step("train", finishedAt=NOON), step("evaluate", startedAt=LATER)],
            progress={"step": "train", "updatedAt": NOON},
        ),
        {
            Sample(names.METRIC_RUN_PHASE, (*RUN, "Evaluating")),
            Sample(names.METRIC_RUN_PROGRESSED, (*RUN, "Evaluating"), seconds(LATER)),
        },
    ),
    "a run that somebody suspended is not awaited": (
        run(phase="Suspended", startedAt=NOON),
        {Sample(names.METRIC_RUN_PHASE, (*RUN, "Suspended"))},
    ),
    "a run that ended is not awaited and tells when": (
        run(phase="Failed", startedAt=NOON, finishedAt=LATER),
        {
            Sample(names.METRIC_RUN_PHASE, (*RUN, "Failed")),
            Sample(names.METRIC_RUN_FINISHED, (*RUN, "Failed"), seconds(LATER)),
        },
    ),
    "an experiment tells its phase, weight and conditions": (
        experiment(phase="Progressing", weight=10, conditions=[condition("Analysis", "True")]),
        {
            Sample(names.METRIC_EXPERIMENT_PHASE, (*WHO, "move", "Progressing")),
            Sample(names.METRIC_EXPERIMENT_WEIGHT, (*WHO, "move"), 10),
            Sample(names.METRIC_EXPERIMENT_CONDITION, (*WHO, "move", "Analysis", "True", "R")),
        },
    ),
    "a Job says nothing": (body("Job", "train"), set()),
}


@pytest.mark.parametrize(("given", "wanted"), CASES.values(), ids=CASES)
def test_an_object_says(given: dict[str, Any], wanted: set[Sample]) -> None:
    assert set(samples(given)) == wanted
    for sample in wanted:
        assert len(sample.labels) == len(FAMILIES[sample.metric].labels)


def scraped(telemetry: Telemetry, metric: str) -> list[str]:
    text = generate_latest(telemetry.registry).decode()
    return [line for line in text.splitlines() if line.startswith(metric + "{")]


def test_a_scrape_shows_what_the_index_holds_and_forgets_what_is_gone() -> None:
    index, telemetry = Index(), Telemetry()
    telemetry.watch(ObjectMetrics(index))
    of = 'model="arxiv",namespace="default",phase="{}",training_run="weekly"'
    assert scraped(telemetry, names.METRIC_RUN_PHASE) == []
    for version, phase in enumerate(("Pending", "Training"), 1):
        seen = run(phase=phase)
        seen["metadata"]["resourceVersion"] = f"{version}"
        index.observe(seen)
        line = names.METRIC_RUN_PHASE + "{" + of.format(phase) + "} 1.0"
        assert scraped(telemetry, names.METRIC_RUN_PHASE) == [line]
    index.forget(Key("TrainingRun", "default", "weekly"), 9)
    assert scraped(telemetry, names.METRIC_RUN_PHASE) == []


def test_an_object_of_another_shape_is_left_out_and_the_others_stay() -> None:
    index = Index()
    index.observe(body("TrainingRun", "broken", spec={}))
    index.observe(body("Model", "arxiv", spec={}))
    assert {sample.metric for sample in ObjectMetrics(index)()} == {names.METRIC_MODEL_PHASE}
