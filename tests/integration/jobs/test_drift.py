"""Drift on real papers: those of 2026 against those of 2007 to 2019, and healthy windows."""

import os
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from pharos_jobs import storage
from pharos_jobs.core.drift import (
    Measure,
    Part,
    detected,
    measured,
    score,
    told_words,
)
from pharos_jobs.core.papers import Sample, paper_from_json
from pharos_jobs.core.prediction_window import PredictionWindow
from pharos_jobs.core.quality import to_sample
from pharos_jobs.core.snapshot import Snapshot, snapshot_of

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

SHARED = Path(os.environ.get("PHAROS_SHARED", Path(__file__).parents[3] / ".." / "shared"))
LIMIT, MIN_TEXTS = 0.25, 200
# Every fifth paper: some 7,000.
_STEP = 5


def real_samples(name: str, step: int) -> list[Sample]:
    """Clean samples of a file of papers, each with its primary category as label."""
    place = SHARED / "data" / name
    if not place.exists():
        pytest.skip(f"real papers are not at hand ({name}); set PHAROS_SHARED")
    rows = list(storage.read_lines(place.resolve().as_uri()))[::step]
    papers = [paper_from_json(row, number) for number, row in enumerate(rows)]
    found = (to_sample(paper, paper.primary_category, 50) for paper in papers)
    return [sample for sample in found if isinstance(sample, Sample)]


@pytest.fixture(scope="module")
def parts() -> tuple[Snapshot, list[Sample]]:
    """A snapshot of four fifths of the old papers, and the fifth that it has not seen."""
    samples = real_samples("arxiv_cs10.jsonl.gz", _STEP)
    random.Random(42).shuffle(samples)
    fifth = len(samples) // 5
    unseen, held_out, learnt = samples[:fifth], samples[fifth : 2 * fifth], samples[2 * fifth :]
    labels = Counter(sample.label for sample in [*learnt, *held_out])
    return snapshot_of([s.text for s in learnt], [s.text for s in held_out], labels), unseen


def window(samples: Sequence[Sample]) -> PredictionWindow:
    return PredictionWindow(
        texts=tuple(s.text for s in samples), truths=tuple(s.label for s in samples)
    )


def test_windows_of_unseen_papers_of_the_same_years_raise_no_alarm(
    parts: tuple[Snapshot, list[Sample]],
) -> None:
    snapshot, unseen = parts
    rng = random.Random(7)
    windows = [window(rng.sample(unseen, 200)) for _ in range(40)] + [window(unseen)]
    found = [detected(measured(snapshot, None, each, MIN_TEXTS), LIMIT) for each in windows]
    assert found == [[]] * len(windows)


def test_papers_of_2026_are_drift_of_the_input_and_of_the_labels(
    parts: tuple[Snapshot, list[Sample]],
) -> None:
    snapshot, _ = parts
    new = real_samples("arxiv_cs_2026_drift.jsonl.gz", 1)
    for seen in (new, random.Random(7).sample(new, 200)):
        results = measured(snapshot, None, window(seen), MIN_TEXTS)
        assert detected(results, LIMIT) == [Measure.INPUT, Measure.LABEL]
        assert (score(results, Measure.INPUT) or 0) > 0.7
        scores = {r.part: r.divergence.score for r in results if r.divergence}
        assert scores[Part.WORDING] > scores[Part.LENGTH] > LIMIT
    rose, fell = told_words(snapshot.vocabulary, [s.text for s in new])
    assert {"llms", "llm"} <= {each.word for each in rose}
    assert "algorithm" in {each.word for each in fell}
