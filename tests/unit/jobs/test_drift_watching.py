"""A look at drift as the check takes it: from the store's files to a reading and a report."""

import json
import socket
from pathlib import Path

import pytest
from jobs_builders import abstract, papers, step_input
from lxml import html

from pharos_api.checking import CheckedVersion
from pharos_api.jobio import StepResult
from pharos_api.model import DriftWatch
from pharos_api.retraining import DriftReading
from pharos_api.trainingrun import StepName
from pharos_jobs import storage
from pharos_jobs.context import StepContext
from pharos_jobs.core.prediction_window import PredictionWindow
from pharos_jobs.datasets import Dataset, open_dataset, read_split
from pharos_jobs.drift.reports import report_folder
from pharos_jobs.drift.snapshots import SNAPSHOT, answers_of, read_snapshot
from pharos_jobs.drift.watching import assess
from pharos_jobs.errors import Terminal
from pharos_jobs.steps import prepare

LABELS = ("cs.AI", "cs.RO")
RESULTS = {
    "perClass": {"cs.AI": {}, "cs.RO": {}},
    "confusionMatrix": [[90, 10], [5, 95]],
    "reliability": [
        {"confidence": 0.55, "accuracy": 0.5, "samples": 40},
        {"confidence": 0.8, "accuracy": 0.8, "samples": 60},
        {"confidence": 1.0, "accuracy": 0.9, "samples": 100},
    ],
}


def prepared(root: Path) -> StepResult:
    raw = f"{root.as_uri()}/raw/papers.jsonl.gz"
    storage.write_bytes(raw, storage.gzip_lines(p.to_json() for p in papers(each=300))[0])
    given = step_input(root, StepName.PREPARE, inputs={"rawUri": raw})
    return prepare.run(given, StepContext(root))


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    root = tmp_path_factory.mktemp("store")
    return open_dataset(prepared(root).outputs["datasetUri"])


@pytest.fixture
def version(tmp_path: Path) -> CheckedVersion:
    storage.write_json(f"{tmp_path.as_uri()}/model/test_results.json", RESULTS)
    return CheckedVersion(
        name="topics-v1-0-0", uid="u", version="v1.0.0", model_uri=f"{tmp_path.as_uri()}/model"
    )


def window(topics: tuple[str, ...] = LABELS) -> PredictionWindow:
    return PredictionWindow(
        texts=tuple(
            f"On {topic} number {n}. {abstract(topic, 9000 + n)}"
            for topic in topics
            for n in range(100)
        ),
        predicted=("cs.AI",) * 95 + ("cs.RO",) * 105,
        confidences=(0.55,) * 40 + (0.8,) * 60 + (0.99,) * 100,
    )


def look(
    dataset: Dataset, version: CheckedVersion, log: PredictionWindow, root: Path
) -> DriftReading:
    folder = report_folder(root.as_uri(), "default", "topics", "2026-11-22T02:00:00Z")
    return assess(dataset, version, DriftWatch(), log, folder)


def test_a_healthy_window_reads_as_no_drift(
    dataset: Dataset, version: CheckedVersion, tmp_path: Path
) -> None:
    reading = look(dataset, version, window(), tmp_path)
    assert reading.texts == 200
    assert reading.detected == []
    assert reading.prediction_score == "0"
    assert reading.confidence_score == "0"
    assert reading.label_score is None
    assert reading.report_uri == (
        f"{tmp_path.as_uri()}/reports/default/topics/2026-11-22T020000Z/drift.html"
    )


def test_a_new_field_reads_as_drift_of_the_input(
    dataset: Dataset, version: CheckedVersion, tmp_path: Path
) -> None:
    reading = look(dataset, version, window(("cs.DB", "cs.DB")), tmp_path)
    assert reading.detected == ["Input"]
    page = html.fromstring(storage.read_bytes(str(reading.report_uri)))
    assert "Drift was detected: Input." in page.text_content()
    assert "queries" in page.text_content()
    folder = str(reading.report_uri).rsplit("/", 1)[0]
    document = storage.read_json(f"{folder}/drift.json")
    assert document["reading"]["detected"] == ["Input"]
    assert {part["part"] for part in document["parts"] if "missing" in part} == {"Label"}


def test_the_page_loads_nothing_and_opens_no_connection(
    dataset: Dataset, version: CheckedVersion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a report must not open a connection")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    log = PredictionWindow(texts=('<script src="//evil.example">alert</script> planning',) * 200)
    reading = look(dataset, version, log, tmp_path)
    page = html.fromstring(storage.read_bytes(str(reading.report_uri)))
    assert page.xpath("//script | //link | //img | //iframe | //@src | //@href") == []


def test_without_a_folder_there_is_a_reading_and_no_report(
    dataset: Dataset, version: CheckedVersion
) -> None:
    reading = assess(dataset, version, DriftWatch(), window())
    assert (reading.prediction_score, reading.report_uri) == ("0", None)


def test_the_same_window_gives_the_same_report(
    dataset: Dataset, version: CheckedVersion, tmp_path: Path
) -> None:
    found = [look(dataset, version, window(), tmp_path) for _ in range(2)]
    assert found[0] == found[1]


def test_a_data_set_without_a_snapshot_gets_the_one_that_prepare_writes(tmp_path: Path) -> None:
    dataset = open_dataset(prepared(tmp_path).outputs["datasetUri"])
    place = storage.local_path(f"{dataset.uri}/{SNAPSHOT}")
    assert place is not None
    written = place.read_text()
    place.unlink()
    read_snapshot(dataset)
    assert place.read_text() == written
    place.write_text('{"format": 0}')
    read_snapshot(dataset)
    assert place.read_text() == written


def test_a_data_set_that_is_gone_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Terminal, match="holds no data set"):
        open_dataset(f"{tmp_path.as_uri()}/datasets/gone")


def test_a_snapshot_holds_no_text_of_the_data_set(dataset: Dataset) -> None:
    kept = json.dumps(storage.read_json(f"{dataset.uri}/{SNAPSHOT}"))
    assert not any(sample.text in kept for sample in read_split(dataset, "train"))
    assert len(kept) < 20_000


def test_answers_come_from_the_columns_and_the_reliability_diagram() -> None:
    answers = answers_of(RESULTS)
    assert answers.predicted == {"cs.AI": 95, "cs.RO": 105}
    assert answers.confidence.counts[8] == 40
    assert answers.confidence.counts[12] == 60
    assert answers.confidence.counts[14] == 100
