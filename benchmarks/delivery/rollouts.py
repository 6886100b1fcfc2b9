"""Rollouts judged by the guardrail on errors, looked at after every request.

Between two errors the evidence against the candidate can only rise by control's requests, so its
highest point lies where the candidate's share of the requests is the least: that one look stands
for all between two errors. What comes near the threshold is put to ``pharos_analysis.betting``
itself, and only its verdict counts.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from delivery.crowd import Floats, Ints
from pharos_analysis.betting import LEAPS, evidence_above, share_of_errors
from pharos_analysis.counted import MIN_BAD

_NEAR = 0.01


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a guardrail on errors as the default metrics have them."""

    ratio: float = 1.5
    hard: float = 0.10
    alpha: float = 0.05


@dataclass(frozen=True, slots=True)
class Rollout:
    """Requests in their order: whether each went to the candidate, and whether it failed."""

    candidate: NDArray[np.bool_]
    failed: NDArray[np.bool_]


def drawn(
    draws: np.random.Generator, requests: int, rates: tuple[float, float], healthy: int = 0
) -> Rollout:
    """Equal arms by a fair coin; rates of (control, candidate), the candidate's after ``healthy``.

    Before ``healthy`` requests the candidate fails as control does.
    """
    candidate = draws.integers(0, 2, requests, dtype=np.int8).astype(bool)
    limit = np.where(candidate, rates[1], rates[0])
    limit[:healthy] = rates[0]
    return Rollout(candidate, draws.random(requests) < limit)


def first_failure(rollout: Rollout, limits: Limits) -> int | None:
    """The request after which the guardrail fails the candidate; None: it never does."""
    errors = np.flatnonzero(rollout.failed)
    if not len(errors):
        return None
    seen = np.cumsum(rollout.candidate, dtype=np.int64)
    other = np.arange(1, len(seen) + 1, dtype=np.int64) - seen
    bad = np.cumsum(rollout.candidate[errors], dtype=np.int64)
    both = np.arange(1, len(errors) + 1, dtype=np.int64)
    found = _by_ratio(errors, (seen, other), (bad, both), limits)
    return min([*found, *_by_limit(errors, seen, bad, limits)], default=None)


def _by_ratio(
    errors: Ints, requests: tuple[Ints, Ints], counts: tuple[Ints, Ints], limits: Limits
) -> list[int]:
    (seen, other), (bad, both) = requests, counts
    share = limits.ratio * seen / (limits.ratio * seen + other)
    least = np.minimum.reduceat(share, errors)
    ends = np.append(errors[1:], len(seen))
    for look in _near(bad, both, least, limits.alpha):
        for at in range(errors[look], ends[look]):
            exact = share_of_errors(limits.ratio, float(seen[at]), float(other[at]))
            evidence = evidence_above(float(bad[look]), float(both[look]), exact)
            if other[at] and evidence >= 1 / limits.alpha:
                return [at]
    return []


def _by_limit(errors: Ints, seen: Ints, bad: Ints, limits: Limits) -> list[int]:
    trials = seen[errors]
    for look in _near(bad, trials, np.full(len(errors), limits.hard), limits.alpha):
        if evidence_above(float(bad[look]), float(trials[look]), limits.hard) >= 1 / limits.alpha:
            return [int(errors[look])]
    return []


def _near(bad: Ints, trials: Ints, limit: Floats, alpha: float) -> Ints:
    """Looks whose evidence is near the threshold or above, with enough bad requests."""
    rate = bad / np.maximum(1, trials)
    asked = np.flatnonzero((bad >= MIN_BAD) & (rate > limit) & (limit < 1))
    leaps = np.array(LEAPS)[:, None]
    low = limit[asked]
    bets = low + (1 - low) * leaps
    good = trials[asked] - bad[asked]
    stakes = np.exp(np.minimum(600.0, bad[asked] * np.log(bets / low) + good * np.log1p(-leaps)))
    near: Ints = asked[stakes.mean(axis=0) >= (1 - _NEAR) / alpha]
    return near
