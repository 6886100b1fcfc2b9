"""Two models on the same texts: how far apart they are, and whether chance would do as much. Pure.

McNemar's exact test on the texts that one of them alone got right, and the interval of 95 percent
that ``pharos_analysis.pairs`` gives for the difference.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pharos_analysis.pairs import p_different, paired_interval


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
    reach = paired_interval(only_first, only_second, texts)
    return Paired(
        texts=texts,
        first_accuracy=sum(first) / texts,
        second_accuracy=sum(second) / texts,
        only_first=only_first,
        only_second=only_second,
        difference=(only_second - only_first) / texts,
        low=reach.low,
        high=reach.high,
        p_value=p_different(only_first, only_second),
    )
