"""The users of both arms in many experiments at once, as the sums that the analysis reads."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pharos_analysis.samples import UserTotals

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Event:
    """One value in each experiment: its arm (1: candidate) and what its user had before it."""

    arm: Ints
    before_n: Floats
    before_s: Floats
    value: Floats


@dataclass(frozen=True, slots=True)
class Standing:
    """Where each experiment stands: candidate - control, its error and freedom, users."""

    estimate: Floats
    error: Floats
    freedom: Floats
    users: Floats


class Crowd:
    """Six sums of each arm of each experiment; arm 0 is control."""

    def __init__(self, experiments: int) -> None:
        self._all = np.arange(experiments)
        self._sums = np.zeros((6, 2, experiments))

    def add(self, event: Event) -> None:
        """Count one value in each experiment."""
        n, s, y = event.before_n, event.before_s, event.value
        steps = (n == 0, 1.0, y, 2 * n + 1, (n + 1) * (s + y) - n * s, (s + y) ** 2 - s * s)
        for sums, step in zip(self._sums, steps, strict=True):
            sums[event.arm, self._all] += step

    def standing(self) -> Standing:
        """The difference of each experiment; the error is NaN where an arm is too small."""
        users, n, s, nn, ns, ss = self._sums
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = s / n
            squares = np.maximum(0.0, ss - 2 * mean * ns + mean * mean * nn)
            variance = squares / ((n / users) ** 2 * (users - 1))
            parts = variance / users
            square = parts.sum(axis=0)
            freedom = square**2 / (parts**2 / (users - 1)).sum(axis=0)
        return Standing(mean[1] - mean[0], np.sqrt(square), freedom, users)

    def totals(self, arm: int, experiment: int) -> UserTotals:
        """What the analysis is given of one arm."""
        users, *sums = (float(sums[arm, experiment]) for sums in self._sums)
        return UserTotals(int(users), *sums)
