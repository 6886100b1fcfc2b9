"""What counts as drift: each measure by itself, thin windows, and what a snapshot keeps."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from jobs_builders import abstract

from pharos_jobs.core.divergence import Histogram
from pharos_jobs.core.drift import (
    Answers,
    Measure,
    Part,
    detected,
    measured,
    score,
    told_words,
)
from pharos_jobs.core.prediction_window import PredictionWindow
from pharos_jobs.core.snapshot import (
    as_trained,
    snapshot_from_json,
    snapshot_of,
    vocabulary_of,
)

LABELS = ("cs.AI", "cs.RO")


def texts(topics: tuple[str, ...], each: int, first: int = 0) -> tuple[str, ...]:
    return tuple(abstract(t, first + n, 60 + n % 40) for t in topics for n in range(each))


def labels(ai: int, ro: int) -> tuple[str, ...]:
    return ("cs.AI",) * ai + ("cs.RO",) * ro


SNAPSHOT = snapshot_of(
    texts(LABELS, 300), texts(LABELS, 200, first=1000), {"cs.AI": 500, "cs.RO": 500}
)
ANSWERS = Answers(
    {"cs.AI": 200, "cs.RO": 200}, Histogram((0.5, 0.7, 0.8, 0.9), (10, 40, 70, 130, 150))
)
CONFIDENT = (0.45,) * 5 + (0.6,) * 20 + (0.75,) * 35 + (0.85,) * 65 + (0.95,) * 75
HEALTHY = PredictionWindow(
    texts=texts(LABELS, 100, first=5000),
    predicted=labels(103, 97),
    confidences=CONFIDENT,
    truths=labels(95, 105),
)


@dataclass(frozen=True)
class Case:
    window: PredictionWindow
    detected: list[Measure]


def with_(change: Callable[[str], str]) -> PredictionWindow:
    return replace(HEALTHY, texts=tuple(change(text) for text in HEALTHY.texts))


CASES = {
    "what was learnt comes in": Case(HEALTHY, []),
    "texts are cut to their first words": Case(
        with_(lambda text: " ".join(text.split()[:20])), [Measure.INPUT]
    ),
    "texts of a field that was never seen": Case(
        replace(HEALTHY, texts=texts(("cs.DB",), 200)), [Measure.INPUT]
    ),
    "addresses and formulas are no drift: training never saw them either": Case(
        with_(lambda text: f"{text} https://example.com/{len(text)} $x_{len(text)}$"), []
    ),
    "one label is predicted nearly always": Case(
        replace(HEALTHY, predicted=labels(180, 20)), [Measure.PREDICTION]
    ),
    "users say other labels than were learnt": Case(
        replace(HEALTHY, truths=labels(20, 180)), [Measure.LABEL]
    ),
    "the model became unsure": Case(
        replace(HEALTHY, confidences=(0.55,) * 150 + (0.95,) * 50), [Measure.CONFIDENCE]
    ),
    "no texts are stored": Case(replace(HEALTHY, texts=()), []),
    "everything at once": Case(
        PredictionWindow(texts(("cs.DB",), 200), labels(0, 200), (0.4,) * 200, ("cs.DB",) * 200),
        list(Measure),
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_detected(case: Case) -> None:
    assert detected(measured(SNAPSHOT, ANSWERS, case.window, 200), 0.25) == case.detected


def test_a_thin_window_is_not_measured_and_says_why() -> None:
    thin = replace(HEALTHY, truths=labels(0, 199))
    results = measured(SNAPSHOT, ANSWERS, thin, 200)
    assert score(results, Measure.LABEL) is None
    assert score(results, Measure.PREDICTION) == 0
    (label,) = (each for each in results if each.part is Part.LABEL)
    assert label.missing == "The window has 199, and 200 are needed."


def test_a_version_without_test_results_is_measured_by_its_texts_alone() -> None:
    results = measured(SNAPSHOT, None, HEALTHY, 200)
    assert (score(results, Measure.INPUT) or 0) < 0.1
    assert score(results, Measure.CONFIDENCE) is None
    assert {r.missing for r in results if r.part in (Part.PREDICTION, Part.CONFIDENCE)} == {
        "The version has no results of its test split to compare with."
    }


def test_a_score_above_its_limit_that_chance_explains_is_no_drift() -> None:
    thin = PredictionWindow(predicted=labels(16, 5))
    results = measured(SNAPSHOT, ANSWERS, thin, 20)
    assert (score(results, Measure.PREDICTION) or 0) > 0.2
    assert detected(results, 0.2) == []


def test_words_that_rose_and_fell_are_told() -> None:
    seen = texts(("cs.DB",), 200)
    rose, fell = told_words(SNAPSHOT.vocabulary, seen)
    assert {"queries", "tables", "transactions"} <= {each.word for each in rose}
    assert {"robots", "agents"} <= {each.word for each in fell}
    assert all(each.before == 0 < each.now for each in rose)


def test_a_word_of_few_texts_is_never_told_nor_kept() -> None:
    seen = [*texts(LABELS, 100), *["A letter from Zyxwvut about planning."] * 4]
    rose, _ = told_words(SNAPSHOT.vocabulary, seen)
    assert "zyxwvut" not in {each.word for each in rose}
    assert "zyxwvut" not in vocabulary_of(["zyxwvut planning"] * 2 + ["planning"] * 5).frequency


def test_unknown_words_are_more_surprising_than_known_ones() -> None:
    table = vocabulary_of(["planning agents"] * 9 + ["robots"])
    known, mixed, unknown = map(table.surprise, ("planning", "planning zebra", "zebra"))
    assert 0 < known < mixed < unknown
    assert table.surprise("") == 0


def test_a_snapshot_is_read_as_it_was_written() -> None:
    text = json.dumps(SNAPSHOT.to_json())
    assert snapshot_from_json(json.loads(text)) == SNAPSHOT


BROKEN: dict[str, dict[str, object]] = {
    "of another format": {"format": 99},
    "with a count too few": {"lengthWords": {"edges": [1.0], "counts": [3]}},
}


@pytest.mark.parametrize("change", BROKEN.values(), ids=BROKEN)
def test_a_broken_snapshot_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"format|one count more"):
        snapshot_from_json({**SNAPSHOT.to_json(), **change})


def test_a_text_is_cleaned_as_for_training() -> None:
    assert as_trained("See  https://x.org now.. $a$ [URL]") == "See now."
