"""Whether the candidate gets fewer of the same requests right than control does.

Of labelled pairs only those tell something that one version alone got right. Were both as good,
each such pair would fall on either side with probability one half (McNemar 1947, Psychometrika 12,
153-157; the exact form as in Agresti, "Categorical Data Analysis", 11.1). So the sequential test is
the bet of ``betting.py`` against one half, and may be looked at after every pair.
"""

from math import exp, lgamma, log, sqrt
from statistics import NormalDist

from pharos_analysis.betting import evidence_above
from pharos_analysis.classical import Interval

_NEGLIGIBLE = 1e-18


def evidence_worse(only_control: int, only_candidate: int) -> float:
    """E-value against "the candidate alone is right at least as often as control alone"."""
    return evidence_above(only_control, only_control + only_candidate, 0.5)


def p_worse(only_control: int, only_candidate: int) -> float:
    """McNemar's exact p-value of "worse", for one look: ``P(X >= only_control)``, X fair."""
    return _upper_tail(only_control, only_control + only_candidate)


def p_different(only_control: int, only_candidate: int) -> float:
    """McNemar's exact two-sided p-value, for one look."""
    pairs = only_control + only_candidate
    return min(1.0, 2 * _upper_tail(max(only_control, only_candidate), pairs))


def paired_interval(
    only_control: int, only_candidate: int, pairs: int, alpha: float = 0.05
) -> Interval:
    """The interval of candidate - control, as shares of all pairs that each gets right.

    For one look, two-sided. Wald's interval with half a pair more in each of the four cells:
    Agresti and Min 2005, "Simple improved confidence intervals for comparing matched proportions",
    Statistics in Medicine 24, 729-740. It is wide where there are few pairs, and never a point.
    """
    total, control, candidate = pairs + 2.0, only_control + 0.5, only_candidate + 0.5
    estimate = (candidate - control) / total
    variance = (candidate + control - (candidate - control) ** 2 / total) / (total * total)
    reach = NormalDist().inv_cdf(1 - alpha / 2) * sqrt(variance)
    return Interval(max(-1.0, estimate - reach), min(1.0, estimate + reach))


def _upper_tail(hits: int, trials: int) -> float:
    """``P(X >= hits)`` of a fair binomial, summed from where its terms only shrink."""
    if hits <= 0:
        return 1.0
    if 2 * hits <= trials:
        return 1.0 - _upper_tail(trials - hits + 1, trials)
    term = exp(lgamma(trials + 1) - lgamma(hits + 1) - lgamma(trials - hits + 1) - trials * log(2))
    tail = 0.0
    for count in range(hits, trials + 1):
        tail += term
        term *= (trials - count) / (count + 1)
        if term < _NEGLIGIBLE * tail:
            break
    return tail
