"""The classical report of an experiment: what rows ABT-14 to ABT-18 ask for, as a value.

It recommends, for a person who reads it once at the end; the sequential decision drives traffic.
PROMOTE needs a significant difference of at least ``min_improvement``; ROLLBACK a significantly
worse treatment, or one beyond a limit of latency or cost; anything else is CONTINUE.
"""

from dataclasses import dataclass
from enum import StrEnum

from pharos_analysis.classical import (
    Tested,
    chi_square,
    two_proportion_z,
    welch_interval,
    welch_t,
)
from pharos_analysis.interval import Interval
from pharos_analysis.means import Mean, mean
from pharos_analysis.power import Aim, detectable_effect, users_needed
from pharos_analysis.samples import UserTotals


class Recommendation(StrEnum):
    """What the report recommends, in the words of row ABT-22."""

    PROMOTE = "PROMOTE"
    ROLLBACK = "ROLLBACK"
    CONTINUE = "CONTINUE"


@dataclass(frozen=True, slots=True)
class Rule:
    """``min_improvement`` is absolute accuracy; the ratios bound treatment / control, if given."""

    alpha: float = 0.05
    power: float = 0.8
    min_improvement: float = 0.02
    max_latency_ratio: float | None = None
    max_cost_ratio: float | None = None


@dataclass(frozen=True, slots=True)
class Side:
    """One version as the report shows it. ``accuracy`` are the labelled predictions by user.

    ``latency_p95`` in milliseconds, ``cost`` in CPU seconds per 1,000 predictions; None: not known.
    """

    version: str
    predictions: int
    accuracy: UserTotals
    latency_p95: float | None = None
    f1_score: float | None = None
    cost: float | None = None


@dataclass(frozen=True, slots=True)
class Significance:
    """Treatment - control in accuracy: the p-value (Welch, over users), two-sided interval."""

    accuracy_p_value: float
    improvement: float
    confidence_interval: Interval


@dataclass(frozen=True, slots=True)
class Tests:
    """Whether accuracy differs. Welch's t has the user for its unit and is what counts.

    The other two take each prediction for independent, as reports usually do.
    """

    welch_t: Tested | None
    two_proportion_z: Tested | None
    chi_square: Tested | None


@dataclass(frozen=True, slots=True)
class Report:
    """The report as a value. ``users_needed`` an arm and ``detectable_effect`` are ABT-15's."""

    experiment_id: str
    duration_days: float
    control: Side
    treatment: Side
    rule: Rule
    tests: Tests
    significance: Significance | None
    recommendation: Recommendation
    reason: str
    users_needed: int | None
    detectable_effect: float | None


def report(
    experiment_id: str, duration_days: float, control: Side, treatment: Side, rule: Rule
) -> Report:
    """The report of one look. Without labels of both arms it compares no accuracy."""
    old, new = mean(control.accuracy), mean(treatment.accuracy)
    tests = _tests(control.accuracy, treatment.accuracy)
    found = _significance(old, new, tests, rule)
    recommendation, reason = _recommend(control, treatment, found, rule)
    return Report(
        experiment_id,
        duration_days,
        control,
        treatment,
        rule,
        tests,
        found,
        recommendation,
        reason,
        *_plan(old, new, rule),
    )


def _tests(control: UserTotals, treatment: UserTotals) -> Tests:
    old, new = mean(control), mean(treatment)
    good, of, other_good, other_of = (
        round(count) for count in (control.s, control.n, treatment.s, treatment.n)
    )
    return Tests(
        None if old is None or new is None else welch_t(old, new),
        two_proportion_z(good, of, other_good, other_of),
        chi_square(((good, of - good), (other_good, other_of - other_good))),
    )


def _significance(
    old: Mean | None, new: Mean | None, tests: Tests, rule: Rule
) -> Significance | None:
    if old is None or new is None or tests.welch_t is None:
        return None
    interval = welch_interval(old, new, rule.alpha)
    return Significance(tests.welch_t.p_value, new.value - old.value, interval)


def _recommend(
    control: Side, treatment: Side, found: Significance | None, rule: Rule
) -> tuple[Recommendation, str]:
    beyond = _beyond(control, treatment, rule)
    if beyond:
        return Recommendation.ROLLBACK, beyond
    if found is None:
        return Recommendation.CONTINUE, "Too few labelled predictions to compare accuracy"
    figures = f"(p{_p(found.accuracy_p_value)}, {100 * found.improvement:+.1f}% accuracy)"
    if found.accuracy_p_value >= rule.alpha:
        return Recommendation.CONTINUE, f"No significant difference {figures}"
    if found.improvement < 0:
        return Recommendation.ROLLBACK, f"Treatment significantly worse {figures}"
    if found.improvement < rule.min_improvement:
        wanted = f"at least {100 * rule.min_improvement:+.1f}% is wanted"
        return Recommendation.CONTINUE, f"Treatment better, but {wanted} {figures}"
    return Recommendation.PROMOTE, f"Treatment significantly better {figures}"


def _beyond(control: Side, treatment: Side, rule: Rule) -> str:
    """Which limit of latency or cost the treatment exceeds, as a sentence; empty: none."""
    for name, unit, old, new, limit in (
        ("slower", "ms p95", control.latency_p95, treatment.latency_p95, rule.max_latency_ratio),
        ("costlier", "CPU s per 1,000", control.cost, treatment.cost, rule.max_cost_ratio),
    ):
        if old is not None and new is not None and limit is not None and new > limit * old:
            return f"Treatment {name} ({new:g} {unit} against {old:g}, limit {limit:g} x control)"
    return ""


def _plan(old: Mean | None, new: Mean | None, rule: Rule) -> tuple[int | None, float | None]:
    if old is None or new is None or old.variance + new.variance == 0:
        return None, None
    aim = Aim(rule.alpha, rule.power, two_sided=True)
    variance = old.variance + new.variance
    wanted = users_needed(variance, rule.min_improvement, aim) if rule.min_improvement else None
    return wanted, detectable_effect(variance, min(old.users, new.users), aim)


def _p(value: float) -> str:
    return f"={value:.3f}" if value >= 0.001 else "<0.001"
