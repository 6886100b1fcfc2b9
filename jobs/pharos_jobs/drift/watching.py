"""Measures drift for the check of a Model: a window of predictions against what production learnt.

Reads the snapshot and the test results from the store, writes a report, decides nothing: whether
drift starts a training is the check's matter.
"""

from pharos_api.checking import CheckedVersion
from pharos_api.model import DriftWatch
from pharos_api.retraining import DriftReading
from pharos_jobs import storage
from pharos_jobs.core.drift import (
    Measure,
    Measured,
    detected,
    measured,
    score,
    told_words,
)
from pharos_jobs.core.metrics import decimal_string
from pharos_jobs.core.prediction_window import PredictionWindow
from pharos_jobs.core.snapshot import Snapshot
from pharos_jobs.datasets import Dataset
from pharos_jobs.drift.drift_page import DriftStory, drift_document, drift_page
from pharos_jobs.drift.reports import REPORT_HTML, REPORT_JSON
from pharos_jobs.drift.snapshots import read_answers, read_snapshot


def assess(
    dataset: Dataset,
    version: CheckedVersion,
    watch: DriftWatch,
    log: PredictionWindow,
    folder_uri: str | None = None,
) -> DriftReading:
    """Measure drift, and write ``drift.html`` and ``drift.json`` where a folder is named.

    Scores are None where the window or the version gives too little to measure. The same window
    gives the same reading and the same report. Raises Terminal where the data set has no snapshot
    and cannot be read to make one.
    """
    snapshot = read_snapshot(dataset)
    results = measured(snapshot, read_answers(version.model_uri), log, watch.min_texts)
    reading = _reading(results, watch, log)
    if folder_uri is None:
        return reading
    reading = reading.model_copy(update={"report_uri": f"{folder_uri}/{REPORT_HTML}"})
    story = _story(version, watch, results, reading, (snapshot, log))
    storage.write_json(f"{folder_uri}/{REPORT_JSON}", drift_document(story))
    storage.write_bytes(f"{folder_uri}/{REPORT_HTML}", drift_page(story).encode())
    return reading


def _reading(results: list[Measured], watch: DriftWatch, log: PredictionWindow) -> DriftReading:
    scores = {measure: _text(score(results, measure)) for measure in Measure}
    return DriftReading(
        texts=len(log.predicted),
        input_score=scores[Measure.INPUT],
        prediction_score=scores[Measure.PREDICTION],
        label_score=scores[Measure.LABEL],
        confidence_score=scores[Measure.CONFIDENCE],
        detected=[measure.value for measure in detected(results, float(watch.above))],
    )


def _text(value: float | None) -> str | None:
    return None if value is None else decimal_string(value)


def _story(
    version: CheckedVersion,
    watch: DriftWatch,
    results: list[Measured],
    reading: DriftReading,
    compared: tuple[Snapshot, PredictionWindow],
) -> DriftStory:
    snapshot, log = compared
    enough = len(log.texts) >= watch.min_texts
    rose, fell = told_words(snapshot.vocabulary, log.texts) if enough else ([], [])
    return DriftStory(version, watch, tuple(results), reading, tuple(rose), tuple(fell))
