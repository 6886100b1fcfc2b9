"""P-values of several questions, adjusted so that all may be put to the same alpha.

Holm 1979, Scandinavian Journal of Statistics 6, 65-70: the chance of *any* false "yes" stays within
alpha, whatever the questions have to do with each other. Benjamini and Hochberg 1995, JRSS B 57,
289-300: the expected *share* of false ones among the "yes" does. For always-valid p-values, which
are 1 over an e-value, the latter holds under any dependence too: Wang and Ramdas 2022, "False
discovery rate control with e-values", JRSS B 84, 822-852.
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import assert_never

from pharos_api.decision import Correction


def adjusted(correction: Correction, p_values: Sequence[float]) -> tuple[float, ...]:
    """The p-values to hold against alpha, in the order given, each at least what it was."""
    match correction:
        case Correction.HOLM:
            return holm(p_values)
        case Correction.BENJAMINI_HOCHBERG:
            return benjamini_hochberg(p_values)
        case _ as never:
            assert_never(never)


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Step-down: the smallest of ``m`` times ``m``, the next times ``m - 1``, never falling.

    .01, .04, .03 become .03, .06, .06.
    """
    order = _ascending(p_values)
    raised = [p_values[at] * (len(order) - rank) for rank, at in enumerate(order)]
    return _in_place(order, list(accumulate(raised, max)))


def benjamini_hochberg(p_values: Sequence[float]) -> tuple[float, ...]:
    """Step-up: the ``k``-th smallest of ``m`` times ``m / k``, never more than a larger one's.

    .01, .04, .03 become .03, .04, .04.
    """
    order = _ascending(p_values)[::-1]
    whole = len(order)
    raised = [p_values[at] * whole / (whole - rank) for rank, at in enumerate(order)]
    return _in_place(order, list(accumulate(raised, min)))


def _ascending(p_values: Sequence[float]) -> list[int]:
    return sorted(range(len(p_values)), key=p_values.__getitem__)


def _in_place(order: Sequence[int], values: Sequence[float]) -> tuple[float, ...]:
    placed = dict(zip(order, values, strict=True))
    return tuple(min(1.0, placed[at]) for at in range(len(order)))
