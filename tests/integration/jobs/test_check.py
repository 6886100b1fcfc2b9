"""The check as its pod runs it: a real database, a real data set, real HTTP, one answer."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from answering import Answer
from arxiv_server import arxiv_server, page
from integration.postgres import own_postgres, postgres_url
from jobs_builders import paper, papers, step_input
from sqlalchemy import Engine
from store_builders import VERSION, make_prediction, project

from pharos_api.checking import CheckedVersion, CheckInput, CheckResult, parse_check_result
from pharos_api.jobio import ExitCode
from pharos_api.model import DriftWatch
from pharos_api.names import ENV_CHECK_INPUT, ENV_DATABASE_URL, ENV_TERMINATION_LOG
from pharos_api.retraining import DriftReading, Trigger, TriggerState
from pharos_api.trainingrun import StepName
from pharos_jobs.__main__ import main
from pharos_jobs.checking.check import Surroundings, run_check
from pharos_jobs.context import StepContext
from pharos_jobs.core.papers import Paper
from pharos_jobs.core.prediction_window import PredictionWindow
from pharos_jobs.datasets import Dataset
from pharos_jobs.sources import arxiv as module
from pharos_jobs.sources.opening import ENV_ARXIV_URL
from pharos_jobs.steps import collect, prepare
from pharos_store.base import Base
from pharos_store.connecting import open_engine
from pharos_store.log_writing import write_log
from pharos_store.rows import LabelRow, LogBatch
from pharos_store.upgrading import upgrade

__all__ = ["own_postgres", "postgres_url"]

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
TOPICS = ("cs.AI", "cs.RO")


@pytest.fixture
def log(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """An empty prediction log that the check's pod is given."""
    upgrade(postgres_url)
    engine = open_engine(postgres_url)
    project(engine)
    monkeypatch.setenv(ENV_DATABASE_URL, postgres_url)
    yield engine
    with engine.begin() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(table.delete())
    engine.dispose()


@pytest.fixture(autouse=True)
def no_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENV_DATABASE_URL, raising=False)


class Desk:
    """A store with production's data set, and the file that it was made of."""

    def __init__(self, root: Path) -> None:
        self.root, self.file = root, root / "papers.jsonl"
        self.data: dict[str, Any] = {
            "source": {"dataset": {"uri": self.file.as_uri()}},
            "minPapersPerClass": 10,
            "split": {"train": 40, "validation": 30, "test": 30},
        }
        self.write(papers(TOPICS, 50))
        self.sha256 = self.prepared()

    def write(self, found: list[Paper]) -> None:
        self.file.write_text("\n".join(json.dumps(p.to_json()) for p in found))

    def prepared(self) -> str:
        outputs: dict[str, str] = {}
        for step, code in ((StepName.COLLECT, collect), (StepName.PREPARE, prepare)):
            (self.root / step).mkdir(exist_ok=True)
            given = step_input(self.root, step, data=self.data, inputs=outputs)
            outputs |= code.run(given, StepContext(self.root / step)).outputs
        return outputs["datasetSha256"]

    def told(self, **changes: Any) -> CheckInput:
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
                "modelUri": f"{self.root.as_uri()}/models/default/arxiv/v1.0.0",
                "datasetSha256": self.sha256,
                "accuracy": "1",
                "promotedAt": "2026-11-01T00:00:00Z",
                "trainedAt": "2026-10-31T00:00:00Z",
            },
        }
        return CheckInput.model_validate({**given, **changes})

    def check(self, told: CheckInput, **world: Any) -> CheckResult:
        scratch = self.root / "scratch"
        scratch.mkdir(exist_ok=True)
        result, code = run_check(told, Surroundings(NOW, scratch, **world))
        assert code is ExitCode.OK
        return result


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def no_wait(seconds: float) -> None:
    """Three seconds between two requests pass at once."""


def states(found: CheckResult) -> dict[Trigger, TriggerState]:
    return {each.trigger: each.state for each in found.readings}


def message(found: CheckResult, trigger: Trigger) -> str:
    return next(each.message for each in found.readings if each.trigger is trigger)


@pytest.mark.requirement("RET-3")
@pytest.mark.requirement("RET-11")
def test_a_file_that_grew_by_more_than_a_tenth_asks_for_a_run(desk: Desk) -> None:
    assert not desk.check(desk.told()).due
    desk.write(papers(TOPICS, 55))
    assert not desk.check(desk.told()).due
    desk.write([*papers(TOPICS, 55), paper(seed=900), paper(abstract="Too short.")])
    found = desk.check(desk.told())
    assert (found.due, found.trigger) == (True, Trigger.DATA_GROWTH)
    assert (found.new_samples, found.dataset_samples) == (11, 100)
    assert found.reason == "11 new samples beside 100: 11.0 %, above 10 %."


@pytest.mark.requirement("RET-3")
@pytest.mark.requirement("RET-15")
def test_a_paged_source_is_asked_once_for_each_label_from_the_last_training_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    dated = [
        paper(topic, n, published="2026-10-30T10:00:00+00:00")
        for topic in TOPICS
        for n in range(50)
    ]
    desk.write(dated)
    desk.sha256 = desk.prepared()
    arxiv = {"arxiv": {"categories": list(TOPICS), "papersPerCategory": 50}}
    answers = [page("cs.AI", 500, 8, 8, "cs.DB"), page("cs.RO", 600, 4, 4, "cs.DB")]
    with arxiv_server(*answers) as server:
        monkeypatch.setenv(ENV_ARXIV_URL, server.url)
        monkeypatch.setattr(module, "Surroundings", partial(module.Surroundings, sleep=no_wait))
        found = desk.check(desk.told(data={**desk.data, "source": arxiv}))
        asked = [each["search_query"] for each in server.asked]
    assert (found.new_samples, found.trigger) == (12, Trigger.DATA_GROWTH)
    assert len(asked) == 2
    assert all("submittedDate:[202610300000 TO 202611232359]" in query for query in asked)


def answered(count: int, right: int, arm: str = "outside", **changes: Any) -> LogBatch:
    """Answers of as many users, of which so many were right; ripe unless told otherwise."""
    given: dict[str, Any] = {"experiment_id": None, "created_at": NOW - timedelta(days=3)}
    rows = [
        make_prediction(f"r{n}", arm, user_id=UUID(int=n + 100), **(given | changes))
        for n in range(count)
    ]
    labels = [LabelRow(f"r{n}", "cs.AI" if n < right else "cs.RO", NOW) for n in range(count)]
    return LogBatch(rows, labels)


@pytest.mark.requirement("RET-12")
def test_labels_that_prove_a_drop_ask_for_a_run(desk: Desk, log: Engine) -> None:
    write_log(log, answered(200, 120))
    found = desk.check(desk.told())
    assert (found.due, found.trigger) == (True, Trigger.ACCURACY_DROP)
    assert "40.0 points lower" in found.reason


UNPROVEN = {
    "too few labels": (answered(20, 0), TriggerState.NO_DATA),
    "labels that are not ripe": (
        answered(200, 0, created_at=NOW - timedelta(hours=23)),
        TriggerState.NO_DATA,
    ),
    "labels from before the promotion": (
        answered(200, 0, created_at=datetime(2026, 10, 31, tzinfo=UTC)),
        TriggerState.NO_DATA,
    ),
    "answers of a shadow": (answered(200, 0, arm="shadow"), TriggerState.NO_DATA),
    "as good as before": (answered(200, 199), TriggerState.QUIET),
}


@pytest.mark.parametrize(("batch", "state"), UNPROVEN.values(), ids=UNPROVEN.keys())
def test_what_proves_no_drop(desk: Desk, log: Engine, batch: LogBatch, state: TriggerState) -> None:
    write_log(log, batch)
    found = desk.check(desk.told())
    assert states(found)[Trigger.ACCURACY_DROP] is state
    assert not found.due


def test_a_database_that_is_away_is_an_error_and_hides_nothing_else(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENV_DATABASE_URL, "postgresql://me:secret@127.0.0.1:1/none")
    desk.write(papers(TOPICS, 60))
    found = desk.check(desk.told())
    assert states(found)[Trigger.ACCURACY_DROP] is TriggerState.ERROR
    assert "secret" not in found.to_termination_message()
    assert found.trigger is Trigger.DATA_GROWTH


def test_a_source_that_is_away_is_an_error_and_hides_nothing_else(desk: Desk, log: Engine) -> None:
    write_log(log, answered(200, 100))
    desk.file.unlink()
    found = desk.check(desk.told())
    assert states(found)[Trigger.DATA_GROWTH] is TriggerState.ERROR
    assert "does not exist" in message(found, Trigger.DATA_GROWTH)
    assert found.trigger is Trigger.ACCURACY_DROP


def test_texts_that_users_labelled_count_where_the_policy_takes_them(
    desk: Desk, log: Engine
) -> None:
    write_log(log, answered(30, 30))
    assert desk.check(desk.told()).new_samples == 0
    found = desk.check(desk.told(policy={"feedback": "Labelled"}))
    assert (found.new_samples, found.trigger) == (30, Trigger.DATA_GROWTH)
    assert "30 of them labelled by users" in found.reason


def test_drift_is_asked_for_what_came_in_the_window(desk: Desk, log: Engine) -> None:
    write_log(log, answered(30, 20))
    seen: list[PredictionWindow] = []

    def meter(
        dataset: Dataset, version: CheckedVersion, watch: DriftWatch, log: PredictionWindow
    ) -> DriftReading:
        assert (dataset.sha256, version.version) == (desk.sha256, "v1.0.0")
        seen.append(log)
        return DriftReading(texts=30, input_score="0.4", detected=["input"])

    told = desk.told(policy={"triggers": {"onDrift": True}})
    found = desk.check(told, meter=meter)
    assert (found.trigger, found.drift and found.drift.texts) == (Trigger.DRIFT, 30)
    assert seen[0].predicted == ("cs.AI",) * 30
    assert seen[0].confidences == (0.75,) * 30
    assert sorted(seen[0].truths) == ["cs.AI"] * 20 + ["cs.RO"] * 10
    assert seen[0].texts == ("a text",) * 30
    assert not desk.check(desk.told(), meter=meter).due


BARE = {
    "no version in production": {"production": None},
    "no template": {"data": None},
    "an imported version": {"production": {"datasetSha256": "", "accuracy": None}},
}


@pytest.mark.parametrize("changes", BARE.values(), ids=BARE.keys())
def test_what_is_not_there_is_no_data(desk: Desk, changes: dict[str, Any]) -> None:
    given = desk.told().to_json()
    for name, value in changes.items():
        given[name] = {**given[name], **value} if isinstance(value, dict) else value
    found = desk.check(CheckInput.model_validate(given))
    assert states(found)[Trigger.DATA_GROWTH] is TriggerState.NO_DATA
    assert not found.due


def test_a_person_and_a_policy_that_always_retrains(desk: Desk) -> None:
    assert desk.check(desk.told(forced="new guideline")).trigger is Trigger.MANUAL
    always = desk.told(policy={"triggers": {"onSchedule": "Always"}})
    assert desk.check(always).trigger is Trigger.SCHEDULED


def test_the_process_leaves_its_answer_where_kubernetes_reads_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = desk.root / "termination-log"
    monkeypatch.setenv(ENV_TERMINATION_LOG, str(answer))
    monkeypatch.setenv(ENV_CHECK_INPUT, desk.told(forced="now").model_dump_json(by_alias=True))
    assert main(["check"]) == ExitCode.OK
    read = parse_check_result(answer.read_text())
    assert read is not None
    assert (read.due, read.trigger) == (True, Trigger.MANUAL)
    monkeypatch.setenv(ENV_CHECK_INPUT, "{}")
    assert main(["check"]) == ExitCode.BAD_INPUT


def test_the_answer_of_a_busy_source_is_no_trigger(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = Answer(400)
    arxiv = {"arxiv": {"categories": list(TOPICS)}}
    with arxiv_server(refused) as server:
        monkeypatch.setenv(ENV_ARXIV_URL, server.url)
        found = desk.check(desk.told(data={**desk.data, "source": arxiv}))
    assert states(found)[Trigger.DATA_GROWTH] is TriggerState.ERROR
