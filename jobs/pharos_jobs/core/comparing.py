"""A new model beside production on the same texts: rows RET-7 and RET-19, settled point A22. Pure.

The test split of an extended data set holds the windows of its chain, the oldest first. That oldest
one is the golden set, which no model of the chain has learnt from; the last window is what is new.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pharos_analysis.pairs import p_different, paired_interval
from pharos_jobs.core.metrics import decimal_string

# Of each set at most; production is asked for no more.
MOST_TEXTS = 5000
WHOLE, GOLDEN, WINDOW = "test", "golden", "window"
Right = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Compared:
    """Two models on one set of texts; accuracies in 0..1, ``low`` to ``high`` holds 95 of 100.

    ``only_production`` and ``only_new`` are the texts that one of them alone got right.
    """

    texts: int
    production: float
    new: float
    only_production: int
    only_new: int
    low: float
    high: float
    p_value: float

    @property
    def improvement(self) -> float:
        """Row RET-19: the new accuracy less production's."""
        return self.new - self.production

    def to_json(self) -> dict[str, Any]:
        """Plain values; ``pValue`` is McNemar's exact test of "as good"."""
        return {
            "texts": self.texts,
            "productionAccuracy": self.production,
            "newAccuracy": self.new,
            "improvement": self.improvement,
            "interval": [self.low, self.high],
            "onlyProduction": self.only_production,
            "onlyNew": self.only_new,
            "pValue": self.p_value,
        }


def evaluate_improvement(production: Right, new: Right) -> Compared | None:
    """Compare which texts each got right, shape (texts,); None without a text (row RET-7)."""
    texts = len(new)
    if not texts:
        return None
    only_production = int((production & ~new).sum())
    only_new = int((new & ~production).sum())
    reach = paired_interval(only_production, only_new, texts)
    return Compared(
        texts=texts,
        production=float(production.mean()),
        new=float(new.mean()),
        only_production=only_production,
        only_new=only_new,
        low=reach.low,
        high=reach.high,
        p_value=p_different(only_production, only_new),
    )


def sets_of_test(card: Mapping[str, Any], samples: int) -> dict[str, range]:
    """Places in the test split: the whole of it, the golden set, and the newest window.

    Empty where the data set extends none. A card whose windows do not add up to the split has lost
    samples: then only the whole can be named.
    """
    sizes = [int(size) for size in card.get("testWindows", [])]
    if not card.get("extends") or not sizes:
        return {}
    if sum(sizes) != samples:
        return {WHOLE: range(samples)}
    ends = list(accumulate(sizes))
    return {
        WHOLE: range(samples),
        GOLDEN: range(ends[0]),
        WINDOW: range(ends[-2] if len(ends) > 1 else 0, ends[-1]),
    }


def asked_places(sets: Mapping[str, range]) -> list[int]:
    """The places that production is asked for: of each set evenly spread ones, at most 5,000."""
    return sorted({place for part in sets.values() for place in spread(part)})


def spread(places: Sequence[int]) -> list[int]:
    """At most ``MOST_TEXTS`` of the places, evenly spread."""
    count = min(len(places), MOST_TEXTS)
    return [places[n * len(places) // count] for n in range(count)]


def comparison_metrics(found: Mapping[str, Compared]) -> dict[str, str]:
    """The step's metrics as decimal strings: ``improvement``, and each set's accuracies."""
    metrics: dict[str, str] = {}
    for name, each in found.items():
        prefix = "" if name == WHOLE else name
        shown = {
            "productionAccuracy": each.production,
            "newAccuracy": each.new,
            "improvement": each.improvement,
        }
        for key, value in shown.items():
            metrics[f"{prefix}{key[0].upper()}{key[1:]}" if prefix else key] = decimal_string(value)
    return metrics
