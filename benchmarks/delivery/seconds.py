"""Rollouts seen second by second, judged by what the last seconds say (``recent.worsened``).

All windows of all seconds are computed at once; whatever comes near is put to the platform's own
function, and only its verdict counts.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from delivery.crowd import Floats, Ints
from pharos_analysis.betting import LEAPS
from pharos_analysis.recent import LEAST_BAD, WINDOWS, WINDOWS_COST, worsened
from pharos_analysis.samples import ArmSample, Sample

_NEAR = 0.5
_LONGEST = max(WINDOWS)


@dataclass(frozen=True, slots=True)
class Fault:
    """Rates of errors: usual in both arms, then from second ``after`` on the arms' own."""

    usual: float
    candidate: float
    control: float
    after: int = 0


@dataclass(frozen=True, slots=True)
class Counted:
    """Counts of each second since the beginning, cumulated: (requests, errors) of each arm."""

    control: tuple[Floats, Floats]
    candidate: tuple[Floats, Floats]


def counted(draws: np.random.Generator, seconds: int, a_second: float, fault: Fault) -> Counted:
    """Requests of each arm come at random, ``a_second`` on average; index 0 is before any."""
    arms = []
    for rate in (fault.control, fault.candidate):
        requests = draws.poisson(a_second, seconds)
        rates = np.where(np.arange(seconds) < fault.after, fault.usual, rate)
        arms.append((_whole(requests), _whole(draws.binomial(requests, rates))))
    return Counted(*arms)


def first_alarm(seen: Counted, ratio: float = 1.5, alpha: float = 0.05) -> int | None:
    """The second after which the last seconds condemn the candidate; None: they never do."""
    for second in _near(seen, ratio, alpha):
        looks = [sample(seen, at) for at in range(max(0, second - _LONGEST), second + 1)]
        if worsened(looks, ratio, alpha):
            return int(second)
    return None


def _near(seen: Counted, ratio: float, alpha: float) -> Ints:
    seconds = np.arange(len(seen.control[0]))
    found = []
    requests, errors = seen.control
    for length in WINDOWS:
        now, before = seconds[length:], seconds[:-length]
        n, bad, other, other_bad = (
            counts[now] - counts[before] for counts in (*seen.candidate, *seen.control)
        )
        with np.errstate(invalid="ignore", divide="ignore"):
            shares = [ratio * n / (ratio * n + theirs) for theirs in (requests[now], other)]
        both = [bad + errors[now], bad + other_bad]
        close = bad >= LEAST_BAD
        for share, all_bad in zip(shares, both, strict=True):
            close &= bad > share * all_bad
        at = np.flatnonzero(close)
        history, concurrent = (
            _evidence(bad[at], all_bad[at], share[at])
            for share, all_bad in zip(shares, both, strict=True)
        )
        near = (history >= _NEAR * WINDOWS_COST / alpha) & (concurrent >= _NEAR * sqrt(1 / alpha))
        found.append(now[at[near]])
    return np.unique(np.concatenate(found))


def _evidence(bad: Floats, trials: Floats, limit: Floats) -> Floats:
    leaps = np.array(LEAPS)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        bets = limit + (1 - limit) * leaps
        gained = bad * np.log(bets / limit) + (trials - bad) * np.log1p(-leaps)
    stakes: Floats = np.exp(np.minimum(600.0, gained)).mean(axis=0)
    return stakes


def _whole(counts: Ints) -> Floats:
    return np.concatenate([[0.0], counts.cumsum()])


def sample(seen: Counted, at: int) -> Sample:
    """The look after second ``at``."""
    control, candidate = (
        ArmSample(float(requests[at]), float(errors[at]))
        for requests, errors in (seen.control, seen.candidate)
    )
    return Sample(control, candidate, float(at))
