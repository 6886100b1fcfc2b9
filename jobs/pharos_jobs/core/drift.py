"""What drift is: four measures of a window of predictions against what was learnt from. Pure.

Input (length and wording of texts), Prediction (the predicted labels), Label (the true labels that
users gave), Confidence. A measure is detected when its score is above the limit and chance is
no explanation.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import sqrt

from pharos_api.ngrams import words
from pharos_jobs.core.divergence import Divergence, Histogram, counted, of_categories, of_ranges
from pharos_jobs.core.prediction_window import PredictionWindow
from pharos_jobs.core.snapshot import (
    Snapshot,
    Vocabulary,
    as_trained,
    length_words,
)

# Rarer than this, chance is no explanation. Few texts alone come near it: from 200 on a score of
# .25 is far beyond.
_CHANCE = 0.001
_TOLD_WORDS = 15
# Words are compared in their thousands: below this a difference is chance.
_Z_OF_A_TOLD_WORD = 5.0
# A word of fewer texts is nobody's business: it might be somebody's name.
_FEWEST_TEXTS = 5


class Measure(StrEnum):
    """What is measured; ``Input`` is the greater of its two parts."""

    INPUT = "Input"
    PREDICTION = "Prediction"
    LABEL = "Label"
    CONFIDENCE = "Confidence"


class Part(StrEnum):
    """One distribution that is compared."""

    LENGTH = "Length"
    WORDING = "Wording"
    PREDICTION = "Prediction"
    LABEL = "Label"
    CONFIDENCE = "Confidence"


PARTS: Mapping[Measure, tuple[Part, ...]] = {
    Measure.INPUT: (Part.LENGTH, Part.WORDING),
    Measure.PREDICTION: (Part.PREDICTION,),
    Measure.LABEL: (Part.LABEL,),
    Measure.CONFIDENCE: (Part.CONFIDENCE,),
}


@dataclass(frozen=True, slots=True)
class Answers:
    """How the version answered its test split: predicted labels, and its confidence."""

    predicted: Mapping[str, int]
    confidence: Histogram


@dataclass(frozen=True, slots=True)
class Measured:
    """One distribution: how many values the window had, and the divergence where there were enough.

    ``missing`` says in words why there is none.
    """

    part: Part
    values: int
    divergence: Divergence | None = None
    missing: str = ""


@dataclass(frozen=True, slots=True)
class ToldWord:
    """A word that stands in more, or in fewer texts than it did; shares in 0..1."""

    word: str
    before: float
    now: float


def measured(
    snapshot: Snapshot, answers: Answers | None, window: PredictionWindow, min_texts: int
) -> list[Measured]:
    """Every part. One with fewer than ``min_texts`` values is not measured."""
    texts = [as_trained(text) for text in window.texts]
    lengths = [float(length_words(text)) for text in texts]
    found = {
        Part.LENGTH: lambda: _ranges(snapshot.length_words, lengths),
        Part.WORDING: lambda: _ranges(
            snapshot.surprise_bits, [snapshot.vocabulary.surprise(text) for text in texts]
        ),
        Part.LABEL: lambda: of_categories(snapshot.labels, Counter(window.truths)),
    }
    if answers is not None:
        found[Part.PREDICTION] = lambda: of_categories(answers.predicted, Counter(window.predicted))
        found[Part.CONFIDENCE] = lambda: _ranges(answers.confidence, window.confidences)
    results = []
    for part, values in _values(window).items():
        missing = _missing(values, min_texts) or _unknown(part in found)
        divergence = None if missing else found[part]()
        results.append(Measured(part, values, divergence, missing))
    return results


def score(results: Sequence[Measured], measure: Measure) -> float | None:
    """The score of a measure: the greatest of its parts, None where none was measured."""
    parts = [r.divergence for r in results if r.part in PARTS[measure] and r.divergence]
    return max((part.score for part in parts), default=None)


def detected(results: Sequence[Measured], above: float) -> list[Measure]:
    """The measures of which a part is above the limit, and not by chance."""
    drifted = {r.part for r in results if r.divergence and drifts(r.divergence, above)}
    return [measure for measure, parts in PARTS.items() if drifted.intersection(parts)]


def drifts(divergence: Divergence, above: float) -> bool:
    """Whether the score is above the limit and chance no explanation."""
    return divergence.score > above and divergence.p_value < _CHANCE


def told_words(
    vocabulary: Vocabulary, texts: Sequence[str]
) -> tuple[list[ToldWord], list[ToldWord]]:
    """The words that rose and those that fell the most, by the two-proportion z-test.

    A word that the table does not hold counts as one that stood in none of its texts.
    """
    now: Counter[str] = Counter()
    for text in texts:
        now.update(set(words(as_trained(text))))
    known = {*vocabulary.frequency, *(w for w, count in now.items() if count >= _FEWEST_TEXTS)}
    ranked = sorted(
        (_z(vocabulary.frequency.get(word, 0), vocabulary.texts, now[word], len(texts)), word)
        for word in known
    )
    told = [
        (
            z,
            ToldWord(
                word, vocabulary.frequency.get(word, 0) / vocabulary.texts, now[word] / len(texts)
            ),
        )
        for z, word in ranked
        if abs(z) > _Z_OF_A_TOLD_WORD
    ]
    rose = [word for z, word in reversed(told) if z > 0][:_TOLD_WORDS]
    return rose, [word for z, word in told if z < 0][:_TOLD_WORDS]


def _z(before: int, texts_before: int, now: int, texts_now: int) -> float:
    if not texts_before or not texts_now:
        return 0.0
    pooled = (before + now) / (texts_before + texts_now)
    error = sqrt(pooled * (1 - pooled) * (1 / texts_before + 1 / texts_now))
    return (now / texts_now - before / texts_before) / error if error else 0.0


def _ranges(reference: Histogram, values: Sequence[float]) -> Divergence:
    return of_ranges(reference.edges, reference.counts, counted(reference.edges, values))


def _values(window: PredictionWindow) -> dict[Part, int]:
    return {
        Part.LENGTH: len(window.texts),
        Part.WORDING: len(window.texts),
        Part.PREDICTION: len(window.predicted),
        Part.LABEL: len(window.truths),
        Part.CONFIDENCE: len(window.confidences),
    }


def _missing(values: int, needed: int) -> str:
    return f"The window has {values}, and {needed} are needed." if values < needed else ""


def _unknown(known: bool) -> str:
    return "" if known else "The version has no results of its test split to compare with."
