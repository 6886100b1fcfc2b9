"""McNemar's test on the answers that both versions gave to the same requests."""

import numpy as np
import pytest
from scipy import stats

from pharos_analysis.pairs import evidence_worse, p_different, p_worse

TABLE = [(0, 0), (1, 0), (0, 1), (10, 2), (2, 10), (5, 5), (60, 30), (400, 310), (9, 1000)]


@pytest.mark.parametrize(("control", "candidate"), TABLE)
def test_the_exact_p_values_are_scipys(control: int, candidate: int) -> None:
    pairs = control + candidate
    worse = stats.binom.sf(control - 1, pairs, 0.5)
    assert p_worse(control, candidate) == pytest.approx(worse, rel=1e-9)
    both = stats.binomtest(control, pairs, 0.5).pvalue if pairs else 1.0
    assert p_different(control, candidate) == pytest.approx(both, rel=1e-9)


@pytest.mark.parametrize(
    ("control", "candidate", "worse"),
    [(0, 0, False), (5, 0, False), (14, 1, True), (30, 10, True), (30, 30, False), (10, 40, False)],
)
def test_sequential_evidence(control: int, candidate: int, worse: bool) -> None:
    assert (evidence_worse(control, candidate) >= 20) is worse


def test_equal_versions_looked_at_after_every_pair_are_condemned_as_rarely_as_alpha() -> None:
    draws = np.random.default_rng(8)
    condemned = 0
    for _ in range(300):
        lost = draws.integers(0, 2, 400).cumsum()
        condemned += any(evidence_worse(int(n), at - int(n)) >= 20 for at, n in enumerate(lost, 1))
    assert condemned / 300 <= 0.05


def test_a_million_pairs_are_quick_and_right() -> None:
    assert p_worse(500_500, 499_500) == pytest.approx(
        stats.binom.sf(500_499, 1_000_000, 0.5), rel=1e-6
    )
