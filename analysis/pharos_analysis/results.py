"""The classical report as JSON: exactly that of rows ABT-20 to ABT-22, and what lies behind it.

Numbers are as a person writes them: six digits after the point, whole days and milliseconds whole.
"""

from math import isfinite

from pharos_analysis.classical import Tested, mean_interval
from pharos_analysis.means import mean
from pharos_analysis.report import Report, Side, Significance

_DIGITS = 6


def results(found: Report) -> dict[str, object]:
    """The JSON of rows ABT-20 to ABT-22, with the keys of that example and no others."""
    return {
        "experiment_id": found.experiment_id,
        "duration_days": _whole(found.duration_days),
        "control": _side(found.control),
        "treatment": _side(found.treatment),
        "statistical_significance": _significance_json(found.significance),
        "recommendation": str(found.recommendation),
        "reason": found.reason,
    }


def details(found: Report) -> dict[str, object]:
    """What lies behind the results: rows ABT-14 and ABT-15. Null where labels are too few."""
    tests = found.tests
    return {
        "alpha": found.rule.alpha,
        "power": found.rule.power,
        "tests": {
            "welch_t": _tested(tests.welch_t),
            "two_proportion_z": _tested(tests.two_proportion_z),
            "chi_square": _tested(tests.chi_square),
        },
        "accuracy_interval": {
            "control": _interval(found.control, found.rule.alpha),
            "treatment": _interval(found.treatment, found.rule.alpha),
        },
        "sample_size": found.users_needed,
        "minimum_detectable_effect": _rounded(found.detectable_effect),
    }


def _tested(found: Tested | None) -> dict[str, object] | None:
    if found is None:
        return None
    return {
        "statistic": _rounded(found.statistic),
        "degrees_of_freedom": _rounded(found.freedom) if isfinite(found.freedom) else None,
        "p_value": _rounded(found.p_value),
    }


def _interval(side: Side, alpha: float) -> list[float | None] | None:
    arm = mean(side.accuracy)
    if arm is None:
        return None
    found = mean_interval(arm, alpha)
    return [_rounded(found.low), _rounded(found.high)]


def _side(side: Side) -> dict[str, object]:
    accuracy = mean(side.accuracy)
    return {
        "version": side.version,
        "predictions": side.predictions,
        "accuracy": _rounded(None if accuracy is None else accuracy.value),
        "latency_p95": None if side.latency_p95 is None else _whole(side.latency_p95),
        "f1_score": _rounded(side.f1_score),
    }


def _significance_json(found: Significance | None) -> dict[str, object] | None:
    if found is None:
        return None
    return {
        "accuracy_p_value": _rounded(found.accuracy_p_value),
        "improvement": _rounded(found.improvement),
        "confidence_interval": [
            _rounded(found.confidence_interval.low),
            _rounded(found.confidence_interval.high),
        ],
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, _DIGITS)


def _whole(value: float) -> float:
    """7 for 7.0, as a person writes it; else two digits after the point."""
    return int(value) if value == int(value) else round(value, 2)
