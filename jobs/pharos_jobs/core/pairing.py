"""Two models on the same texts: how far apart they are, and whether chance would do as much. Pure.

McNemar's exact test on the texts that one of them alone got right. The interval of the difference
is that of Agresti and Min 2005 (Statistics in Medicine 24, 729-740): Wald's, with half a text added
to each of the four cells, which holds its 95 percent with few texts too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from pharos_analysis.pairs import p_different

_Z_95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Paired:
    """Counts of texts by who was right, and what follows. Shares are in 0..1."""

    texts: int
    first_accuracy: float
    second_accuracy: float
    only_first: int
    only_second: int
    difference: float
    low: float
    high: float
    p_value: float


def paired(first: Sequence[bool], second: Sequence[bool]) -> Paired:
    """Compare by what each got right, text by text; ``difference`` is second less first.

    Raises ValueError for no texts or for lists of different lengths.
    """
    if not first or len(first) != len(second):
        raise ValueError("a comparison needs the same texts, and at least one")
    texts = len(first)
    only_first = sum(a and not b for a, b in zip(first, second, strict=True))
    only_second = sum(b and not a for a, b in zip(first, second, strict=True))
    low, high = _interval(texts, only_first, only_second)
    return Paired(
        texts=texts,
        first_accuracy=sum(first) / texts,
        second_accuracy=sum(second) / texts,
        only_first=only_first,
        only_second=only_second,
        difference=(only_second - only_first) / texts,
        low=low,
        high=high,
        p_value=p_different(only_first, only_second),
    )


def _interval(texts: int, only_first: int, only_second: int) -> tuple[float, float]:
    total, b, c = texts + 2, only_first + 0.5, only_second + 0.5
    middle = (c - b) / total
    spread = _Z_95 * sqrt((b + c) - (c - b) ** 2 / total) / total
    return max(-1.0, middle - spread), min(1.0, middle + spread)
