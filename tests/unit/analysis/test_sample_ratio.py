"""Whether a split is sound, looked at after every user."""

import numpy as np
import pytest
from scipy import stats

from pharos_analysis.sample_ratio import CONCENTRATION, mismatch_e_value, mismatch_p_value

CASES = {
    "nobody yet": ((0, 0), (1, 1), False),
    "equal arms": ((5000, 5000), (1, 1), False),
    "a few users all on one side are chance (growthbook#75: SRM needs a minimum)": (
        (8, 0),
        (1, 1),
        False,
    ),
    "49:51 of 1,000 users is chance": ((490, 510), (1, 1), False),
    "49:51 of 100,000 users is a mismatch": ((49_000, 51_000), (1, 1), True),
    "10:90 as configured is sound (mozilla/experimenter PR 16011)": ((1000, 9000), (1, 9), False),
    "10:90 where equal arms were wanted is a mismatch": ((1000, 9000), (1, 1), True),
    "three arms": ((3300, 3350, 3350), (1, 1, 1), False),
    "millions of users do not overflow": ((6_000_000, 5_000_000), (1, 1), True),
}


@pytest.mark.parametrize(("counts", "shares", "wrong"), CASES.values(), ids=CASES.keys())
def test_mismatch(counts: tuple[int, ...], shares: tuple[float, ...], wrong: bool) -> None:
    assert (mismatch_p_value(counts, shares) <= 0.001) is wrong


def test_the_evidence_is_the_ratio_of_scipys_likelihoods() -> None:
    counts, shares = (70, 41, 30), np.array([0.5, 0.3, 0.2])
    drawn = stats.dirichlet_multinomial(CONCENTRATION * shares, sum(counts)).pmf(counts)
    plain = stats.multinomial(sum(counts), shares).pmf(counts)
    assert mismatch_e_value(counts, tuple(shares)) == pytest.approx(drawn / plain)


def test_the_evidence_is_a_fair_bet() -> None:
    users = 40
    weights = stats.binom.pmf(range(users + 1), users, 0.25)
    found = [mismatch_e_value((n, users - n), (1, 3)) for n in range(users + 1)]
    assert np.dot(weights, found) == pytest.approx(1.0)


def test_sound_splits_looked_at_after_every_user_are_refused_as_rarely_as_alpha() -> None:
    draws = np.random.default_rng(3)
    refused = 0
    for _ in range(200):
        heads = draws.integers(0, 2, 1500).cumsum()
        refused += any(
            mismatch_p_value((int(n), at - int(n)), (1, 1)) <= 0.05 for at, n in enumerate(heads, 1)
        )
    assert refused / 200 <= 0.05
