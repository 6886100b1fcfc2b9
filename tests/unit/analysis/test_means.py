"""The mean of an arm over users, and its variance."""

import numpy as np
import pytest
from scipy import stats

from pharos_analysis.classical import welch_interval, welch_t
from pharos_analysis.means import Contrast, contrast, mean
from pharos_analysis.samples import UserTotals


def totals(values: list[list[float]]) -> UserTotals:
    """The sums of users, each with the values given."""
    n = np.array([len(user) for user in values], float)
    s = np.array([sum(user) for user in values], float)
    return UserTotals(len(values), n.sum(), s.sum(), n @ n, n @ s, s @ s)


NO_MEAN = {
    "nobody": UserTotals(),
    "one user has no variance": totals([[1, 0]]),
    "users without a value": UserTotals(users=3),
}


@pytest.mark.parametrize("given", NO_MEAN.values(), ids=NO_MEAN.keys())
def test_too_little_for_a_mean(given: UserTotals) -> None:
    assert mean(given) is None
    assert contrast(given, totals([[1], [0]])) is None


def test_one_value_a_user_is_the_usual_mean_and_variance() -> None:
    values = [3.0, 5.0, 8.0, 1.0]
    found = mean(totals([[value] for value in values]))
    assert found is not None
    assert found.value == pytest.approx(np.mean(values))
    assert found.variance == pytest.approx(np.var(values, ddof=1))


def test_the_variance_is_that_of_the_linearised_users() -> None:
    users = [[1, 1, 0], [0], [1], [0, 0, 0, 1, 1]]
    found = mean(totals(users))
    assert found is not None
    rate = 5 / 10
    linear = [(sum(user) - rate * len(user)) / 2.5 for user in users]
    assert found.value == rate
    assert found.variance == pytest.approx(sum(x * x for x in linear) / 3)


def test_users_who_always_say_the_same_count_once_and_not_by_request() -> None:
    once = mean(totals([[1], [0], [1], [0]]))
    often = mean(totals([[1] * 50, [0] * 50, [1] * 50, [0] * 50]))
    assert once is not None
    assert often is not None
    assert often.variance == pytest.approx(once.variance)


def test_the_delta_method_covers_the_spread_of_simulated_arms() -> None:
    draws = np.random.default_rng(5)
    rates, errors = [], []
    for _ in range(400):
        users = []
        for _ in range(60):
            count, rate = draws.integers(1, 8), draws.beta(3, 1)
            users.append(list((draws.random(count) < rate).astype(float)))
        found = mean(totals(users))
        assert found is not None
        rates.append(found.value)
        errors.append((found.variance / found.users) ** 0.5)
    assert np.mean(errors) == pytest.approx(np.std(rates), rel=0.12)


def test_the_contrast_is_welchs_as_scipy_has_it() -> None:
    draws = np.random.default_rng(9)
    old, new = draws.normal(1, 2, 40), draws.normal(2, 1, 25)
    found = contrast(totals([[x] for x in old]), totals([[x] for x in new]))
    assert isinstance(found, Contrast)
    wanted = stats.ttest_ind(new, old, equal_var=False)
    tested = welch_t(found.control, found.candidate)
    assert tested is not None
    assert tested.statistic == pytest.approx(wanted.statistic)
    assert tested.freedom == pytest.approx(wanted.df)
    assert tested.p_value == pytest.approx(wanted.pvalue)
    interval = welch_interval(found.control, found.candidate, 0.05)
    assert (interval.low, interval.high) == pytest.approx(tuple(wanted.confidence_interval(0.95)))


def test_arms_in_which_nothing_varies_have_no_contrast() -> None:
    same = totals([[1], [1], [1]])
    assert contrast(same, same) is None
