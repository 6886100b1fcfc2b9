"""Whether the candidate gets fewer of the same requests right than control does.

Of labelled pairs only those tell something that one version alone got right. Were both as good,
each such pair would fall on either side with probability one half (McNemar 1947, Psychometrika 12,
153-157; the exact form as in Agresti, "Categorical Data Analysis", 11.1). So the sequential test is
the bet of ``betting.py`` against one half, and may be looked at after every pair.
"""

from math import exp, lgamma, log

from pharos_analysis.betting import evidence_above

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
