"""Streams of labelled predictions of users, one event at a time in many experiments."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from delivery.crowd import Event


@dataclass(frozen=True, slots=True)
class Stream:
    """How users behave. ``control`` and ``candidate`` are shares of right answers.

    ``pool``: users an experiment, of whom a few come again and again; 0: each comes once.
    ``alike``: how much the answers to one user resemble each other (correlation).
    """

    control: float
    candidate: float
    pool: int = 0
    alike: float = 0.0

    def events(self, experiments: int, count: int, seed: int) -> Iterator[Event]:
        """``count`` events of each experiment, the arm by a fair coin for each user."""
        draws = np.random.default_rng(seed)
        return (
            self._returning(experiments, count, draws)
            if self.pool
            else self._once(experiments, count, draws)
        )

    def _once(self, experiments: int, count: int, draws: np.random.Generator) -> Iterator[Event]:
        rates = np.array([self.control, self.candidate])
        nothing = np.zeros(experiments)
        for _ in range(count):
            arm = draws.integers(0, 2, experiments)
            value = (draws.random(experiments) < rates[arm]).astype(float)
            yield Event(arm, nothing, nothing, value)

    def _returning(
        self, experiments: int, count: int, draws: np.random.Generator
    ) -> Iterator[Event]:
        every = np.arange(experiments)
        shape = experiments, self.pool
        arms = draws.integers(0, 2, shape, dtype=np.int8)
        mean = np.where(arms == 1, self.candidate, self.control)
        strength = 1 / self.alike - 1
        rates = draws.beta(mean * strength, (1 - mean) * strength).astype(np.float32)
        n, s = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        for _ in range(count):
            # The square makes a tenth of the users bring a third of the values.
            user = (self.pool * draws.random(experiments) ** 2).astype(np.int64)
            value = (draws.random(experiments) < rates[every, user]).astype(float)
            before_n, before_s = n[every, user].astype(float), s[every, user].astype(float)
            n[every, user] += 1
            s[every, user] += value
            yield Event(arms[every, user].astype(np.int64), before_n, before_s, value)
