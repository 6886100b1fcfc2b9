"""What a judgement says: harm, hold, proceed or won, in every case that a rival gets wrong."""

from dataclasses import dataclass, replace
from math import inf, nan

import pytest
from decide_builders import NOW, arm, histogram, sample
from judging_builders import (
    ERRORS,
    GOAL,
    KEEPS,
    LATENCY,
    OWN,
    SLICED,
    drawn,
    facts,
    labels,
    log,
    sliced,
    spec,
    users,
    value,
)

from pharos_analysis.judgement import Ruling
from pharos_analysis.judging import judge
from pharos_analysis.samples import ArmSample, Facts, LabelSample, Sample
from pharos_api.abexperiment import ABExperimentSpec, Outcome
from pharos_api.decision import Correction, DecisionRule
from pharos_api.metrics import Direction, Metric, MetricRole, MetricSource, Policy

HARM, HOLD, PROCEED, WON = Ruling.HARM, Ruling.HOLD, Ruling.PROCEED, Ruling.WON
AWAY = Sample(error="connection refused")
SIGNAL = Metric(name="error-rate", role=MetricRole.SIGNAL, abort_above="0.10")
IGNORES = ERRORS.model_copy(update={"on_no_data": Policy.IGNORE, "on_error": Policy.IGNORE})
ROLLS_BACK = ERRORS.model_copy(update={"on_no_data": Policy.ROLLBACK})
NO_LABELS = labels(users(2, 1), users(2, 1), control=log(mature=0), candidate=log(mature=0))
FEW = log(labelled=12)
LONG = (("error-rate", 1801.0),)
BETTER = labels(users(3000, 0.85), users(3000, 0.92))


@dataclass(frozen=True)
class Case:
    spec: ABExperimentSpec
    facts: Facts
    ruling: Ruling
    says: str = ""


GUARDRAILS = {
    "healthy arms win where no goal is given": Case(spec(), facts(), WON, "every guardrail passes"),
    "a candidate that dies wholly is condemned by its first five requests": Case(
        spec(), facts(fast=sample(arm(5), arm(5, 5)), audited=None), HARM, "5 of 5"
    ),
    "four failed requests condemn nobody": Case(
        spec(), facts(fast=sample(arm(4), arm(4, 4)), audited=None), HOLD
    ),
    "the fast guard works while Prometheus is away": Case(
        spec(), facts(audited=AWAY, fast=sample(arm(60), arm(60, 30))), HARM, "exceeds 0.10"
    ),
    "the fast guard never passes what Prometheus cannot tell": Case(
        spec(), facts(audited=AWAY, fast=sample(arm(9000), arm(9000))), HOLD, "connection refused"
    ),
    "without data of the fast guard the audited gate decides": Case(
        spec(), facts(fast=sample(arm(None), arm(None))), WON
    ),
    "what was not due holds": Case(spec(), facts(audited=None), HOLD, "error-rate, p95-latency"),
    "Prometheus away for a day holds (the aborted canaries of Argo and Flagger)": Case(
        spec(), facts(audited=AWAY, without_data_s=(("error-rate", 86400.0),)), HOLD, "Error"
    ),
    "NaN is not a pass (flagger#1098)": Case(
        spec(), facts(audited=sample(arm(1000), ArmSample(nan, nan, None))), HOLD, "no data"
    ),
    "NaN in a histogram is no data": Case(
        spec(LATENCY),
        facts(audited=sample(arm(99), ArmSample(99.0, 0.0, replace(histogram(99), counts=(nan,))))),
        HOLD,
        "no data of p95-latency",
    ),
    "NaN is inconclusive and not a failure (argo-rollouts#180)": Case(
        spec(ERRORS), facts(audited=sample(arm(1000), ArmSample(nan, 5.0))), HOLD, "NoData"
    ),
    "an empty vector is no data and no crash (argo-rollouts#1466)": Case(
        spec(), facts(audited=sample(arm(None), arm(None))), HOLD, "no data yet"
    ),
    "traffic that stops mid-analysis advances nothing (flagger#1011)": Case(
        spec(), facts(audited=sample(arm(1000), arm(0))), HOLD, "no data yet"
    ),
    "both sides empty are no equality (kayenta#700)": Case(
        spec(ERRORS), facts(audited=sample(arm(0), arm(0))), HOLD, "no data"
    ),
    "one metric of two without data holds (kayenta#330 mustHaveData)": Case(
        spec(), facts(audited=sample(arm(1000), ArmSample(1000.0, 0.0))), HOLD, "p95-latency"
    ),
    "few errors against none prove nothing (kayenta#426)": Case(
        spec(ERRORS), facts(audited=sample(arm(60), arm(60, 2))), WON
    ),
    "a control without errors leaves the candidate judgeable (kayenta#799)": Case(
        spec(ERRORS), facts(audited=sample(arm(5000), arm(5000, 60))), HARM, "1.5 x control"
    ),
    "a single failed request aborts nothing (Argo's fastest setting)": Case(
        spec(), facts(audited=sample(arm(1000), arm(1000, 1))), WON
    ),
    "too few requests near zero traffic hold (suna PR 3403)": Case(
        spec(), facts(audited=sample(arm(10), arm(10))), HOLD, "10 of 50 requests"
    ),
    "an inconclusive metric does not promote, however often it is looked at (argo-rollouts#3850)": (
        Case(spec(ERRORS), facts(audited=sample(arm(500), arm(500, 6))), HOLD, "may exceed")
    ),
    "all measurements failing never succeeds (argo-rollouts#4479)": Case(
        spec(), facts(audited=sample(arm(500), arm(500, 400, 900))), HARM
    ),
    "a sibling that passes does not hide a failure (argo-rollouts#2158)": Case(
        spec(LATENCY, ERRORS), facts(audited=sample(arm(500), arm(500, 250))), HARM, "error-rate"
    ),
    "p99 is judged as p95 is": Case(
        spec(Metric(name="p99-latency", abort_above="100")),
        facts(audited=sample(arm(1000), arm(1000, ms=300))),
        HARM,
        "p99-latency 330 ms",
    ),
    "a metric of the gateways is judged by their counters alone": Case(
        spec(ERRORS.model_copy(update={"source": MetricSource.GATEWAY})),
        facts(audited=AWAY, fast=sample(arm(1000), arm(1000))),
        WON,
    ),
    "abortBelow of an error rate is told to be no limit": Case(
        spec(Metric(name="error-rate", abort_below="0.1")), facts(), HOLD, "not abortBelow"
    ),
    "a Signal that is far beyond its limit decides nothing": Case(
        spec(SIGNAL, LATENCY), facts(audited=sample(arm(1000), arm(1000, 900))), WON
    ),
    "a Signal alone decides nothing": Case(spec(SIGNAL), facts(), HOLD, "no metric decides"),
    "no data is no harm before noDataGrace": Case(
        spec(ROLLS_BACK), facts(audited=sample(arm(None), arm(None))), HOLD
    ),
    "no data rolls back after noDataGrace where that is asked for": Case(
        spec(ROLLS_BACK),
        facts(audited=sample(arm(None), arm(None)), without_data_s=LONG),
        HARM,
        "onNoData is Rollback after noDataGrace 30m",
    ),
    "an outage is not the lack of data that rolls back": Case(
        spec(ROLLS_BACK), facts(audited=AWAY, without_data_s=LONG), HOLD
    ),
    "too few requests are not the lack of data that rolls back": Case(
        spec(ROLLS_BACK), facts(audited=sample(arm(9), arm(9)), without_data_s=LONG), HOLD
    ),
    "an experiment without traffic may go on where that is asked for (flagger#1353)": Case(
        spec(IGNORES), facts(audited=sample(arm(None), arm(None)), without_data_s=LONG), PROCEED
    ),
    "what is ignored lets the others win": Case(
        spec(IGNORES, LATENCY),
        facts(audited=sample(ArmSample(99.0, None, histogram(99)), arm(99)), without_data_s=LONG),
        WON,
    ),
    "a wait of NaN seconds is none": Case(
        spec(ROLLS_BACK),
        facts(audited=sample(arm(None), arm(None)), without_data_s=(("error-rate", nan),)),
        HOLD,
    ),
}

NUMBERS = {
    "a plain number within its limit passes": Case(spec(OWN), facts(values=(value(10, 11),)), WON),
    "one odd value aborts nothing": Case(
        spec(OWN), facts(values=(value(10, 99),)), HOLD, "once it stays there for 60 s"
    ),
    "a number that stays beyond its limit is harm": Case(
        spec(OWN),
        facts(values=(value(10, 13),), beyond_s=(("tokens", 60.0),)),
        HARM,
        "tokens 13 (control 10) is beyond 1.2 x control; limit 1.2 x control",
    ),
    "a number of too few requests is no harm": Case(
        spec(OWN),
        facts(audited=sample(arm(9), arm(9)), values=(value(1, 9),), beyond_s=(("tokens", 600.0),)),
        HOLD,
        "9 of 50 requests",
    ),
    "a number without known requests holds": Case(
        spec(OWN), facts(audited=None, values=(value(10, 10),)), HOLD, "are not known"
    ),
    "the provider's own message is shown": Case(
        spec(OWN), facts(values=(value(None, None, "parse error at char 7"),)), HOLD, "at char 7"
    ),
    "a control of 0 gives no ratio": Case(
        spec(OWN), facts(values=(value(0, 1),)), HOLD, "control is 0"
    ),
    "two zeros are equal": Case(spec(OWN), facts(values=(value(0, 0),)), WON),
    "a negative ratio says nothing": Case(spec(OWN), facts(values=(value(-1, 2),)), HOLD),
    "NaN of a query is no data": Case(spec(OWN), facts(values=(value(1, nan),)), HOLD, "no number"),
    "infinity of a query is no data": Case(spec(OWN), facts(values=(value(inf, 1),)), HOLD),
    "a query without an answer is no data": Case(spec(OWN), facts(), HOLD, "no number"),
    "a query that was not due holds": Case(spec(OWN), facts(audited=None), HOLD, "not looked at"),
    "abortBelow bounds from below": Case(
        spec(Metric(name="tokens", query="q", direction="Increase", abort_below="5")),
        facts(values=(value(10, 4),), beyond_s=(("tokens", 60.0),)),
        HARM,
        "beyond >= 5",
    ),
    "a number beyond its limit in both arms holds": Case(
        spec(Metric(name="tokens", query="q", direction="Increase", abort_below="5")),
        facts(values=(value(4, 4),), beyond_s=(("tokens", 60.0),)),
        HOLD,
        "and so is control",
    ),
    "a limit that both arms break hides none that the candidate breaks alone": Case(
        spec(Metric(name="tokens", query="q", abort_above="5", max_ratio="1.2")),
        facts(values=(value(6, 9),), beyond_s=(("tokens", 60.0),)),
        HARM,
        "beyond 1.2 x control",
    ),
    "where more is better, more is no harm": Case(
        spec(OWN.model_copy(update={"direction": Direction.INCREASE})),
        facts(values=(value(10, 99),), beyond_s=(("tokens", 60.0),)),
        WON,
    ),
    "where more is better, much less is harm": Case(
        spec(OWN.model_copy(update={"direction": Direction.INCREASE})),
        facts(values=(value(10, 5),), beyond_s=(("tokens", 60.0),)),
        HARM,
        "control / candidate <= 1.2",
    ),
}

LABELS = {
    "a goal that is reached wins": Case(
        spec(GOAL, ERRORS), facts(labels=BETTER), WON, "every goal is reached: accuracy Pass"
    ),
    "a goal that is not reached yet lets the exposure rise": Case(
        spec(GOAL),
        facts(labels=labels(users(3000, 0.90), users(3000, 0.91))),
        PROCEED,
        "is not proven to be better by 0.02 yet",
    ),
    "better, but by less than minImprovement, is no win": Case(
        spec(GOAL),
        facts(labels=labels(users(300_000, 0.90), users(300_000, 0.91))),
        PROCEED,
        "the estimate is below 0.02",
    ),
    "shuffled labels are rolled back by accuracy though no request fails": Case(
        spec(GOAL, ERRORS),
        facts(labels=labels(users(200, 0.90), users(200, 0.10))),
        HARM,
        "accuracy Fail: accuracy 0.1000 (200 users) (control 0.9000 (200 users)), -0.8000",
    ),
    "all wrong against all right is the clearest case": Case(
        spec(GOAL), facts(labels=labels(users(100, 1), users(100, 0))), HARM
    ),
    "all right on both sides is neither harm nor success": Case(
        spec(GOAL), facts(labels=labels(users(100, 1), users(100, 1))), PROCEED
    ),
    "a guardrail wholly beyond its margin is harm": Case(
        spec(KEEPS), facts(labels=labels(users(3000, 0.9), users(3000, 0.8))), HARM, "labels of the"
    ),
    "within the margin is proven by many users": Case(
        spec(KEEPS), facts(labels=labels(users(9000, 0.9), users(9000, 0.9))), WON
    ),
    "not significant is not the same as not worse": Case(
        spec(KEEPS),
        facts(labels=labels(users(200, 0.9), users(200, 0.9))),
        PROCEED,
        "is not proven to be not worse by more than 0.02 yet",
    ),
    "suspiciously worse holds": Case(
        spec(KEEPS),
        facts(labels=labels(users(1000, 0.9), users(1000, 0.84))),
        HOLD,
        "may be beyond",
    ),
    "accuracy under abortBelow is harm": Case(
        spec(Metric(name="accuracy", source="Labels", abort_below="0.85")),
        facts(labels=labels(users(3000, 0.7), users(3000, 0.7))),
        HARM,
        ">= 0.85",
    ),
    "accuracy over abortBelow passes": Case(
        spec(Metric(name="accuracy", source="Labels", abort_below="0.85")),
        facts(labels=BETTER),
        WON,
    ),
    "accuracy may be bounded by a ratio": Case(
        spec(Metric(name="accuracy", source="Labels", max_ratio="1.2")),
        facts(labels=labels(users(3000, 0.9), users(3000, 0.5))),
        HARM,
        "control / candidate <= 1.2",
    ),
    "many rows of few users are few (users and not requests are the unit)": Case(
        spec(GOAL), facts(labels=labels(users(20, 0.5, 500), users(20, 1, 500))), HOLD, "20 of 30"
    ),
    "young labels are not judged": Case(
        spec(GOAL), facts(labels=NO_LABELS), HOLD, "older than maturity 24h"
    ),
    "too few labels are not judged": Case(
        spec(GOAL),
        facts(labels=labels(users(99, 1), users(99, 0), candidate=log(labelled=9), control=FEW)),
        HOLD,
        "labels cover 0.3 of 1 % of the candidate's",
    ),
    "the store away holds a goal": Case(
        spec(GOAL, ERRORS), facts(labels=LabelSample(error="database is down")), HOLD, "is down"
    ),
    "the store away does not stop a canary that needs no labels": Case(
        spec(), facts(labels=LabelSample(error="database is down")), WON
    ),
    "the store away does not hide a failing candidate": Case(
        spec(GOAL, ERRORS),
        facts(labels=LabelSample(error="away"), audited=sample(arm(99), arm(99, 90))),
        HARM,
    ),
    "labels that were not due hold": Case(spec(GOAL), facts(), HOLD, "accuracy"),
    "sums that no users can have are no data": Case(
        spec(GOAL), facts(labels=labels(replace(users(99, 1), s=nan), users(99, 1))), HOLD, "value"
    ),
    "a Signal on labels decides nothing": Case(
        spec(GOAL.model_copy(update={"role": MetricRole.SIGNAL}), ERRORS),
        facts(labels=labels(users(3000, 0.9), users(3000, 0.1))),
        WON,
    ),
    "a win overall does not hide a loss in a class": Case(
        spec(SLICED),
        facts(labels=sliced("label=cs.AI", users(400, 0.9), users(400, 0.4))),
        HARM,
        "accuracy of label=cs.AI Fail",
    ),
    "a slice that was not asked for is not judged": Case(
        spec(KEEPS),
        facts(labels=sliced("label=cs.AI", users(400, 0.9), users(400, 0.4))),
        WON,
    ),
    "a slice of few users is shown and not judged": Case(
        spec(SLICED),
        facts(labels=sliced("segment=guests", users(29, 0.9), users(29, 0.1))),
        WON,
    ),
}

TRUST = {
    "a sample-ratio mismatch holds a win": Case(
        spec(GOAL),
        facts(labels=replace(BETTER, candidate=log(users=2400))),
        HOLD,
        "SampleRatioMismatch: 3000 users on control, 2400 on the candidate",
    ),
    "few users give no false alarm of their ratio (growthbook#75, mozilla/experimenter PR 16011)": (
        Case(
            spec(GOAL),
            facts(labels=replace(BETTER, control=log(users=9), candidate=log(users=2))),
            WON,
        )
    ),
    "a broken split is never read as a result (PostHog#84351)": Case(
        spec(GOAL), facts(labels=replace(BETTER, candidate=log(users=900))), HOLD, "srmAlpha"
    ),
    "users in both arms hold": Case(
        spec(GOAL), facts(labels=replace(BETTER, multiple=200)), HOLD, "200 of 5800 users"
    ),
    "a few users in both arms are tolerated": Case(
        spec(GOAL), facts(labels=replace(BETTER, multiple=20)), WON
    ),
    "a single contradiction holds and is counted": Case(
        spec(GOAL), facts(labels=replace(BETTER, contradictions=1)), HOLD, "1 predictions"
    ),
    "labels that come more often for one arm hold": Case(
        spec(GOAL),
        facts(labels=replace(BETTER, candidate=log(labelled=2000))),
        HOLD,
        "labels cover 66.7 % of the candidate's and 100.0 % of control's",
    ),
    "lost rows hold": Case(
        spec(GOAL), facts(labels=replace(BETTER, candidate=log(dropped=300))), HOLD, "9.1 %"
    ),
    "rows lost in one arm alone hold": Case(
        spec(GOAL), facts(labels=replace(BETTER, candidate=log(dropped=100))), HOLD, "of the gap"
    ),
    "a Model whose A/A self-test failed is held, even where every goal is reached": Case(
        spec(GOAL), facts(labels=BETTER, self_test="error-rate 51.0 %"), HOLD, "SelfTestFailed"
    ),
    "a self-test that failed holds without any labels too": Case(
        spec(), facts(self_test="error-rate 51.0 % (limit 11.5 %)"), HOLD, "51.0 % (limit 11.5 %)"
    ),
    "a guardrail's harm is not held back by distrust": Case(
        spec(GOAL, ERRORS),
        facts(labels=replace(BETTER, contradictions=9), audited=sample(arm(99), arm(99, 90))),
        HARM,
        "error-rate",
    ),
    "a goal's harm is held back by distrust": Case(
        spec(GOAL),
        facts(labels=labels(users(500, 0.9), users(500, 0.1), contradictions=9)),
        HOLD,
        "AssignmentContradicted",
    ),
}
CASES = GUARDRAILS | NUMBERS | LABELS | TRUST


@pytest.mark.requirement("ABT-12")
@pytest.mark.requirement("ABT-13")
@pytest.mark.requirement("ABT-16")
@pytest.mark.requirement("ABT-17")
@pytest.mark.requirement("ABT-18")
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_rulings(case: Case) -> None:
    found = judge(case.spec, case.facts, NOW)
    assert found.ruling is case.ruling, found.message
    assert case.says in found.message


def test_a_message_carries_value_limit_source_and_the_query_of_harm() -> None:
    found = judge(spec(), facts(audited=sample(arm(99), arm(99, 90))), NOW)
    assert found.message == (
        "error-rate Fail: error-rate 0.9091 (90 of 99) (control 0.0000 (0 of 99)) exceeds 0.10; "
        "limit 0.10; 1.5 x control; from Prometheus; query sum(errors)"
    )


def test_a_slice_of_few_users_is_measured_as_no_data() -> None:
    found = judge(spec(SLICED), LABELS["a slice of few users is shown and not judged"].facts, NOW)
    whole, part = found.measured
    assert (whole.slice, whole.outcome) == ("", Outcome.PASS)
    assert (part.slice, part.outcome) == ("segment=guests", Outcome.NO_DATA)
    assert part.message == "the candidate's arm has 29 of 30 users with mature labels"


def test_several_goals_share_alpha() -> None:
    """A goal that is reached alone may need more users beside another one."""
    other = GOAL.model_copy(update={"name": "satisfaction"})
    for size in range(200, 3000, 50):
        both = labels(users(size, 0.85), users(size, 0.89))
        pair = replace(
            both, metrics=(*both.metrics, replace(both.metrics[0], metric="satisfaction"))
        )
        alone = judge(spec(GOAL), facts(labels=both), NOW).ruling
        holm = judge(spec(GOAL, other), facts(labels=pair), NOW).ruling
        rule = DecisionRule(correction=Correction.BENJAMINI_HOCHBERG)
        found = judge(spec(GOAL, other, decision=rule), facts(labels=pair), NOW).ruling
        assert found is alone, "equal p-values stay as they are"
        if alone is WON and holm is not WON:
            return
    pytest.fail("the correction never mattered")


def test_the_last_seconds_condemn_a_candidate_that_has_become_worse() -> None:
    before = [sample(arm(100.0 * n), arm(100.0 * n)) for n in range(1, 100)]
    fails = [sample(arm(9900.0 + 100 * n), arm(9900.0 + 100 * n, 30.0 * n)) for n in range(1, 6)]
    found = judge(spec(ERRORS), facts(recent=(*before, *fails)), NOW)
    assert found.ruling is HARM
    assert "120 of 400 requests failed in the last 4 looks" in found.message
    assert judge(spec(ERRORS), facts(recent=tuple(before)), NOW).ruling is WON


def test_absent_and_beyond_metrics_are_named_for_the_clocks() -> None:
    found = judge(spec(ERRORS, OWN), facts(audited=AWAY, values=(value(1, 9),)), NOW)
    assert (found.absent, found.beyond) == (("error-rate",), ("tokens",))


@pytest.mark.parametrize("seed", range(20))
def test_equal_users_of_many_values_are_not_harmed(seed: int) -> None:
    given = labels(drawn(2000, 0.9, seed), drawn(2000, 0.9, seed + 1000))
    assert judge(spec(GOAL), facts(labels=given), NOW).ruling is not HARM


def test_correlated_values_of_a_user_do_not_count_as_many() -> None:
    """40 users of 500 equal values: 20,000 rows that would be significant were they users."""
    few = judge(spec(GOAL), facts(labels=labels(users(40, 0.5, 500), users(40, 0.6, 500))), NOW)
    many = judge(spec(GOAL), facts(labels=labels(users(20000, 0.5), users(20000, 0.6))), NOW)
    assert (few.ruling, many.ruling) == (PROCEED, WON)
