"""The check as its pod runs it: a real database, a real data set, real HTTP, one answer."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from answering import Answer
from arxiv_server import arxiv_server, page
from integration.postgres import own_postgres, postgres_url
from jobs_builders import abstract, paper, papers, step_input
from sqlalchemy import Engine
from store_builders import VERSION, make_prediction, project

from pharos_api.checking import CheckInput, CheckResult, parse_check_result
from pharos_api.jobio import ExitCode
from pharos_api.names import ENV_CHECK_INPUT, ENV_DATABASE_URL, ENV_TERMINATION_LOG
from pharos_api.retraining import Attempt, Trigger, TriggerState
from pharos_api.trainingrun import StepName
from pharos_jobs import storage
from pharos_jobs.__main__ import main
from pharos_jobs.checking.check import Surroundings, run_check
from pharos_jobs.context import StepContext
from pharos_jobs.core.papers import Paper
from pharos_jobs.sources import arxiv as module
from pharos_jobs.sources.opening import ENV_ARXIV_URL
from pharos_jobs.steps import collect, prepare
from pharos_store.base import Base
from pharos_store.connecting import open_engine
from pharos_store.log_writing import write_log
from pharos_store.rows import LabelRow, LogBatch, PredictionRow
from pharos_store.upgrading import upgrade

__all__ = ["own_postgres", "postgres_url"]

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
LABELLED = NOW - timedelta(hours=1)
TOPICS = ("cs.AI", "cs.RO")
# How production answered its test split: each topic as often, and as sure as the log's answers are.
RESULTS = {
    "perClass": {"cs.AI": {}, "cs.RO": {}},
    "confusionMatrix": [[100, 0], [0, 100]],
    "reliability": [{"confidence": 0.75, "accuracy": 1.0, "samples": 200}],
}


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
        storage.write_json(f"{self.model_uri}/test_results.json", RESULTS)

    @property
    def model_uri(self) -> str:
        """Where production's model lies."""
        return f"{self.root.as_uri()}/models/default/arxiv/v1.0.0"

    def write(self, found: list[Paper]) -> None:
        self.file.write_text("\n".join(json.dumps(p.to_json()) for p in found))

    def prepared(self) -> str:
        return self.collected(self.data)["datasetSha256"]

    def collected(self, data: dict[str, Any], uid: str = "run-uid") -> dict[str, str]:
        """What the steps collect and prepare leave behind."""
        outputs: dict[str, str] = {}
        for step, code in ((StepName.COLLECT, collect), (StepName.PREPARE, prepare)):
            (self.root / step).mkdir(exist_ok=True)
            given = step_input(self.root, step, data=data, inputs=outputs, uid=uid)
            outputs |= code.run(given, StepContext(self.root / step)).outputs
        return outputs

    def attempted(self, sha256: str = "", **changes: Any) -> Attempt:
        """A retraining that extended production's data set, and was not better."""
        data = {**self.data, "extends": {"datasetSha256": sha256 or self.sha256}}
        outputs = self.collected(data, "uid-attempt")
        given = {
            "run": "arxiv-r",
            "parent": "v1.0.0",
            "datasetSha256": outputs["datasetSha256"],
            "rawUri": outputs["rawUri"],
            "dataUntil": "2026-11-16",
        }
        return Attempt.model_validate({**given, **changes})

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
                "modelUri": self.model_uri,
                "datasetSha256": self.sha256,
                "accuracy": "1",
                "promotedAt": "2026-11-01T00:00:00Z",
                "trainedAt": "2026-10-31T00:00:00Z",
            },
        }
        return CheckInput.model_validate({**given, **changes})

    def check(self, told: CheckInput) -> CheckResult:
        scratch = self.root / "scratch"
        scratch.mkdir(exist_ok=True)
        result, code = run_check(told, Surroundings(NOW, scratch))
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
@pytest.mark.requirement("RET-1")
def test_a_file_that_grew_by_more_than_a_tenth_asks_for_a_run(desk: Desk) -> None:
    assert not desk.check(desk.told()).due
    desk.write(papers(TOPICS, 55))
    assert not desk.check(desk.told()).due
    desk.write([*papers(TOPICS, 55), paper(seed=900), paper(abstract="Too short.")])
    found = desk.check(desk.told())
    assert (found.due, found.trigger) == (True, Trigger.DATA_GROWTH)
    assert (found.new_samples, found.dataset_samples) == (11, 100)
    assert found.reason == "11 new samples beside the 100 of v1.0.0: 11.0 %, above 10 %."


@pytest.mark.requirement("RET-11")
@pytest.mark.requirement("RET-16")
def test_a_retraining_that_was_not_better_is_not_tried_again_on_the_same_papers(
    desk: Desk,
) -> None:
    desk.write(papers(TOPICS, 56))
    assert desk.check(desk.told()).due
    attempt = desk.attempted()
    again = desk.check(desk.told(attempt=attempt))
    assert not again.due
    said = "0 new samples beside the 112 of the last retraining arxiv-r: 0.0 %, not above 10 %."
    assert message(again, Trigger.DATA_GROWTH) == said
    desk.write(papers(TOPICS, 62))
    grown = desk.check(desk.told(attempt=attempt))
    assert (grown.due, grown.trigger) == (True, Trigger.DATA_GROWTH)
    assert (grown.new_samples, grown.dataset_samples) == (24, 100)
    assert grown.reason.startswith("12 new samples beside the 112 of the last retraining arxiv-r")


@pytest.mark.requirement("RET-17")
def test_what_a_retraining_that_was_not_better_collected_is_in_the_next_one(desk: Desk) -> None:
    desk.write(papers(TOPICS, 56))
    desk.attempted()
    desk.write(papers(TOPICS, 62))
    data = {**desk.data, "extends": {"datasetSha256": desk.sha256}}
    following = desk.collected(data, "uid-following")
    assert (following["previousSamples"], following["newSamples"]) == ("100", "24")


def test_papers_that_a_retraining_refused_are_not_new_each_week(desk: Desk) -> None:
    # The same texts under other titles: near-duplicates, which no run takes.
    again = [replace(p, id=f"again-{p.id}", title=f"Again {p.title}") for p in papers(TOPICS, 20)]
    desk.write([*papers(TOPICS, 50), *again])
    assert desk.check(desk.told()).due
    attempt = desk.attempted()
    assert attempt.dataset_sha256 == desk.sha256
    assert not desk.check(desk.told(attempt=attempt)).due


def test_a_retraining_of_another_line_or_one_that_is_gone_measures_nothing(desk: Desk) -> None:
    desk.write(papers(TOPICS, 56))
    other = desk.collected(desk.data, "uid-other")["datasetSha256"]
    attempt = desk.attempted()
    for sha256 in (other, "f" * 64):
        told = desk.told(attempt=attempt.model_copy(update={"dataset_sha256": sha256}))
        assert desk.check(told).reason.startswith("12 new samples beside the 100 of v1.0.0")


def test_without_its_raw_papers_a_retraining_still_measures_growth(desk: Desk) -> None:
    desk.write(papers(TOPICS, 56))
    attempt = desk.attempted()
    Path(attempt.raw_uri.removeprefix("file://")).unlink()
    assert not desk.check(desk.told(attempt=attempt)).due


@pytest.mark.requirement("RET-12")
def test_a_drop_that_a_retraining_did_not_mend_starts_no_other_each_week(
    desk: Desk, log: Engine
) -> None:
    write_log(log, answered(200, 120))
    answering = {"answered": [Trigger.ACCURACY_DROP]}
    found = desk.check(desk.told(attempt=desk.attempted(**answering)))
    assert not found.due
    assert "arxiv-r was made for it and is not in production" in found.reason
    assert "0 new samples beside the 100 of the last retraining arxiv-r" in found.reason
    desk.write(papers(TOPICS, 56))
    assert desk.check(desk.told(attempt=desk.attempted())).trigger is Trigger.ACCURACY_DROP


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
    asked = asked_about(TOPICS).predictions
    # A text that the data set holds, and one that is too short, are nothing new.
    learnt = paper("cs.AI", 3)
    asked.append(answer("learnt", input_text=f"{learnt.title}. {learnt.abstract}"))
    asked.append(answer("short", input_text="a text"))
    told = [*asked[85:115], *asked[-2:]]
    labels = [LabelRow(row.request_id, best(row), LABELLED) for row in told]
    write_log(log, LogBatch(asked, labels))
    assert desk.check(desk.told()).new_samples == 0
    found = desk.check(desk.told(policy={"feedback": "Labelled"}))
    assert (found.new_samples, found.trigger) == (30, Trigger.DATA_GROWTH)
    assert "30 of them labelled by users" in found.reason


def asked_about(topics: tuple[str, ...], days_ago: int = 3) -> LogBatch:
    """A hundred texts of each topic, as many as the data set knows of, and the right answers."""
    rows = [
        answer(
            f"{topic}-{n}",
            label=topic,
            input_text=f"On {topic} number {n % 50}. {abstract(topic, 9000 + n)}",
            created_at=NOW - timedelta(days=days_ago),
        )
        for topic in topics
        for n in range(100)
    ]
    return LogBatch(rows, [])


def answer(name: str, **changes: Any) -> PredictionRow:
    """An answer of its own text, three days old."""
    given = {
        "experiment_id": None,
        "created_at": NOW - timedelta(days=3),
        "text_hash": f"{name:>064}",
    }
    return make_prediction(name, "outside", **(given | changes))


def best(row: PredictionRow) -> str:
    """The label that was predicted."""
    return max(row.predictions, key=row.predictions.__getitem__)


WATCHED: dict[str, Any] = {"drift": {"minTexts": 100}, "policy": {"triggers": {"onDrift": True}}}


def test_texts_of_one_topic_are_drift_and_start_a_run_where_the_policy_lets_them(
    desk: Desk, log: Engine
) -> None:
    write_log(log, asked_about(("cs.RO",)))
    found = desk.check(desk.told(**WATCHED))
    assert found.drift is not None
    assert (found.due, found.trigger) == (True, Trigger.DRIFT)
    assert (found.drift.texts, found.drift.detected) == (100, ["Prediction"])
    assert "Drift of Prediction" in found.reason
    assert found.drift.report_uri is not None
    assert "reports/default/arxiv/2026-11-23T020000Z/" in found.drift.report_uri
    assert storage.exists(found.drift.report_uri)

    told = desk.check(desk.told(drift=WATCHED["drift"]))
    assert not told.due
    assert "It starts nothing, for triggers.onDrift is off." in message(told, Trigger.DRIFT)


QUIET_WINDOWS = {
    "texts as it learnt from": (asked_about(TOPICS), TriggerState.QUIET, 200),
    "texts from before the window": (asked_about(("cs.RO",), 9), TriggerState.NO_DATA, 0),
    "too few texts": (answered(99, 99), TriggerState.NO_DATA, 99),
}


@pytest.mark.parametrize(
    ("batch", "state", "texts"), QUIET_WINDOWS.values(), ids=QUIET_WINDOWS.keys()
)
def test_what_is_no_drift(
    desk: Desk, log: Engine, batch: LogBatch, state: TriggerState, texts: int
) -> None:
    write_log(log, batch)
    found = desk.check(desk.told(**WATCHED))
    assert states(found)[Trigger.DRIFT] is state
    assert found.drift is not None
    assert (found.drift.texts, found.due) == (texts, False)


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


def test_a_data_set_of_other_labels_cannot_be_extended(desk: Desk) -> None:
    desk.write(papers(TOPICS, 60))
    assert desk.check(desk.told(labels=["cs.RO", "cs.AI"])).due
    found = desk.check(desk.told(labels=["cs.RO", "cs.AI", "cs.DB"]))
    assert states(found)[Trigger.DATA_GROWTH] is TriggerState.ERROR
    assert "without data.extends" in message(found, Trigger.DATA_GROWTH)
    assert not found.due


@pytest.mark.requirement("RET-14")
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
