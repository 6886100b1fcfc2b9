"""What must hold of judgements, whatever was measured."""

import json
from dataclasses import replace
from math import inf, nan
from typing import Any

from decide_builders import NOW, arm, sample
from hypothesis import assume, given
from hypothesis import strategies as st
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
    spec,
    users,
)

from pharos_analysis.alone import judge_alone
from pharos_analysis.judgement import Judgement, Ruling
from pharos_analysis.judging import judge
from pharos_analysis.planning import plan
from pharos_analysis.record import Case, Context, Way, agrees, document, replayed
from pharos_analysis.samples import (
    ArmLog,
    ArmSample,
    Facts,
    Histogram,
    LabelledMetric,
    LabelSample,
    PairSample,
    QueryValue,
    Sample,
    UserTotals,
)
from pharos_analysis.shadowing import judge_shadow
from pharos_api.abexperiment import ABExperimentSpec, Outcome
from pharos_api.decision import Correction, DecisionRule
from pharos_api.metrics import Direction, Metric, MetricRole, MetricSource, Policy, Slice

WORST = (Ruling.WON, Ruling.PROCEED, Ruling.HOLD, Ruling.HARM)
numbers = st.one_of(
    st.sampled_from((nan, inf, -inf, -0.0, 0.0, -1.0, 1e-320, 1e308, 0.5, 40.0, 1000.0)),
    st.floats(),
)
anything = st.none() | numbers
counts = st.one_of(st.integers(-5, 5000), st.integers(-(10**20), 10**20))
texts = st.sampled_from(("", "away", "NaN", "{}\n\u2028"))
histograms = st.builds(
    Histogram,
    st.one_of(st.just((10.0, 100.0, inf)), st.lists(numbers, max_size=4).map(tuple)),
    st.lists(numbers, max_size=4).map(tuple),
)
arms = st.builds(ArmSample, anything, anything, st.none() | histograms, anything, anything)
queries = st.just((("candidate.errors", "q"),))
samples = st.builds(Sample, arms, arms, numbers, queries, texts, numbers, st.booleans())
totals = st.builds(UserTotals, counts, *(numbers,) * 5) | st.builds(
    users, st.integers(1, 5000), st.floats(0, 1), st.integers(1, 50)
)
logs = st.builds(ArmLog, counts, counts, counts, counts, counts) | st.just(log())
groups = st.sampled_from(("", "label=cs.AI", "segment=guests", "label=", "?"))
labelled = st.builds(
    LabelledMetric, st.sampled_from(("accuracy", "satisfaction")), totals, totals, groups
)
label_samples = st.builds(
    LabelSample,
    logs,
    logs,
    st.lists(labelled, max_size=5).map(tuple),
    st.just(0) | counts,
    st.just(0) | counts,
    texts,
    st.just((("accuracy", "q"),)),
    st.just("") | texts,
)
pair_samples = st.builds(
    PairSample, *(counts,) * 6, st.none() | histograms, st.none() | histograms, texts
)
query_values = st.builds(QueryValue, st.just("tokens"), anything, anything, texts, texts)
waits = st.lists(
    st.tuples(st.sampled_from(("error-rate", "tokens", "accuracy")), numbers), max_size=3
).map(tuple)
all_facts = st.builds(
    Facts,
    st.none() | samples,
    st.none() | samples,
    st.none() | label_samples,
    st.none() | pair_samples,
    st.lists(query_values, max_size=2).map(tuple),
    st.integers(0, 5000),
    waits,
    waits,
    st.lists(samples, max_size=7).map(tuple),
)
plausible_arms = st.builds(
    arm,
    st.integers(0, 9000).map(float),
    st.integers(0, 9).map(float),
    st.sampled_from((20.0, 21.0)),
)
plausible = st.builds(
    Facts,
    audited=st.builds(sample, plausible_arms, plausible_arms),
    fast=st.none() | st.builds(sample, plausible_arms, plausible_arms),
    labels=st.builds(
        labels,
        st.builds(users, st.integers(20, 9000), st.floats(0.8, 0.9)),
        st.builds(users, st.integers(20, 9000), st.floats(0.88, 1)),
    ),
)
decimals = st.sampled_from(("0", "0.0", "0.02", "0.1", "1", "1.5", "500", "1e-400", "1e999"))
policies = st.sampled_from(Policy)


@st.composite
def metrics(draw: st.DrawFn) -> Metric:
    """Any metric that the types take, sensible or not."""
    name = draw(st.sampled_from(("error-rate", "p95-latency", "p99-latency", "accuracy", "tokens")))
    limit = st.none() | decimals
    given: dict[str, Any] = {
        "name": name,
        "role": draw(st.sampled_from(MetricRole)),
        "source": MetricSource.LABELS
        if name == "accuracy"
        else draw(st.sampled_from((MetricSource.PROMETHEUS, MetricSource.GATEWAY))),
        "direction": draw(st.none() | st.sampled_from(Direction)),
        "slices": draw(st.none() | st.just(list(Slice))),
        "on_no_data": draw(policies),
        "on_error": draw(policies),
    }
    for field in ("min_improvement", "margin", "max_ratio", "abort_above", "abort_below"):
        given[field] = draw(limit)
    return Metric(**given)


@st.composite
def specs(draw: st.DrawFn) -> ABExperimentSpec:
    """Any experiment."""
    rule = DecisionRule(
        alpha=draw(st.sampled_from(("0.05", "0", "0.5", "1e-400", "9"))),
        power=draw(st.sampled_from(("0.8", "0.1", "0.999", "0"))),
        min_requests=draw(st.integers(1, 200)),
        min_users=draw(st.integers(2, 200)),
        correction=draw(st.sampled_from(Correction)),
    )
    return spec(*draw(st.lists(metrics(), min_size=1, max_size=4)), decision=rule)


def severity(found: Judgement) -> int:
    return WORST.index(found.ruling)


@given(specs(), all_facts)
def test_there_is_a_judgement_of_anything_and_it_is_always_the_same(
    asked: ABExperimentSpec, seen: Facts
) -> None:
    found = judge(asked, seen, NOW)
    assert found.message
    assert found == judge(asked, seen, NOW)
    assert plan(asked, seen, NOW, NOW).users >= 0


@given(specs(), pair_samples, samples)
def test_pairs_and_a_version_alone_are_judged_whatever_they_are(
    asked: ABExperimentSpec, pairs: PairSample, seen: Sample
) -> None:
    assert judge_shadow(asked, Facts(pairs=pairs), NOW).message
    assert judge_alone(asked.metrics, asked.decision, seen, NOW).message


@given(st.lists(st.sampled_from((ERRORS, LATENCY, GOAL, KEEPS)), min_size=1, max_size=3), plausible)
def test_won_needs_a_pass_of_every_goal_and_nothing_that_fails(
    asked: list[Metric], seen: Facts
) -> None:
    found = judge(spec(*asked), seen, NOW)
    if found.ruling is not Ruling.WON:
        return
    deciding = [m for m in found.measured if m.role is not MetricRole.SIGNAL]
    assert not found.distrust
    assert any(m.outcome is Outcome.PASS for m in deciding)
    assert all(m.outcome is not Outcome.FAIL for m in deciding)
    goals = [m for m in deciding if m.role is MetricRole.GOAL and not m.slice]
    assert all(m.outcome is Outcome.PASS for m in goals)


@given(specs(), all_facts)
def test_no_data_never_wins(asked: ABExperimentSpec, seen: Facts) -> None:
    empty = Facts(
        audited=Sample(), labels=LabelSample(), values=(), without_data_s=seen.without_data_s
    )
    assert judge(asked, empty, NOW).ruling is not Ruling.WON
    assert judge(asked, Facts(), NOW).ruling is not Ruling.WON


OTHERS = (
    LATENCY.model_copy(update={"name": "p50-latency"}),
    GOAL.model_copy(update={"name": "satisfaction"}),
    OWN.model_copy(update={"name": "low-confidence"}),
)


@given(specs(), all_facts, st.sampled_from(OTHERS))
def test_a_signal_never_changes_the_ruling(
    asked: ABExperimentSpec, seen: Facts, metric: Metric
) -> None:
    signal = metric.model_copy(update={"role": MetricRole.SIGNAL})
    more = asked.model_copy(update={"metrics": [*asked.metrics, signal]})
    without, shown = judge(asked, seen, NOW), judge(more, seen, NOW)
    assert (without.ruling, without.message) == (shown.ruling, shown.message)


@given(st.integers(50, 100_000), st.integers(0, 500), st.integers(0, 500), st.integers(1, 500))
def test_more_failed_requests_never_make_it_better(
    requests: int, errors: int, other: int, more: int
) -> None:
    assume(errors + more <= requests)
    control = arm(float(requests), float(min(other, requests)))
    asked = spec(ERRORS)
    fewer = judge(asked, facts(audited=sample(control, arm(requests, errors))), NOW)
    worse = judge(asked, facts(audited=sample(control, arm(requests, errors + more))), NOW)
    assert severity(worse) >= severity(fewer)


@given(st.integers(40, 20_000), st.floats(0.05, 0.95), st.floats(0, 1), st.floats(0, 1))
def test_fewer_right_answers_never_make_it_better(
    count: int, base: float, one: float, other: float
) -> None:
    low, high = sorted((one, other))
    old = users(count, base)
    for metric in (GOAL, KEEPS):
        better = judge(spec(metric), facts(labels=labels(old, users(count, high))), NOW)
        worse = judge(spec(metric), facts(labels=labels(old, users(count, low))), NOW)
        assert severity(worse) >= severity(better)


@given(st.integers(1, 10_000), st.floats(0, 0.09), st.integers(30, 3000), st.integers(0, 10**6))
def test_identical_arms_are_no_harm_whichever_is_which(
    requests: int, rate: float, people: int, seed: int
) -> None:
    one = arm(float(requests), float(int(requests * rate)))
    same = drawn(people, 0.9, seed)
    sums = replace(
        labels(same, same),
        metrics=(
            LabelledMetric("accuracy", same, same),
            LabelledMetric("accuracy", same, same, "label=cs.AI"),
        ),
    )
    asked = spec(ERRORS, LATENCY, SLICED, GOAL.model_copy(update={"name": "satisfaction"}))
    found = judge(asked, facts(audited=sample(one, one), fast=sample(one, one), labels=sums), NOW)
    assert found.ruling is not Ruling.HARM


@given(specs(), all_facts)
def test_an_outage_of_everything_alone_is_never_harm_by_default(
    asked: ABExperimentSpec, seen: Facts
) -> None:
    held = [
        metric.model_copy(update={"on_error": Policy.HOLD, "on_no_data": Policy.HOLD})
        for metric in asked.metrics
    ]
    away = Facts(
        audited=Sample(error="away"),
        labels=LabelSample(error="away"),
        values=tuple(replace(one, error="away") for one in seen.values),
        without_data_s=seen.without_data_s,
        beyond_s=seen.beyond_s,
    )
    assert judge(asked.model_copy(update={"metrics": held}), away, NOW).ruling is Ruling.HOLD


@given(specs(), all_facts, st.sampled_from((Way.ARMS, Way.PAIRS)))
def test_a_record_of_anything_is_replayed_to_the_same_judgement(
    asked: ABExperimentSpec, seen: Facts, way: Way
) -> None:
    case = Case(way, seen, NOW, asked)
    judged = judge(asked, seen, NOW) if way is Way.ARMS else judge_shadow(asked, seen, NOW)
    written = json.dumps(document(case, judged, Context("x", "u", "Hold", "")), allow_nan=False)
    assert replayed(json.loads(written)) == judged
    assert agrees(json.loads(written)) == []
