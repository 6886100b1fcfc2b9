"""What must hold of the statistics whatever is measured."""

import re
from math import exp, inf, isfinite
from random import Random

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from scipy import stats

from pharos_analysis.betting import evidence_above
from pharos_analysis.claims import Compared, p_harmed, p_not_inferior, p_superior
from pharos_analysis.classical import chi_square, two_proportion_z
from pharos_analysis.confidence import Sides, critical_z, difference, log_wealth, p_value_above
from pharos_analysis.correction import benjamini_hochberg, holm
from pharos_analysis.labelled import answer
from pharos_analysis.means import mean
from pharos_analysis.pairs import evidence_worse, p_different, p_worse
from pharos_analysis.power import Aim, decided_by, inflation, users_needed
from pharos_analysis.sample_ratio import mismatch_e_value, mismatch_p_value
from pharos_analysis.samples import LabelledMetric, UserTotals
from pharos_api.decision import DecisionRule
from pharos_api.metrics import Direction, Metric, MetricRole, MetricSource

EFFECTS = st.floats(0.001, 0.5)
RATES = st.floats(0.01, 0.99)


@st.composite
def users(draw: st.DrawFn) -> UserTotals:
    """An arm of 30 to 200 users with 1 to 20 predictions each, some of them right."""
    count = draw(st.integers(30, 200))
    n = draw(st.lists(st.integers(1, 20), min_size=count, max_size=count))
    part = draw(st.lists(st.floats(0, 1), min_size=8, max_size=8))
    s = [round(each * part[at % 8]) for at, each in enumerate(n)]
    return UserTotals(
        count,
        sum(n),
        sum(s),
        sum(x * x for x in n),
        sum(x * y for x, y in zip(n, s, strict=True)),
        sum(y * y for y in s),
    )


def scaled(arm: UserTotals, factor: float) -> UserTotals:
    """The same users, their values in another unit."""
    return UserTotals(
        arm.users, arm.n, factor * arm.s, arm.nn, factor * arm.ns, factor * factor * arm.ss
    )


def wrong(arm: UserTotals) -> UserTotals:
    """The same users, wrong where they were right."""
    return UserTotals(
        arm.users,
        arm.n,
        arm.n - arm.s,
        arm.nn,
        arm.nn - arm.ns,
        arm.nn - 2 * arm.ns + arm.ss,
    )


@given(users(), users(), EFFECTS, st.floats(0.001, 0.4))
def test_the_estimate_lies_within_its_limits_and_more_doubt_narrows_them(
    control: UserTotals, candidate: UserTotals, effect: float, alpha: float
) -> None:
    wide = difference(control, candidate, effect, alpha)
    narrow = difference(control, candidate, effect, min(0.5, 2 * alpha))
    assume(wide is not None and narrow is not None)
    assert wide is not None
    assert narrow is not None
    assert wide.low <= narrow.low <= narrow.estimate <= narrow.high <= wide.high


@given(users(), users(), EFFECTS)
def test_turning_the_arms_round_turns_the_difference_round(
    control: UserTotals, candidate: UserTotals, effect: float
) -> None:
    there = difference(control, candidate, effect, 0.05)
    back = difference(candidate, control, effect, 0.05)
    assume(there is not None)
    assert there is not None
    assert back is not None
    assert (back.low, back.high) == pytest.approx((-there.high, -there.low))


@given(users(), users(), EFFECTS, st.floats(0.01, 1000))
def test_the_unit_of_the_values_does_not_matter(
    control: UserTotals, candidate: UserTotals, effect: float, factor: float
) -> None:
    plain = p_value_above(control, candidate, 0.01, effect)
    other = p_value_above(
        scaled(control, factor), scaled(candidate, factor), 0.01 * factor, effect * factor
    )
    assume(plain is not None)
    assert other == pytest.approx(plain, rel=1e-3, abs=1e-200)


@given(users(), users(), EFFECTS, st.floats(-0.3, 0.3), st.floats(0, 0.3))
def test_a_higher_bound_is_never_easier_to_exceed(
    control: UserTotals, candidate: UserTotals, effect: float, bound: float, more: float
) -> None:
    low = p_value_above(control, candidate, bound, effect)
    high = p_value_above(control, candidate, bound + more, effect)
    assume(low is not None)
    assert low is not None
    assert high is not None
    assert low <= high


@given(users(), users(), EFFECTS, st.floats(0.001, 0.2))
def test_being_right_more_often_is_being_wrong_less_often(
    control: UserTotals, candidate: UserTotals, effect: float, margin: float
) -> None:
    more = Compared(control, candidate, Direction.INCREASE, effect)
    less = Compared(wrong(control), wrong(candidate), Direction.DECREASE, effect)
    for claim in (p_superior, p_not_inferior, p_harmed):
        one, other = claim(more, margin), claim(less, margin)
        assert (one is None) == (other is None)
        if one is not None and one > 1e-200:
            assert other == pytest.approx(one, rel=1e-3)


@given(users(), users(), EFFECTS, st.floats(0.001, 0.2))
def test_nothing_is_both_superior_and_harmed(
    control: UserTotals, candidate: UserTotals, effect: float, margin: float
) -> None:
    compared = Compared(control, candidate, Direction.INCREASE, effect)
    better, worse = p_superior(compared, margin), p_harmed(compared, margin)
    assert better is None or worse is None or max(better, worse) > 0.4


@given(users(), users(), EFFECTS)
def test_a_superior_candidate_is_not_inferior(
    control: UserTotals, candidate: UserTotals, effect: float
) -> None:
    compared = Compared(control, candidate, Direction.INCREASE, effect)
    better, fine = p_superior(compared, 0.02), p_not_inferior(compared, 0.02)
    assert better is None or fine is None or fine <= better


@given(st.floats(1e-4, 1e4), st.floats(1e-6, 0.5), st.floats(-8, 8), st.floats(0, 3))
def test_the_wealth_rises_with_z_and_meets_its_threshold(
    t: float, alpha: float, z: float, more: float
) -> None:
    assert log_wealth(z, t) <= log_wealth(z + more, t) + 1e-9
    threshold = critical_z(t, alpha)
    assert isfinite(threshold)
    assert p_of(threshold * (1 + 1e-9) + 1e-9, t) <= alpha * (1 + 1e-6)


def p_of(z: float, t: float) -> float:
    return min(1.0, exp(-min(700.0, log_wealth(z, t))))


@given(users(), users(), EFFECTS)
def test_one_side_has_the_whole_alpha(
    control: UserTotals, candidate: UserTotals, effect: float
) -> None:
    both = difference(control, candidate, effect, 0.1)
    low = difference(control, candidate, effect, 0.05, Sides.LOWER)
    assume(both is not None)
    assert both is not None
    assert low is not None
    assert (low.low, low.high) == (both.low, inf)


@given(users(), users(), st.sampled_from(["0.01", "0.05", "0.5"]))
def test_the_interval_that_people_read_leaves_nothing_out_where_a_goal_is_proven(
    control: UserTotals, candidate: UserTotals, alpha: str
) -> None:
    goal = Metric(
        name="accuracy", role=MetricRole.GOAL, source=MetricSource.LABELS, min_improvement="0.02"
    )
    found = answer(goal, LabelledMetric("accuracy", control, candidate), DecisionRule(alpha=alpha))
    assume(found is not None and "interval" in found.gain)
    assert found is not None
    assert found.reached is not None
    low = float(re.findall(r"interval ([-+.\d]+) to", found.gain)[0])
    assume(abs(low) > 1e-4)  # it is told to four places
    assert (low > 0) is (found.reached.p <= float(alpha))


@given(users(), st.integers(2, 30))
def test_each_user_saying_everything_again_changes_neither_mean_nor_certainty(
    arm: UserTotals, times: int
) -> None:
    again = UserTotals(
        arm.users,
        times * arm.n,
        times * arm.s,
        times**2 * arm.nn,
        times**2 * arm.ns,
        times**2 * arm.ss,
    )
    once, often = mean(arm), mean(again)
    assert once is not None
    assert often is not None
    assert (often.value, often.variance) == pytest.approx((once.value, once.variance), abs=1e-9)


@given(st.integers(0, 400), st.integers(0, 400), RATES)
def test_evidence_rises_with_each_bad_one_and_falls_with_each_good_one(
    bad: int, good: int, limit: float
) -> None:
    now = evidence_above(bad, bad + good, limit)
    assert evidence_above(bad + 1, bad + 1 + good, limit) >= now
    assert evidence_above(bad, bad + good + 1, limit) <= now
    assert evidence_above(bad, bad + good, min(0.999, limit + 0.01)) <= now * (1 + 1e-9)


@given(st.lists(st.integers(0, 5000), min_size=2, max_size=4), st.data())
def test_a_split_does_not_know_the_order_of_its_arms_nor_the_scale_of_its_shares(
    counts: list[int], data: st.DataObject
) -> None:
    shares = data.draw(st.lists(st.floats(0.1, 1), min_size=len(counts), max_size=len(counts)))
    found = mismatch_e_value(counts, shares)
    assert mismatch_e_value(counts[::-1], shares[::-1]) == pytest.approx(found, rel=1e-6)
    assert mismatch_e_value(counts, [7 * share for share in shares]) == pytest.approx(
        found, rel=1e-6
    )
    assert 0 < mismatch_p_value(counts, shares) <= 1


@given(st.integers(1, 3000), st.integers(0, 300), st.integers(1, 300))
def test_a_split_further_off_is_never_less_suspicious(each: int, off: int, more: int) -> None:
    assume(off + more < each)
    near = mismatch_e_value((each - off, each + off), (1, 1))
    far = mismatch_e_value((each - off - more, each + off + more), (1, 1))
    assert far >= near


@example(1037, 38)  # scipy's tail is 0 there, ours 4e-254
@given(st.integers(0, 2000), st.integers(0, 2000))
def test_pairs_agree_with_scipy_and_with_themselves(control: int, candidate: int) -> None:
    whole = control + candidate
    assert p_worse(control, candidate) == pytest.approx(
        float(stats.binom.sf(control - 1, whole, 0.5)), rel=1e-6, abs=1e-200
    )
    assert p_different(control, candidate) == p_different(candidate, control)
    assert evidence_worse(control + 1, candidate) >= evidence_worse(control, candidate)


P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=12)


@given(P_VALUES)
def test_benjamini_hochberg_is_scipys_and_lies_between_the_values_and_holms(
    given_values: list[float],
) -> None:
    by_bh, by_holm = benjamini_hochberg(given_values), holm(given_values)
    assert by_bh == pytest.approx(stats.false_discovery_control(given_values), abs=1e-12)
    for plain, bh, strict in zip(given_values, by_bh, by_holm, strict=True):
        assert plain <= bh * (1 + 1e-9) + 1e-12
        assert bh <= strict * (1 + 1e-9) + 1e-12
        assert strict <= min(1.0, plain * len(given_values)) * (1 + 1e-9) + 1e-12


@given(P_VALUES, st.randoms(use_true_random=False))
def test_corrections_follow_their_questions_in_any_order(
    given_values: list[float], shuffler: Random
) -> None:
    order = list(range(len(given_values)))
    shuffler.shuffle(order)
    shuffled = [given_values[at] for at in order]
    for correct in (holm, benjamini_hochberg):
        straight = correct(given_values)
        assert correct(shuffled) == pytest.approx([straight[at] for at in order])


@given(RATES, st.floats(0.005, 0.2), st.floats(0.001, 0.2), st.floats(0.5, 0.95))
def test_surer_and_finer_takes_more_users(
    rate: float, effect: float, alpha: float, power: float
) -> None:
    variance = 2 * rate * (1 - rate)
    plain = users_needed(variance, effect, Aim(alpha, power))
    assert users_needed(variance, effect / 2, Aim(alpha, power)) >= plain
    assert users_needed(variance, effect, Aim(alpha / 2, power)) >= plain
    assert users_needed(variance, effect, Aim(alpha, power, two_sided=True)) >= plain
    assert users_needed(variance, effect, Aim(alpha, min(0.99, power + 0.04))) >= plain


@settings(max_examples=50)
@given(st.floats(0.001, 0.2), st.floats(0.5, 0.95))
def test_the_inflated_plan_has_its_power(alpha: float, power: float) -> None:
    aim = Aim(alpha, power)
    assert decided_by(inflation(aim), aim) == pytest.approx(power, abs=1e-6)
    assert 1 <= inflation(aim) <= 3


@given(st.integers(1, 5000), st.integers(1, 5000), st.data())
def test_z_squared_is_chi_square(of: int, other_of: int, data: st.DataObject) -> None:
    good, other = data.draw(st.integers(0, of)), data.draw(st.integers(0, other_of))
    z = two_proportion_z(good, of, other, other_of)
    square = chi_square(((good, of - good), (other, other_of - other)))
    assert (z is None) == (square is None)
    if z is not None and square is not None:
        assert z.statistic**2 == pytest.approx(square.statistic, rel=1e-6, abs=1e-9)
        assert z.p_value == pytest.approx(square.p_value, rel=1e-6, abs=1e-12)
