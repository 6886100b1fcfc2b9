"""A run that repeats another, and whether the two came to the same."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from jobs_builders import papers, step_input
from run_builders import DATA_SHA, make_run

from pharos_api.jobio import StepResult
from pharos_api.trainingrun import StepName, TrainingRun
from pharos_console.errors import UsageError
from pharos_console.trainings.replaying import compared, replay_manifest
from pharos_jobs import storage
from pharos_jobs.context import StepContext
from pharos_jobs.steps import collect, prepare

RAW = "file:///artifacts/raw/u/papers.jsonl.gz"
METRICS = {"validationAccuracy": "0.91", "testAccuracy": "0.9", "macroF1": "0.89"}
ARXIV = {"arxiv": {"categories": ["cs.AI", "cs.RO"], "papersPerCategory": 7}}


def measured(
    metrics: dict[str, str] | None = None, outputs: dict[str, str] | None = None, **spec: Any
) -> TrainingRun:
    """A run that has been through its evaluation."""
    given = {"rawUri": RAW, "datasetSha256": DATA_SHA, **(outputs or {})}
    steps = [
        {"name": "collect", "state": "Succeeded", "outputs": given},
        {"name": "evaluate", "state": "Succeeded", "outputs": {}},
    ]
    return make_run({"phase": "Succeeded", "steps": steps, "metrics": metrics or METRICS}, **spec)


@pytest.mark.requirement("SUC-12", "CON-2")
def test_a_replay_takes_the_papers_that_were_collected_then_and_registers_nothing() -> None:
    original = measured(data={"source": ARXIV}, suspend=True)
    made = TrainingRun.model_validate(replay_manifest(original))
    assert (made.metadata.name, made.spec.replay_of) == ("weekly-replay", "weekly")
    assert made.spec.data.source.dataset is not None
    assert made.spec.data.source.dataset.uri == RAW
    assert made.spec.data.source.dataset.papers_per_category == 7
    assert made.spec.data.split == original.spec.data.split
    assert made.spec.trainer == original.spec.trainer
    assert not made.spec.suspend


def test_a_replay_trains_with_what_the_search_had_found_and_searches_no_more() -> None:
    original = measured(
        outputs={"hyperparameters": '{"epochs": 5}'}, search={"trials": 3, "timeout": "1h"}
    )
    made = TrainingRun.model_validate(replay_manifest(original))
    assert made.spec.search is None
    assert made.spec.trainer.hyperparameters.epochs == 5


def test_a_run_that_was_not_measured_cannot_be_replayed() -> None:
    with pytest.raises(UsageError, match="TrainingRun weekly is Pending: only a run that was"):
        replay_manifest(make_run())


CASES: dict[str, tuple[TrainingRun, bool, str]] = {
    "equal": (measured(), True, "macroF1: 0.89 then, 0.89 now: same"),
    "within the tolerance": (measured({**METRICS, "macroF1": "0.895"}), True, "0.895 now: same"),
    "beyond it": (measured({**METRICS, "macroF1": "0.8951"}), False, "0.8951 now: DIFFERENT"),
    "a metric is missing": (measured({"validationAccuracy": "0.91"}), False, "missing now"),
    "other data": (measured(outputs={"datasetSha256": "e" * 64}), False, "data set: dddd"),
}


@pytest.mark.requirement("SUC-12")
@pytest.mark.parametrize(("again", "is_same", "line"), CASES.values(), ids=CASES)
def test_two_runs_are_the_same_when_data_agree_and_metrics_are_near(
    again: TrainingRun, is_same: bool, line: str
) -> None:
    found = compared(measured(), again, Decimal("0.005"))
    assert found.is_same is is_same
    assert any(line in each for each in found.lines)


def test_what_may_explain_a_difference_is_told_beside_it() -> None:
    before, after = (measured(outputs={"software": f"torch 2.{n}"}) for n in (14, 15))
    assert compared(before, after).lines[-1] == "software: torch 2.14 then, torch 2.15 now"


def prepared(root: Path, uid: str, data: dict[str, Any]) -> tuple[StepResult, StepResult]:
    context = StepContext(root)
    given = step_input(root, StepName.COLLECT, uid=uid, data=data)
    collected = collect.run(given, context)
    told = given.model_copy(update={"step": StepName.PREPARE, "inputs": collected.outputs})
    return collected, prepare.run(told, context)


@pytest.mark.requirement("SUC-12")
def test_the_papers_that_were_collected_give_the_same_data_set_again(tmp_path: Path) -> None:
    rows = storage.gzip_lines(p.to_json() for p in papers())[0]
    storage.write_bytes((tmp_path / "papers.jsonl.gz").as_uri(), rows)
    source = {"dataset": {"uri": (tmp_path / "papers.jsonl.gz").as_uri(), "papersPerCategory": 15}}
    data = {"source": source, "minPapersPerClass": 10}
    collected, first = prepared(tmp_path, "uid-1", data)
    original = measured(outputs=collected.outputs, data=data)
    again = TrainingRun.model_validate(replay_manifest(original)).spec.data.to_json()
    second = prepared(tmp_path, "uid-2", again)[1]
    assert second.outputs["datasetSha256"] == first.outputs["datasetSha256"]
