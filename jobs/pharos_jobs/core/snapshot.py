"""What a training set looked like, small enough to keep: words, lengths, familiarity, labels. Pure.

Words are counted on the train split. How long and how familiar texts are is measured on the two
other splits: words of the train split are known by construction, so its own texts would look
more familiar than any new ones.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log2
from typing import Any

from pharos_api.ngrams import words
from pharos_jobs.core.cleaning import clean_text
from pharos_jobs.core.divergence import Histogram, counted, tenths

FORMAT = 1
_MOST_WORDS = 10_000
# A word of fewer texts says little of all, and might be a name.
_FEWEST_TEXTS = 3
# What the prediction log writes in place of what it must not keep.
_MARK = re.compile(r"\[(?:EMAIL|PHONE|URL)\]")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """In how many of ``texts`` texts each of the common words stands.

    ``other_words`` different words are not in the table; they stand in ``other_places`` places, a
    place being a word in a text, however often it is repeated there.
    """

    texts: int
    frequency: Mapping[str, int]
    other_words: int
    other_places: int

    def surprise(self, text: str) -> float:
        """Mean information of a text's different words, in bits; 0 for a text without words.

        The cross-entropy of C. Shannon, "A Mathematical Theory of Communication", 1948, under the
        shares of the table; an unknown word has an equal part of what the others make up.
        """
        found = set(words(text))
        places = sum(self.frequency.values()) + self.other_places + 1
        unknown = (self.other_places + 1) / (self.other_words + 1)
        bits = (log2(places / self.frequency.get(word, unknown)) for word in sorted(found))
        return sum(bits) / max(1, len(found))


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A training set in numbers."""

    vocabulary: Vocabulary
    length_words: Histogram
    surprise_bits: Histogram
    labels: Mapping[str, int]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        table = self.vocabulary
        return {
            "format": FORMAT,
            "labels": dict(self.labels),
            "lengthWords": _histogram_json(self.length_words),
            "surpriseBits": _histogram_json(self.surprise_bits),
            "texts": table.texts,
            "otherWords": table.other_words,
            "otherPlaces": table.other_places,
            "words": dict(table.frequency),
        }


def snapshot_of(
    learnt: Iterable[str], held_out: Sequence[str], labels: Mapping[str, int]
) -> Snapshot:
    """The snapshot of clean texts.

    Args:
        learnt: texts of the train split; their words are counted.
        held_out: texts of the other splits; at least one.
        labels: the number of samples by label, over all splits.
    """
    vocabulary = vocabulary_of(learnt)
    lengths = [float(length_words(text)) for text in held_out]
    surprises = [vocabulary.surprise(text) for text in held_out]
    return Snapshot(vocabulary, _histogram(lengths), _histogram(surprises), dict(labels))


def vocabulary_of(texts: Iterable[str]) -> Vocabulary:
    """The common words of the texts."""
    frequency: Counter[str] = Counter()
    number = 0
    for number, text in enumerate(texts, start=1):  # noqa: B007 - the last is their number
        frequency.update(set(words(text)))
    ranked = sorted(frequency.items(), key=lambda item: (-item[1], item[0]))[:_MOST_WORDS]
    kept = {word: count for word, count in ranked if count >= _FEWEST_TEXTS}
    places = sum(frequency.values()) - sum(kept.values())
    return Vocabulary(number, kept, len(frequency) - len(kept), places)


def length_words(text: str) -> int:
    """The words of a text, as white space divides them."""
    return len(text.split())


def as_trained(text: str) -> str:
    """A text of a user as training would have seen it: without addresses and formulas.

    The log may keep it with marks in place of addresses and telephone numbers; they go too.
    """
    return clean_text(_MARK.sub(" ", text))


def snapshot_from_json(document: Mapping[str, Any]) -> Snapshot:
    """A stored snapshot. Raises KeyError, TypeError or ValueError for anything else."""
    if document["format"] != FORMAT:
        raise ValueError(f"snapshot of format {document['format']}, not {FORMAT}")
    vocabulary = Vocabulary(
        int(document["texts"]),
        {str(word): int(n) for word, n in document["words"].items()},
        int(document["otherWords"]),
        int(document["otherPlaces"]),
    )
    labels = {str(name): int(n) for name, n in document["labels"].items()}
    lengths, surprises = (_read_histogram(document[k]) for k in ("lengthWords", "surpriseBits"))
    return Snapshot(vocabulary, lengths, surprises, labels)


def _histogram(values: Sequence[float]) -> Histogram:
    edges = tenths(values)
    return Histogram(tuple(edges), tuple(counted(edges, values)))


def _histogram_json(histogram: Histogram) -> dict[str, Any]:
    return {"edges": list(histogram.edges), "counts": list(histogram.counts)}


def _read_histogram(document: Mapping[str, Any]) -> Histogram:
    edges = tuple(float(edge) for edge in document["edges"])
    counts = tuple(int(n) for n in document["counts"])
    if len(counts) != len(edges) + 1:
        raise ValueError("a histogram has one count more than edges")
    return Histogram(edges, counts)
