"""The classical report: its recommendation, and the JSON of rows ABT-20 to ABT-22."""

from dataclasses import dataclass, replace

import pytest

from pharos_analysis.report import Recommendation, Rule, Side, report
from pharos_analysis.results import details, results
from pharos_analysis.samples import UserTotals


def side(version: str, right: int, of: int, p95: float | None = 95.0, f1: float = 0.9) -> Side:
    users = UserTotals(of, of, right, of, right, right)
    return Side(version, of, users, p95, f1)


CONTROL = side("v1.0.0", 40_860, 45_000, 95, 0.905)
TREATMENT = side("v1.1.0", 4_625, 5_000, 92, 0.922)
RULE = Rule(min_improvement=0.01, max_latency_ratio=1.2, max_cost_ratio=1.5)


@pytest.mark.requirement("ABT-20")
@pytest.mark.requirement("ABT-21")
@pytest.mark.requirement("ABT-22")
def test_the_json_has_the_keys_and_values_of_the_rows() -> None:
    found = results(report("exp_001", 7.0, CONTROL, TREATMENT, RULE))
    significance = found.pop("statistical_significance")
    assert found == {
        "experiment_id": "exp_001",
        "duration_days": 7,
        "control": {
            "version": "v1.0.0",
            "predictions": 45_000,
            "accuracy": 0.908,
            "latency_p95": 95,
            "f1_score": 0.905,
        },
        "treatment": {
            "version": "v1.1.0",
            "predictions": 5_000,
            "accuracy": 0.925,
            "latency_p95": 92,
            "f1_score": 0.922,
        },
        "recommendation": "PROMOTE",
        "reason": "Treatment significantly better (p<0.001, +1.7% accuracy)",
    }
    assert isinstance(significance, dict)
    assert list(significance) == ["accuracy_p_value", "improvement", "confidence_interval"]
    assert significance["improvement"] == 0.017
    assert significance["confidence_interval"] == pytest.approx([0.00922, 0.02478], abs=2e-4)
    assert significance["accuracy_p_value"] < 0.001


@dataclass(frozen=True)
class Case:
    treatment: Side
    recommendation: Recommendation
    reason: str
    rule: Rule = RULE
    control: Side = CONTROL


CASES = {
    "significant and large enough is promoted": Case(
        side("v1.1.0", 1_850, 2_000), Recommendation.PROMOTE, "better (p=0.005, +1.7% accuracy)"
    ),
    "not significant goes on": Case(
        side("v1.1.0", 185, 200), Recommendation.CONTINUE, "No significant difference (p=0.3"
    ),
    "significant but smaller than wanted goes on": Case(
        TREATMENT,
        Recommendation.CONTINUE,
        "Treatment better, but at least +2.0% is wanted (p<0.001, +1.7% accuracy)",
        Rule(),
    ),
    "significantly worse is taken back": Case(
        side("v1.1.0", 4_400, 5_000),
        Recommendation.ROLLBACK,
        "Treatment significantly worse (p<0.001, -2.8% accuracy)",
    ),
    "better but too slow is taken back": Case(
        replace(TREATMENT, latency_p95=140.0),
        Recommendation.ROLLBACK,
        "Treatment slower (140 ms p95 against 95, limit 1.2 x control)",
    ),
    "better but too costly is taken back": Case(
        replace(TREATMENT, cost=9.0),
        Recommendation.ROLLBACK,
        "Treatment costlier (9 CPU s per 1,000 against 5, limit 1.5 x control)",
        control=replace(CONTROL, cost=5.0),
    ),
    "a latency that is not known takes nothing back": Case(
        replace(TREATMENT, latency_p95=None), Recommendation.PROMOTE, "significantly better"
    ),
    "no labels go on": Case(
        Side("v1.1.0", 5_000, UserTotals(), 92, None),
        Recommendation.CONTINUE,
        "Too few labelled predictions",
    ),
}


@pytest.mark.requirement("ABT-16")
@pytest.mark.requirement("ABT-17")
@pytest.mark.requirement("ABT-18")
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_recommendation(case: Case) -> None:
    found = report("exp", 7, case.control, case.treatment, case.rule)
    assert found.recommendation is case.recommendation
    assert case.reason in found.reason


@pytest.mark.requirement("ABT-15")
def test_the_report_says_the_users_needed_and_the_smallest_effect_it_could_see() -> None:
    found = report("exp", 7, CONTROL, TREATMENT, Rule(min_improvement=0.02))
    assert found.users_needed == 3_001
    assert found.detectable_effect == pytest.approx(0.0155, abs=1e-4)


def test_without_labels_the_json_says_null() -> None:
    empty = Side("v1.1.0", 0, UserTotals())
    found = results(report("exp", 0.125, empty, empty, RULE))
    assert found["statistical_significance"] is None
    assert found["duration_days"] == 0.12
    assert found["treatment"] == {
        "version": "v1.1.0",
        "predictions": 0,
        "accuracy": None,
        "latency_p95": None,
        "f1_score": None,
    }


@pytest.mark.requirement("ABT-14")
@pytest.mark.requirement("ABT-15")
def test_the_details_hold_the_tests_the_intervals_and_the_sample_size() -> None:
    """Pooled .9097: error sqrt(.9097 * .0903 * (1/45000 + 1/5000)) = .0042725, z = .017 / that."""
    found = details(report("exp", 7, CONTROL, TREATMENT, Rule()))
    tests = found["tests"]
    assert isinstance(tests, dict)
    assert tests["two_proportion_z"]["statistic"] == pytest.approx(3.9789, abs=1e-4)
    assert tests["chi_square"]["statistic"] == pytest.approx(15.832, abs=1e-3)
    assert tests["two_proportion_z"]["p_value"] == tests["chi_square"]["p_value"]
    assert tests["welch_t"]["degrees_of_freedom"] > 5_000
    assert found["sample_size"] == 3_001
    assert found["minimum_detectable_effect"] == pytest.approx(0.0155, abs=1e-4)
    assert found["accuracy_interval"] == {
        "control": pytest.approx([0.90533, 0.91067], abs=1e-4),
        "treatment": pytest.approx([0.9177, 0.9323], abs=1e-4),
    }


def test_without_labels_the_details_say_null() -> None:
    empty = Side("v1.1.0", 0, UserTotals())
    found = details(report("exp", 1, empty, empty, RULE))
    assert found["tests"] == {"welch_t": None, "two_proportion_z": None, "chi_square": None}
    assert found["accuracy_interval"] == {"control": None, "treatment": None}
    assert found["sample_size"] is None
