"""A confidence interval, as a value: for tests with SciPy and for those of runtimes without it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interval:
    """A two-sided confidence interval in the unit of what was measured."""

    low: float
    high: float
