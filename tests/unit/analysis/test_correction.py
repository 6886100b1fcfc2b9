"""P-values adjusted for being several."""

import pytest
from scipy import stats

from pharos_analysis.correction import adjusted, benjamini_hochberg, holm
from pharos_api.decision import Correction

CASES = {
    "none": ((), (), ()),
    "one is left as it is": ((0.03,), (0.03,), (0.03,)),
    "the worked example": ((0.01, 0.04, 0.03), (0.03, 0.06, 0.06), (0.03, 0.04, 0.04)),
    "never above 1": ((0.9, 0.8), (1.0, 1.0), (0.9, 0.9)),
    "equal ones stay equal": ((0.02, 0.02), (0.04, 0.04), (0.02, 0.02)),
    "order is kept": ((0.5, 0.001), (0.5, 0.002), (0.5, 0.002)),
}


@pytest.mark.parametrize(("given", "by_holm", "by_bh"), CASES.values(), ids=CASES.keys())
def test_adjusted(
    given: tuple[float, ...], by_holm: tuple[float, ...], by_bh: tuple[float, ...]
) -> None:
    assert adjusted(Correction.HOLM, given) == pytest.approx(by_holm)
    assert adjusted(Correction.BENJAMINI_HOCHBERG, given) == pytest.approx(by_bh)


def test_benjamini_hochberg_is_scipys() -> None:
    given = (0.2, 0.001, 0.04, 0.03, 0.9, 0.0005)
    assert benjamini_hochberg(given) == pytest.approx(stats.false_discovery_control(given))


def test_holm_rejects_what_stepping_down_by_hand_rejects() -> None:
    """Bonferroni on all, then on those that are left, until one stands."""
    given = (0.2, 0.001, 0.013, 0.012, 0.9, 0.0005)
    left, rejected = list(given), set()
    while left and min(left) <= 0.05 / len(left):
        rejected.add(min(left))
        left.remove(min(left))
    assert {p for p, q in zip(given, holm(given), strict=True) if q <= 0.05} == rejected
