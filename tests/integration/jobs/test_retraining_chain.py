"""Papers, a version, more papers, the check, and the run that it asks for, with its comparison."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import uuid5

import pytest
from arxiv_server import arxiv_server, page
from integration.postgres import own_postgres, postgres_url
from jobs_builders import abstract, paper, papers, step_input
from sqlalchemy import Engine
from store_builders import NOW, SPACE, VERSION, make_prediction, project

from pharos_api.checking import CheckInput
from pharos_api.jobio import ExitCode, StepResult
from pharos_api.names import ENV_DATABASE_URL
from pharos_api.retraining import Trigger
from pharos_api.trainingrun import StepName
from pharos_jobs import storage
from pharos_jobs.checking.check import Surroundings, run_check
from pharos_jobs.context import StepContext
from pharos_jobs.core.papers import Paper
from pharos_jobs.datasets import open_dataset, read_split
from pharos_jobs.sources import arxiv as arxiv_source
from pharos_jobs.sources.opening import ENV_ARXIV_URL
from pharos_jobs.steps import collect
from pharos_store.connecting import open_engine
from pharos_store.log_writing import write_log
from pharos_store.rows import LabelRow, LogBatch
from pharos_store.statements import FEEDBACK, PREDICTIONS
from pharos_store.upgrading import upgrade

__all__ = ["own_postgres", "postgres_url"]

WHOLE = [step for step in StepName if step is not StepName.SEARCH]
GATE = {
    "minValidationAccuracy": "0.1",
    "minTestAccuracy": "0.1",
    "minMacroF1": "0.1",
    "mustBeatBaseline": False,
}


class World:
    """A store, a file of papers, and the runs of the Model ``arxiv``."""

    def __init__(self, root: Path) -> None:
        self.root, self.file = root, root / "papers.jsonl"
        self.data: dict[str, Any] = {
            "source": {"dataset": {"uri": self.file.as_uri()}},
            "minPapersPerClass": 10,
        }

    def write(self, found: list[Paper]) -> None:
        self.file.write_text("\n".join(json.dumps(p.to_json()) for p in found))

    def run(self, uid: str, **changes: Any) -> dict[StepName, StepResult]:
        """All steps, each on the outputs of those before."""
        outputs: dict[str, str] = {}
        results = {}
        for step in WHOLE:
            scratch = self.root / "scratch" / uid / step
            scratch.mkdir(parents=True)
            fields = {"data": self.data, "model": "arxiv", "uid": uid, "gate": GATE} | changes
            given = step_input(
                self.root, step, trainer={"recipe": "Linear"}, inputs=outputs, **fields
            )
            results[step] = import_module(f"pharos_jobs.steps.{step}").run(
                given, StepContext(scratch)
            )
            assert results[step].error is None
            outputs |= results[step].outputs
        return results

    def told(self, first: dict[StepName, StepResult], **changes: Any) -> CheckInput:
        given: dict[str, Any] = {
            "namespace": "default",
            "model": "arxiv",
            "uid": "model-uid",
            "artifactRoot": self.root.as_uri(),
            "policy": {},
            "data": self.data,
            "production": {
                "name": "arxiv-v1-0-0",
                "uid": str(VERSION),
                "version": "v1.0.0",
                "modelUri": first[StepName.REGISTER].outputs["modelUri"],
                "datasetSha256": first[StepName.PREPARE].outputs["datasetSha256"],
                "accuracy": first[StepName.EVALUATE].metrics["testAccuracy"],
                "trainedAt": "2026-11-01T00:00:00Z",
            },
        }
        return CheckInput.model_validate({**given, **changes})


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.delenv(ENV_DATABASE_URL, raising=False)
    return World(tmp_path)


@pytest.fixture
def log(world: World, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    upgrade(postgres_url)
    engine = open_engine(postgres_url)
    project(engine)
    monkeypatch.setenv(ENV_DATABASE_URL, postgres_url)
    yield engine
    with engine.begin() as connection:
        connection.execute(PREDICTIONS.delete())
        connection.execute(FEEDBACK.delete())
    engine.dispose()


@pytest.mark.requirement("RET-3")
@pytest.mark.requirement("RET-6")
@pytest.mark.requirement("RET-7")
@pytest.mark.requirement("RET-17")
@pytest.mark.requirement("RET-19")
@pytest.mark.parametrize("parent", ["arxiv-v1-0-0", "v1.0.0"])
def test_more_papers_make_a_version_that_is_compared_with_production(
    world: World, parent: str
) -> None:
    world.write(papers(each=60))
    first = world.run("uid-1")
    assert "improvement" not in first[StepName.EVALUATE].metrics
    world.write(papers(each=90))
    found, code = run_check(world.told(first), Surroundings(NOW, world.root))
    assert (code, found.trigger, found.new_samples) == (ExitCode.OK, Trigger.DATA_GROWTH, 60)

    sha256 = first[StepName.PREPARE].outputs["datasetSha256"]
    data = {**world.data, "extends": {"datasetSha256": sha256}}
    second = world.run("uid-2", data=data, parent=parent)
    assert second[StepName.COLLECT].outputs["papers"] == "60"
    assert second[StepName.REGISTER].outputs["version"] == "v1.1.0"
    metrics = second[StepName.EVALUATE].metrics
    assert {"improvement", "goldenImprovement", "windowImprovement"} <= metrics.keys()
    uri = second[StepName.EVALUATE].outputs["evaluationUri"]
    comparison = storage.read_json(f"{uri}/evaluation.json")["comparison"]
    assert [comparison[name]["texts"] for name in ("test", "golden", "window")] == [18, 12, 6]
    whole = comparison["test"]
    assert whole["improvement"] == pytest.approx(whole["newAccuracy"] - whole["productionAccuracy"])
    assert whole["interval"][0] <= whole["improvement"] <= whole["interval"][1]
    assert metrics["testAccuracy"] == f"{whole['newAccuracy']:.4f}".rstrip("0").rstrip(".")


def test_a_version_that_is_not_in_the_store_is_a_warning(world: World) -> None:
    world.write(papers(each=60))
    first = world.run("uid-1")
    world.write(papers(each=70))
    data = {
        **world.data,
        "extends": {"datasetSha256": first[StepName.PREPARE].outputs["datasetSha256"]},
    }
    second = world.run("uid-2", data=data, parent="arxiv-v9-9-9")
    assert "improvement" not in second[StepName.EVALUATE].metrics
    assert "not among the versions" in second[StepName.EVALUATE].warnings[0]


def labelled(number: int, text: str, label: str, **changes: Any) -> LogBatch:
    given: dict[str, Any] = {
        "experiment_id": None,
        "input_text": text,
        "text_hash": uuid5(SPACE, text).hex,
        "created_at": NOW - timedelta(days=2),
    }
    row = make_prediction(f"request-{number}", "outside", **(given | changes))
    return LogBatch([row], [LabelRow(f"request-{number}", label, NOW)])


@pytest.mark.requirement("FUT-13")
def test_labelled_texts_of_the_log_join_the_training_split_alone(world: World, log: Engine) -> None:
    world.write(papers(each=60))
    first = world.run("uid-1")
    tested = read_split(open_dataset(first[StepName.PREPARE].outputs["datasetUri"]), "test")[0]
    texts = {
        1: (abstract("cs.AI", 901), "cs.AI"),
        2: (abstract("cs.RO", 902), "cs.RO"),
        3: (abstract("cs.AI", 903), "cs.XX"),
        4: (tested.text, tested.label),
        5: ("far too short", "cs.AI"),
        6: (abstract("cs.AI", 906), "cs.AI"),
        7: (abstract("cs.AI", 906), "cs.RO"),
    }
    for number, each in texts.items():
        write_log(log, labelled(number, *each))
    old = datetime(2026, 9, 1, tzinfo=UTC)
    before = labelled(8, abstract("cs.AI", 908), "cs.AI", created_at=old)
    write_log(log, LogBatch(before.predictions, [LabelRow("request-8", "cs.AI", old)]))
    write_log(log, labelled(9, abstract("cs.RO", 909), "cs.RO", created_at=old))
    sha256 = first[StepName.PREPARE].outputs["datasetSha256"]
    extends = {"datasetSha256": sha256, "feedbackSince": "2026-11-01"}
    second = world.run("uid-2", data={**world.data, "extends": extends}, parent="v1.0.0")
    dataset = open_dataset(second[StepName.PREPARE].outputs["datasetUri"])
    joined = [s.arxiv_id for s in read_split(dataset, "train") if "request" in s.arxiv_id]
    assert sorted(joined) == ["request-1", "request-2", "request-9"]
    assert dataset.card["extends"]["feedback"] == 3
    assert dataset.card["rejections"] == {"FeedbackOfAnotherLabel": 1, "NearDuplicateText": 1}
    assert dataset.card["splits"]["test"] == 12


@pytest.mark.requirement("RET-15")
def test_a_paged_source_is_asked_for_the_days_since_and_a_label_may_have_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = "2026-10-30T10:00:00+00:00"
    dated = [paper(topic, n, published=day) for topic in ("cs.AI", "cs.RO") for n in range(60)]
    world.write([*dated, paper("cs.AI", 800, id="2202.00500", published=day)])
    first = world.run("uid-1")
    sha256 = first[StepName.PREPARE].outputs["datasetSha256"]
    arxiv = {"arxiv": {"categories": ["cs.AI", "cs.RO"], "papersPerCategory": 4}}
    given = step_input(
        world.root,
        StepName.COLLECT,
        uid="uid-2",
        data={**world.data, "source": arxiv, "extends": {"datasetSha256": sha256}},
    )
    answers = [page("cs.AI", 500, 5, 5, "cs.DB"), page("cs.RO", 600, 0, 0, "cs.DB")]
    with arxiv_server(*answers) as server:
        monkeypatch.setenv(ENV_ARXIV_URL, server.url)
        monkeypatch.setattr(
            arxiv_source, "Surroundings", partial(arxiv_source.Surroundings, sleep=no_wait)
        )
        found = collect.run(given, StepContext(world.root, now=lambda: NOW))
        asked = [each["search_query"] for each in server.asked]
    assert all("submittedDate:[202610230000 TO 202611232359]" in query for query in asked)
    assert len(asked) == 2
    rows = storage.read_lines(found.outputs["rawUri"])
    assert [row["arxiv_id"] for row in rows] == [f"2202.{n:05d}" for n in range(501, 505)]
    assert found.outputs["collectedUntil"] == "2026-11-23"


def no_wait(seconds: float) -> None:
    """Three seconds between two requests pass at once."""
