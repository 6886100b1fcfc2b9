"""Which words speak for a label: occlusion, computed by the engine that serves.

Each part of the text is left out once; its weight is the log-odds of the label with the part minus
those without it, in nats: the weight of evidence of M. Robnik-Sikonja and I. Kononenko,
"Explaining Classifications For Individual Instances", IEEE TKDE 2008, by leaving words out as in
J. Li, W. Monroe and D. Jurafsky, "Understanding Neural Networks through Representation Erasure",
2016 (arXiv 1612.08220). It needs no gradients, which an int8 model has not, and as many passes as
the text has parts: hence their bound. Pure.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from pharos_serving.dataplane import Prediction

METHOD = "Occlusion"
MOST_PARTS = 48
_WORD = re.compile(r"\S+")
# Probabilities nearer to 0 or 1 than this carry no more evidence that floats could tell.
_EDGE = 1e-6


@dataclass(frozen=True, slots=True)
class Part:
    """Characters ``start`` to ``end`` of the text: a word, or neighbouring words."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Attribution:
    """A part and what it adds to the log-odds of the label; negative: it speaks against it."""

    part: Part
    weight: float


def parts_of(text: str, most: int = MOST_PARTS) -> list[Part]:
    """The words of a text; neighbours together where there are more than ``most``.

    >>> parts_of("deep nets learn", 2)
    [Part(start=0, end=9), Part(start=10, end=15)]
    """
    words = list(_WORD.finditer(text))
    size = math.ceil(len(words) / most)
    groups = [words[i : i + size] for i in range(0, len(words), max(1, size))]
    return [Part(group[0].start(), group[-1].end()) for group in groups]


def left_out(text: str, parts: Sequence[Part]) -> list[str]:
    """The text without each of its parts in turn."""
    return [f"{text[: part.start]}{text[part.end :]}" for part in parts]


def attributions(
    parts: Sequence[Part], label: str, whole: Prediction, without: Sequence[Prediction]
) -> list[Attribution]:
    """What each part adds to ``label``; ``without`` are the answers without each part."""
    base = _log_odds(whole.scores[label])
    return [
        Attribution(part, base - _log_odds(answer.scores[label]))
        for part, answer in zip(parts, without, strict=True)
    ]


def _log_odds(probability: float) -> float:
    bounded = min(1 - _EDGE, max(_EDGE, probability))
    return math.log(bounded / (1 - bounded))
