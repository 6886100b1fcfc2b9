"""What counts as Pass, Fail, NoData and Error, and how rarely a healthy candidate fails."""

from dataclasses import dataclass
from math import inf, nan

import numpy as np
import pytest
from decide_builders import NOW, arm, experiment, healthy, histogram, sample
from scipy import stats

from pharos_analysis import latency
from pharos_analysis.betting import evidence_above, share_of_errors
from pharos_analysis.gates import evaluate, judged
from pharos_analysis.samples import ArmSample, Histogram, Sample
from pharos_api.abexperiment import Outcome
from pharos_api.decision import DecisionRule
from pharos_api.metrics import Metric, MetricRole, MetricSource

ERRORS, LATENCY = "error-rate", "p95-latency"


@dataclass(frozen=True)
class Case:
    sample: Sample
    errors: Outcome
    latency: Outcome
    says: str = ""


CASES = {
    "equal arms pass": Case(healthy(), Outcome.PASS, Outcome.PASS, "within its limits"),
    "30 % failing for 3 s at 10 requests/s fails": Case(
        sample(arm(30), arm(30, 9)), Outcome.FAIL, Outcome.NO_DATA, "0.3000 (9 of 30)"
    ),
    "one error in a healthy canary aborts nothing (one 5xx of Argo's fastest setting)": Case(
        sample(arm(1000), arm(1000, 1)), Outcome.PASS, Outcome.PASS
    ),
    "four errors of four requests are too few to condemn": Case(
        sample(arm(4), arm(4, 4)), Outcome.NO_DATA, Outcome.NO_DATA, "4 of 50 requests"
    ),
    "a control without errors does not make the candidate unjudgeable (kayenta#799)": Case(
        sample(arm(5000, 0), arm(5000, 60)), Outcome.FAIL, Outcome.PASS, "1.5 x control"
    ),
    "no errors against few are no proof of anything (kayenta#426)": Case(
        sample(arm(60, 0), arm(60, 2)), Outcome.PASS, Outcome.PASS
    ),
    "both arms failing alike is the platform's fault, not the candidate's": Case(
        sample(arm(1000, 60), arm(1000, 62)), Outcome.PASS, Outcome.PASS
    ),
    "both arms over the hard limit hold: going back would help nobody": Case(
        sample(arm(1000, 200), arm(1000, 200)), Outcome.NO_DATA, Outcome.PASS, "so does control"
    ),
    "all pods away for 7 s count against nobody (86 of 544, 72 of 486)": Case(
        sample(arm(544, 86), arm(486, 72)), Outcome.NO_DATA, Outcome.PASS, "so does control"
    ),
    "a control over the hard limit does not protect a candidate that is far worse": Case(
        sample(arm(1000, 110), arm(1000, 200)), Outcome.FAIL, Outcome.PASS, "exceeds 0.10"
    ),
    "both arms over 500 ms hold: the machine is slow, not the candidate": Case(
        sample(arm(300, ms=900), arm(300, ms=800)), Outcome.PASS, Outcome.NO_DATA, "so does control"
    ),
    "a control over 500 ms does not protect a candidate that is far slower": Case(
        sample(arm(300, ms=600), arm(300, ms=4000)), Outcome.PASS, Outcome.FAIL, "exceeds 500 ms"
    ),
    "suspicious but not proven holds": Case(
        sample(arm(500, 0), arm(500, 6)), Outcome.NO_DATA, Outcome.PASS, "may exceed"
    ),
    "NaN is no data and not a pass (flagger#1098, argo-rollouts#180)": Case(
        sample(arm(1000), ArmSample(nan, nan, None)), Outcome.NO_DATA, Outcome.NO_DATA, "no data"
    ),
    "an empty vector is no data and not an error (argo-rollouts#1466)": Case(
        sample(arm(None), arm(None)), Outcome.NO_DATA, Outcome.NO_DATA, "no data yet"
    ),
    "no requests are no data (flagger#1011)": Case(
        sample(arm(0), arm(0)), Outcome.NO_DATA, Outcome.NO_DATA, "no data yet"
    ),
    "infinity is no data": Case(
        sample(arm(1000), ArmSample(inf, 0.0, None)), Outcome.NO_DATA, Outcome.NO_DATA
    ),
    "too few requests near zero traffic are no data (suna PR 3403)": Case(
        sample(arm(49), arm(49)), Outcome.NO_DATA, Outcome.NO_DATA, "49 of 50 requests"
    ),
    "a control without traffic is no data": Case(
        sample(arm(None), arm(1000)), Outcome.NO_DATA, Outcome.NO_DATA, "control's arm"
    ),
    "a control without traffic does not protect a candidate over the hard limit": Case(
        sample(arm(None), arm(100, 40)), Outcome.FAIL, Outcome.NO_DATA, "exceeds 0.10"
    ),
    "Prometheus away is an error, whatever it said before": Case(
        sample(arm(1000), arm(1000, 900), error="connection refused"),
        Outcome.ERROR,
        Outcome.ERROR,
        "connection refused",
    ),
    "errors beyond requests are counted as all requests": Case(
        sample(arm(100), arm(100, 130)), Outcome.FAIL, Outcome.PASS, "1.0000 (100 of 100)"
    ),
    "a candidate of 400 ms against 20 ms fails by the ratio": Case(
        sample(arm(300), arm(300, ms=400)), Outcome.PASS, Outcome.FAIL, "1.2 x control"
    ),
    "a candidate of 800 ms fails by the hard limit before the control's p95 is known": Case(
        sample(arm(30), arm(30, ms=800)), Outcome.NO_DATA, Outcome.FAIL, "exceeds 500 ms"
    ),
    "a histogram that is missing is no data": Case(
        sample(arm(1000), ArmSample(1000.0, 0.0, None)), Outcome.PASS, Outcome.NO_DATA
    ),
}


@pytest.mark.requirement("ABT-1")
@pytest.mark.requirement("DEP-12")
@pytest.mark.requirement("DEP-13")
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_outcomes(case: Case) -> None:
    found = {m.metric: m for m in evaluate(experiment().spec, case.sample, NOW)}
    assert (found[ERRORS].outcome, found[LATENCY].outcome) == (case.errors, case.latency)
    assert case.says in found[ERRORS].message + found[LATENCY].message


def test_a_measurement_carries_value_limit_and_query() -> None:
    failed = evaluate(experiment().spec, sample(arm(30), arm(30, 9)), NOW)[0]
    assert failed.candidate == "0.3000 (9 of 30)"
    assert failed.control == "0.0000 (0 of 30)"
    assert failed.limit == "0.10; 1.5 x control"
    assert failed.query == "sum(errors)"
    assert failed.at == NOW


def test_a_candidate_slower_within_a_coarse_bucket_is_held_and_not_condemned() -> None:
    coarse = (10.0, 25.0, 50.0, inf)
    quick = ArmSample(500.0, 0.0, Histogram(coarse, (0.0, 500.0, 500.0, 500.0)))
    slower = ArmSample(500.0, 0.0, Histogram(coarse, (0.0, 0.0, 500.0, 500.0)))
    found = evaluate(experiment().spec, sample(quick, slower), NOW)[1]
    assert found.outcome is Outcome.NO_DATA


def test_metrics_on_labels_are_not_judged() -> None:
    goal = Metric(name="accuracy", role=MetricRole.GOAL, source=MetricSource.LABELS)
    guard = Metric(name="error-rate", abort_above="0.10")
    assert judged(experiment(spec={"metrics": [goal, guard]}).spec) == (guard,)


QUANTILES = {
    "interpolated within its bucket": (Histogram((10.0, 20.0, inf), (0.0, 100.0, 100.0)), 19.5),
    "the last finite bound stands for what lies above it": (
        Histogram((10.0, 20.0, inf), (0.0, 0.0, 100.0)),
        20.0,
    ),
    "nothing is no quantile": (Histogram((10.0, inf), (0.0, 0.0)), None),
    "no buckets are no quantile": (Histogram(), None),
}


@pytest.mark.parametrize(("found", "wanted"), QUANTILES.values(), ids=QUANTILES.keys())
def test_p95(found: Histogram, wanted: float | None) -> None:
    assert latency.quantile_ms(found, 0.95) == wanted


def test_interpolated_and_certain_counts_of_slow_requests() -> None:
    found = Histogram((10.0, 20.0, inf), (40.0, 90.0, 100.0))
    assert latency.slower_than(found, 15.0) == pytest.approx(25 + 10)
    assert latency.certainly_slower_than(found, 15.0) == 10
    assert latency.certainly_slower_than(found, 10.0) == 60


EVIDENCE = {
    "9 bad of 30 against a tenth, the worked example": (9, 30, 0.1, 22.84),
    "nothing seen is no evidence": (0, 0, 0.1, 1.0),
    "a limit of 1 cannot be exceeded": (30, 30, 1.0, 1.0),
}


@pytest.mark.parametrize(("bad", "of", "limit", "wanted"), EVIDENCE.values(), ids=EVIDENCE.keys())
def test_evidence(bad: float, of: float, limit: float, wanted: float) -> None:
    assert evidence_above(bad, of, limit) == pytest.approx(wanted, abs=0.01)


def test_evidence_is_a_fair_bet() -> None:
    """On average the stake neither grows nor shrinks where the limit is the truth."""
    for trials, limit in ((40, 0.1), (25, 0.6)):
        weights = stats.binom.pmf(range(trials + 1), trials, limit)
        stakes = [evidence_above(bad, trials, limit) for bad in range(trials + 1)]
        assert np.dot(weights, stakes) == pytest.approx(1.0, abs=1e-9)


def test_the_share_of_errors_is_that_of_the_conditional_test() -> None:
    """As scipy's conditional test of two Poisson rates takes it."""
    assert share_of_errors(1.5, 1000, 1000) == pytest.approx(0.6)
    reference = stats.poisson_means_test(9, 30, 9, 45, alternative="greater").pvalue
    assert 0 < reference < 1
    assert share_of_errors(1.0, 0, 0) == 1.0


def simulate(control: float, candidate: float, rollouts: int, seed: int) -> float:
    """Share of rollouts of 2 x 50,000 requests that ever fail, looked at every 50 requests an arm.

    The evidence is computed by the gates' own functions, at every look until the first Fail.
    """
    spec = experiment(spec={"decision": DecisionRule(min_requests=50)}).spec
    draws = np.random.default_rng(seed)
    chunk, looks = 50, 1000
    failed = 0
    for _ in range(rollouts):
        bad = draws.binomial(chunk, candidate, looks).cumsum()
        other = draws.binomial(chunk, control, looks).cumsum()
        # Between two looks with equal errors the evidence only shrinks: look where errors came.
        came = np.flatnonzero(np.diff(bad, prepend=0))
        for look in came[:: max(1, len(came) // 60)]:
            seen = float((look + 1) * chunk)
            one = ArmSample(seen, float(other[look])), ArmSample(seen, float(bad[look]))
            if evaluate(spec, Sample(*one), NOW)[0].outcome is Outcome.FAIL:
                failed += 1
                break
    return failed / rollouts


@pytest.mark.parametrize("rate", [0.001, 0.01, 0.05])
def test_at_most_one_healthy_rollout_of_a_hundred_is_rolled_back(rate: float) -> None:
    share = simulate(rate, rate, rollouts=200, seed=7)
    assert share <= 0.01, f"{share:.1%} of healthy rollouts were rolled back"


def test_a_candidate_on_the_limit_fails_no_more_often_than_alpha() -> None:
    share = simulate(0.02, 0.03, rollouts=200, seed=11)
    assert share <= 0.05


def test_a_candidate_of_three_times_the_errors_is_found() -> None:
    assert simulate(0.01, 0.03, rollouts=50, seed=13) == 1.0


def test_equal_latencies_almost_never_fail() -> None:
    spec = experiment().spec
    draws = np.random.default_rng(3)
    bounds = np.array([b for b in histogram(1).bounds_ms if b != inf])
    failed = 0
    for _ in range(100):
        times = draws.lognormal(3.0, 0.6, (2, 20_000))
        for seen in (50, 100, 200, 400, 1000, 3000, 8000, 20_000):
            arms = []
            for one in times:
                counts = np.searchsorted(np.sort(one[:seen]), bounds, side="right")
                found = Histogram((*bounds, inf), (*map(float, counts), float(seen)))
                arms.append(ArmSample(float(seen), 0.0, found))
            if evaluate(spec, Sample(*arms), NOW)[1].outcome is Outcome.FAIL:
                failed += 1
                break
    assert failed <= 1
