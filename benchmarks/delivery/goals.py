"""Experiments on labels, looked at after every event by the platform's own tests.

The difference of all experiments is computed at once; whatever comes near its threshold is put to
``pharos_analysis.confidence`` itself, and only its verdict counts.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from delivery.crowd import Crowd, Floats, Ints, Standing
from delivery.streams import Stream
from pharos_analysis.confidence import MIN_USERS, critical_z, difference, p_value_above

_NEAR = 0.005
_PEEKS = 20


@dataclass(frozen=True, slots=True)
class Setting:
    """What is simulated: the stream, the planned effect, the bound, and how long it goes on."""

    stream: Stream
    effect: float
    events: int
    bound: float = 0.0
    alpha: float = 0.05


@dataclass(slots=True)
class Decided:
    """Users an arm (the mean of both) when each experiment was decided; -1: it was not.

    ``better`` by the one-sided test, ``different`` by the two-sided sequence, ``peeked`` by a
    two-sided t-test looked at 20 times.
    """

    better: Floats
    different: Floats
    peeked: Floats
    looks: int = 0
    confirmed: int = 0


def simulate(setting: Setting, experiments: int, seed: int) -> Decided:
    """Run experiments, each looked at after every one of its events."""
    crowd = Crowd(experiments)
    better, different, peeked = np.full((3, experiments), -1.0)
    found = Decided(better, different, peeked)
    one, two = _Threshold(setting.alpha), _Threshold(setting.alpha / 2)
    every = max(1, setting.events // _PEEKS)
    for number, event in enumerate(setting.stream.events(experiments, setting.events, seed), 1):
        crowd.add(event)
        if number < 2 * MIN_USERS:
            continue
        at = crowd.standing()
        z, t = _standardised(at, setting)
        users = at.users.mean(axis=0)
        _confirm_better(_near(z, one(t), found.better, at), crowd, setting, (found, users))
        _confirm_different(
            _near(np.abs(z), two(t), found.different, at), crowd, setting, (found, users)
        )
        found.looks += experiments
        if number % every == 0:
            _peek(at, setting, found.peeked, users)
    return found


def _standardised(at: Standing, setting: Setting) -> tuple[Floats, Floats]:
    """z and clock of ``pharos_analysis.confidence``, of all experiments at once."""
    with np.errstate(divide="ignore", invalid="ignore"):
        t = (at.estimate - setting.bound) / at.error
        shrink = (8 * at.freedom + 1) / (8 * at.freedom + 3)
        z = np.sign(t) * shrink * np.sqrt(at.freedom * np.log1p(t * t / at.freedom))
        clock = (setting.effect / at.error) ** 2
    usable = np.isfinite(z) & np.isfinite(clock)
    return np.where(usable, z, 0.0), np.where(usable, clock, 1.0)


class _Threshold:
    """The critical z of the platform at any information, from a fine table."""

    def __init__(self, alpha: float) -> None:
        self._logs = np.linspace(np.log(1e-4), np.log(1e3), 4000)
        self._values = np.array([critical_z(float(t), alpha) for t in np.exp(self._logs)])

    def __call__(self, t: Floats) -> Floats:
        found: Floats = np.interp(np.log(t), self._logs, self._values)
        return found


def _near(z: Floats, threshold: Floats, decided: Floats, at: Standing) -> Ints:
    enough = at.users.min(axis=0) >= MIN_USERS
    return np.flatnonzero(enough & (decided < 0) & (z >= threshold - _NEAR))


def _confirm_better(
    near: Ints, crowd: Crowd, setting: Setting, out: tuple[Decided, Floats]
) -> None:
    found, users = out
    for at in near:
        p = p_value_above(crowd.totals(0, at), crowd.totals(1, at), setting.bound, setting.effect)
        found.confirmed += 1
        if p is not None and p <= setting.alpha:
            found.better[at] = users[at]


def _confirm_different(
    near: Ints, crowd: Crowd, setting: Setting, out: tuple[Decided, Floats]
) -> None:
    found, users = out
    for at in near:
        limits = difference(crowd.totals(0, at), crowd.totals(1, at), setting.effect, setting.alpha)
        found.confirmed += 1
        if limits is not None and not limits.low <= setting.bound <= limits.high:
            found.different[at] = users[at]


def _peek(at: Standing, setting: Setting, decided: Floats, users: Floats) -> None:
    """Welch's t-test of all experiments at once."""
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.abs(at.estimate - setting.bound) / at.error
        significant = t >= stdtrit(at.freedom, 1 - setting.alpha / 2)
    decided[significant & (decided < 0)] = users[significant & (decided < 0)]
