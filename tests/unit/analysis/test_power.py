"""How many users a decision needs, and how long they take to come."""

from dataclasses import replace
from math import sqrt

import numpy as np
import pytest
from scipy import stats

from pharos_analysis.confidence import log_wealth
from pharos_analysis.power import (
    Aim,
    days_left,
    decided_by,
    detectable_effect,
    inflation,
    sequential_detectable_effect,
    sequential_users_needed,
    share_variance,
    users_needed,
)

AIM = Aim()
TWO = Aim(two_sided=True)


@pytest.mark.requirement("ABT-15")
def test_sample_size_is_the_textbooks() -> None:
    """.90 against .92 at alpha .05 two-sided and power .8: 3,211 an arm (Fleiss, without correction
    and unpooled)."""
    assert users_needed(share_variance(0.90) + share_variance(0.92), 0.02, TWO) == 3211


@pytest.mark.requirement("ABT-15")
@pytest.mark.parametrize("aim", [AIM, TWO, Aim(0.01, 0.9), Aim(0.1, 0.5, two_sided=True)])
def test_a_normal_test_of_that_size_has_the_power(aim: Aim) -> None:
    variance, effect = 2.7, 0.11
    users = users_needed(variance, effect, aim)
    level = aim.alpha / 2 if aim.two_sided else aim.alpha
    power = stats.norm.sf(stats.norm.isf(level) - effect / sqrt(variance / users))
    assert power == pytest.approx(aim.power, abs=0.003)
    assert detectable_effect(variance, users, aim) == pytest.approx(effect, rel=0.01)


def test_values_of_one_user_that_are_alike_count_as_one() -> None:
    assert share_variance(0.9, values=10, correlation=1.0) == pytest.approx(share_variance(0.9))
    assert share_variance(0.9, values=10) == pytest.approx(share_variance(0.9) / 10)


@pytest.mark.requirement("ABT-15")
@pytest.mark.parametrize(
    ("needed", "seen", "a_day", "days"),
    [(1000, 0, 100, 10.0), (1000, 750, 100, 2.5), (1000, 1000, 0, 0.0), (1000, 10, 0, None)],
)
def test_days_left(needed: int, seen: int, a_day: float, days: float | None) -> None:
    assert days_left(needed, seen, a_day) == days


@pytest.mark.parametrize("aim", [AIM, TWO, replace(AIM, alpha=0.01)])
def test_the_inflation_gives_the_power_in_a_simulated_brownian_motion(aim: Aim) -> None:
    draws = np.random.default_rng(4)
    t, steps = inflation(aim), 400
    clock = t * aim.drift**2 * np.arange(1, steps + 1) / steps
    decided = 0
    for _ in range(300):
        motion = draws.normal(0, sqrt(clock[0]), steps).cumsum() + clock
        level = aim.alpha / 2 if aim.two_sided else aim.alpha
        z = motion / np.sqrt(clock)
        decided += any(
            log_wealth(float(z[at]), float(clock[at])) >= -np.log(level)
            for at in range(0, steps, 2)
        )
    assert decided / 300 == pytest.approx(aim.power, abs=0.07)


def test_the_sequential_test_needs_half_of_its_longest_time_as_a_rule() -> None:
    variance = share_variance(0.9) + share_variance(0.92)
    assert sequential_users_needed(variance, 0.02) == pytest.approx(
        1.51 * users_needed(variance, 0.02), rel=0.01
    )
    users = sequential_users_needed(variance, 0.02)
    assert sequential_detectable_effect(variance, users) == pytest.approx(0.02, rel=1e-3)
    assert decided_by(0.75, AIM) >= 0.5
    assert decided_by(0.40, AIM, effect=3.0) >= 0.95
    assert decided_by(0.0, AIM) == 0.0
    assert decided_by(1e4, AIM, effect=0.0) <= AIM.alpha
