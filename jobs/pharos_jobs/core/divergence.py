"""How far two sets of counts lie apart: the population stability index, less its noise. Pure.

The index is sum((w - r) * ln(w / r)) over the shares r and w of each bin, the symmetric divergence
of H. Jeffreys, "An invariant form for the prior probability in estimation problems", 1946; its
customary limits .1 and .25 are those of N. Siddiqi, "Credit Risk Scorecards", 2006. Two samples of
one distribution do not give 0: divided by (1/n + 1/m), their index follows a chi-square law with
one degree of freedom less than there are bins (B. Yurdakul, "Statistical Properties of Population
Stability Index", Western Michigan University, 2018). With few texts and many bins that is a lot,
so what is expected of chance is taken off.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

OTHERS = "others"
# Smaller counts do not follow the law: W. Cochran, "The chi-square test of goodness of fit", 1952.
_FEWEST = 5.0
# The prior of H. Jeffreys: no bin is empty, and so no logarithm infinite.
_PRIOR = 0.5


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts of the ranges that the edges divide: one more than there are edges."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Bin:
    """Values that are counted together: how many the reference has, and how many the window."""

    name: str
    reference: int
    window: int


@dataclass(frozen=True, slots=True)
class Divergence:
    """The index as it was counted, what chance alone is expected to give, and the chance of it.

    ``p_value`` is the probability of such an index where nothing has changed.
    """

    bins: tuple[Bin, ...]
    index: float
    noise: float
    p_value: float

    @property
    def score(self) -> float:
        """The index without what chance gives: 0 for the same distribution, never less."""
        return max(0.0, self.index - self.noise)


def of_categories(reference: Mapping[str, int], window: Mapping[str, int]) -> Divergence:
    """The divergence of named categories; rare ones are counted together as ``others``."""
    needed = _needed(sum(reference.values()), sum(window.values()))
    common = [name for name, count in reference.items() if count >= needed]
    rare = sorted((set(reference) | set(window)) - set(common))
    bins = [Bin(name, reference[name], window.get(name, 0)) for name in common]
    if rare:
        of_rare = (sum(counts.get(name, 0) for name in rare) for counts in (reference, window))
        bins.append(Bin(OTHERS, *of_rare))
    return divergence(bins)


def of_ranges(
    edges: Sequence[float], reference: Sequence[int], window: Sequence[int]
) -> Divergence:
    """The divergence of a histogram; ranges that hold too little join their neighbours.

    Args:
        edges: the k - 1 limits between ranges, ascending; a value on a limit lies above it.
        reference: how many values lie in each of the k ranges.
        window: the same of the window.
    """
    needed = _needed(sum(reference), sum(window))
    parts: list[list[int]] = [[]]
    for number, _ in enumerate(reference):
        if sum(reference[i] for i in parts[-1]) >= needed and parts[-1]:
            parts.append([])
        parts[-1].append(number)
    if len(parts) > 1 and sum(reference[i] for i in parts[-1]) < needed:
        parts[-2:] = [parts[-2] + parts[-1]]
    return divergence(
        [
            Bin(
                range_name(edges, part[0], part[-1]),
                sum(reference[i] for i in part),
                sum(window[i] for i in part),
            )
            for part in parts
        ]
    )


def counted(edges: Sequence[float], values: Sequence[float]) -> list[int]:
    """How many values lie in each of the ranges that the edges divide."""
    places = np.searchsorted(np.asarray(edges), np.asarray(values, dtype=np.float64), side="right")
    return [int(n) for n in np.bincount(places, minlength=len(edges) + 1)]


def tenths(values: Sequence[float]) -> list[float]:
    """The limits between ranges of equally many values, at most nine."""
    cuts = np.quantile(np.asarray(values, dtype=np.float64), np.linspace(0.1, 0.9, 9))
    return [float(cut) for cut in np.unique(cuts)]


def divergence(bins: Sequence[Bin]) -> Divergence:
    """The index of ready bins, with its noise."""
    reference = np.array([each.reference for each in bins], dtype=np.float64)
    window = np.array([each.window for each in bins], dtype=np.float64)
    if len(bins) < 2 or not reference.sum() or not window.sum():
        return Divergence(tuple(bins), 0.0, 0.0, 1.0)
    r, w = _shares(reference), _shares(window)
    index = float(((w - r) * np.log(w / r)).sum())
    spread = float(1 / reference.sum() + 1 / window.sum())
    freedom = len(bins) - 1
    return Divergence(tuple(bins), index, freedom * spread, float(chi2.sf(index / spread, freedom)))


def _shares(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((counts + _PRIOR) / (counts + _PRIOR).sum())


def _needed(reference: int, window: int) -> float:
    """The count that a bin of the reference needs, so that both sides can expect five."""
    return _FEWEST * max(1.0, reference / max(1, window))


def range_name(edges: Sequence[float], first: int, last: int) -> str:
    """What the ranges from one to another are called, counted from 0."""
    low = f"{edges[first - 1]:.4g}" if first > 0 else ""
    high = f"{edges[last]:.4g}" if last < len(edges) else ""
    if low and high:
        return f"{low} to {high}"
    return f"from {low}" if low else f"below {high}" if high else "all"
