"""The always-valid difference of two arms over users."""

from dataclasses import dataclass
from math import exp, inf, log, sqrt

import numpy as np
import pytest
from scipy import integrate, stats

from pharos_analysis.claims import Compared, p_harmed, p_not_inferior, p_superior
from pharos_analysis.confidence import (
    FOCUS,
    FOCUS_STAKE,
    MIN_USERS,
    SPREAD,
    Sides,
    critical_z,
    difference,
    e_value_above,
    log_wealth,
    p_value_above,
    p_value_below,
    t_of,
    z_of,
)
from pharos_analysis.samples import UserTotals
from pharos_api.metrics import Direction


def right(users: int, good: int) -> UserTotals:
    """Users with one prediction each, ``good`` of them right."""
    return UserTotals(users, users, good, users, good, good)


@dataclass(frozen=True)
class Case:
    control: UserTotals
    candidate: UserTotals
    superior: bool
    not_inferior: bool
    harmed: bool


CASES = {
    "equal arms of few users prove nothing": Case(right(200, 180), right(200, 180), *3 * (False,)),
    "equal arms of many users are not inferior": Case(
        right(9000, 8100), right(9000, 8100), False, True, False
    ),
    "10 points better in 800 users an arm is superior": Case(
        right(800, 640), right(800, 720), True, True, False
    ),
    "12 points worse in 800 users an arm is harm": Case(
        right(800, 720), right(800, 624), False, False, True
    ),
    "worse within the margin is neither superior nor harm": Case(
        right(20_000, 18_000), right(20_000, 17_800), False, True, False
    ),
}


@pytest.mark.requirement("ABT-14")
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
@pytest.mark.parametrize("direction", Direction)
def test_claims(case: Case, direction: Direction) -> None:
    arms = (case.control, case.candidate)
    if direction is Direction.DECREASE:
        arms = tuple(right(arm.users, int(arm.users - arm.s)) for arm in arms)
    compared = Compared(*arms, direction, 0.03)
    found = (
        p_superior(compared, 0.03),
        p_not_inferior(compared, 0.03),
        p_harmed(compared, 0.03),
    )
    assert [p is not None and p <= 0.05 for p in found] == [
        case.superior,
        case.not_inferior,
        case.harmed,
    ]


@pytest.mark.requirement("ABT-14")
def test_p_values_agree_with_the_limits_of_the_sequence() -> None:
    control, candidate = right(700, 560), right(640, 560)
    for alpha in (0.01, 0.05, 0.2):
        low = difference(control, candidate, 0.04, alpha, Sides.LOWER)
        high = difference(control, candidate, 0.04, alpha, Sides.UPPER)
        both = difference(control, candidate, 0.04, 2 * alpha)
        assert low is not None
        assert high is not None
        assert both is not None
        assert (low.high, high.low) == (inf, -inf)
        assert (both.low, both.high) == (low.low, high.high)
        assert p_value_above(control, candidate, low.low, 0.04) == pytest.approx(alpha)
        assert p_value_below(control, candidate, high.high, 0.04) == pytest.approx(alpha)


def test_fewer_than_30_users_an_arm_are_too_few_to_tell() -> None:
    few, many = right(MIN_USERS - 1, 1), right(500, 450)
    assert difference(few, many, 0.02, 0.05) is None
    assert e_value_above(many, few, 0.0, 0.02) is None
    assert p_value_above(few, many, 0.0, 0.02) is None


def test_arms_that_are_always_right_are_no_evidence() -> None:
    assert p_value_above(right(100, 100), right(100, 100), 0.0, 0.02) is None


def test_an_effect_far_too_small_never_proves_and_never_breaks() -> None:
    found = difference(right(100, 50), right(100, 90), 1e-12, 0.05, Sides.LOWER)
    assert found is not None
    assert found.low < 0


def test_overwhelming_evidence_is_a_number() -> None:
    p = p_value_above(right(10**7, 10), right(10**7, 10**7 - 10), 0.0, 0.5)
    assert p is not None
    assert 0 <= p < 1e-300


@pytest.mark.parametrize("t", [0.01, 0.3, 1.0, 8.0, 60.0])
@pytest.mark.parametrize("z", [-2.0, 0.0, 1.0, 3.5])
def test_the_wealth_is_the_mean_of_the_bets_by_numerical_integration(z: float, t: float) -> None:
    s = z * sqrt(t)

    def bet(d: float) -> float:
        return exp(d * s - d * d * t / 2)

    def density(d: float) -> float:
        return bet(d) * float(stats.halfnorm.pdf(d, scale=SPREAD))

    spread, _ = integrate.quad(density, 0, 60, points=[max(0.0, s / t), 1.0], limit=500)
    wanted = FOCUS_STAKE * bet(FOCUS) + (1 - FOCUS_STAKE) * spread
    assert log_wealth(z, t) == pytest.approx(log(wanted), abs=1e-6)


@pytest.mark.parametrize("t", [0.05, 1.0, 6.0, 40.0])
def test_the_wealth_is_a_fair_bet_where_the_difference_is_the_bound(t: float) -> None:
    def weighted(z: float) -> float:
        return exp(log_wealth(z, t) + float(stats.norm.logpdf(z)))

    mean, _ = integrate.quad(weighted, -12, 60, limit=800)
    assert mean == pytest.approx(1.0, abs=1e-5)


def test_the_spread_part_alone_is_never_narrower_than_the_papers_closed_form() -> None:
    """Waudby-Smith et al. bound the half-normal mixture by ``log(1 + sqrt(t rho² + 1) / 2 alpha)``.

    With all the stake spread, the exact threshold lies at or under it.
    """
    alpha, rho = 0.05, SPREAD
    for t in (0.5, 2.0, 10.0, 100.0):
        closed = sqrt(
            2 * (t * rho**2 + 1) / (t * rho**2) * log(1 + sqrt(t * rho**2 + 1) / (2 * alpha))
        )
        s = closed * sqrt(t)
        scale = 1 + rho**2 * t
        below = float(stats.norm.cdf(rho * s / sqrt(scale)))
        spread = 2 * below / sqrt(scale) * exp(rho**2 * s * s / (2 * scale))
        assert spread >= 1 / alpha


@pytest.mark.parametrize("freedom", [8.0, 30.0, 200.0])
@pytest.mark.parametrize("t", [-2.0, 0.5, 2.0, 4.0])
def test_the_deviate_has_the_tail_of_students_t(t: float, freedom: float) -> None:
    assert z_of(t, freedom) == pytest.approx(
        float(stats.norm.isf(stats.t.sf(t, freedom))), abs=0.01
    )
    assert t_of(z_of(t, freedom), freedom) == pytest.approx(t)


def test_a_threshold_beyond_reach_is_infinite() -> None:
    assert critical_z(1e-30, 0.05) == inf
    assert t_of(1e9, 10.0) == inf


def test_type_one_error_with_a_look_at_every_pair_of_users_stays_within_alpha() -> None:
    draws = np.random.default_rng(17)
    experiments, users, effect = 400, 600, 0.08
    good = (draws.random((experiments, 2, users)) < 0.85).cumsum(axis=2)
    looks = range(MIN_USERS, users + 1, 3)
    rejected = sum(
        any(
            (p_value_above(right(n, int(a[n - 1])), right(n, int(b[n - 1])), 0.0, effect) or 1)
            <= 0.05
            for n in looks
        )
        for a, b in good
    )
    assert rejected / experiments <= 0.07


def test_a_candidate_that_is_better_beyond_all_doubt_is_no_evidence_of_harm() -> None:
    for z in (-10.0, -38.0, -40.0, -1e3, -1e6):
        assert log_wealth(z, 1.0) < -4
        assert log_wealth(z, 100.0) < -6
