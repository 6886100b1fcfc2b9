"""What pairs of a shadow, and a version alone, lead to; the plan; the clocks between two looks."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from decide_builders import NOW, after, arm, histogram, sample
from judging_builders import ERRORS, GOAL, KEEPS, LATENCY, OWN, facts, labels, spec, users, value

from pharos_analysis.alone import judge_alone, limits_of
from pharos_analysis.clocks import Clocks, advanced, timed
from pharos_analysis.judgement import Ruling
from pharos_analysis.judging import judge
from pharos_analysis.planning import plan
from pharos_analysis.samples import ArmSample, Facts, PairSample, Sample
from pharos_analysis.shadowing import judge_shadow
from pharos_api.decision import DecisionRule
from pharos_api.delivery import ProductionGuard, ShadowPlan

HARM, HOLD, WON = Ruling.HARM, Ruling.HOLD, Ruling.WON
FAST = {"control_latency": histogram(1000), "candidate_latency": histogram(1000)}
GOOD = PairSample(pairs=1000, agreed=930, labelled=100, only_control=4, only_candidate=6, **FAST)


@dataclass(frozen=True)
class Case:
    pairs: PairSample
    ruling: Ruling
    says: str = ""


PAIRS = {
    "enough pairs that agree win": Case(GOOD, WON, "agreement 0.9300 (930 of 1000)"),
    "too few pairs hold": Case(replace(GOOD, pairs=499, agreed=480), HOLD, "499 of 500 pairs"),
    "no pairs hold": Case(PairSample(), HOLD, "agreement none"),
    "other answers are harm": Case(replace(GOOD, agreed=700), HARM, "agreement 0.7000"),
    "a little under the limit holds": Case(
        replace(GOOD, agreed=795), HOLD, "more pairs are needed to tell"
    ),
    "right less often on the same requests is harm (McNemar)": Case(
        replace(GOOD, only_control=40, only_candidate=5), HARM, "control alone was right on 40"
    ),
    "right more often is none": Case(replace(GOOD, only_control=5, only_candidate=40), WON),
    "without labels the pairs still tell": Case(
        replace(GOOD, labelled=0, only_control=0, only_candidate=0), WON
    ),
    "a candidate that fails is harm though nobody saw it": Case(
        replace(GOOD, errors=300, agreed=690), HARM, "error-rate"
    ),
    "a few errors are none: control answered every pair": Case(
        replace(GOOD, errors=20, agreed=930), WON
    ),
    "slower on the same requests is harm": Case(
        replace(GOOD, candidate_latency=histogram(1000, 400)), HARM, "p95-latency"
    ),
    "latencies that are missing hold": Case(replace(GOOD, candidate_latency=None), HOLD, "no data"),
    "pairs that cannot be read hold": Case(replace(GOOD, error="store away"), HOLD, "store away"),
    "counts that cannot be are no crash": Case(
        PairSample(-5, 9, -1, -3, -4, -7), HOLD, "agreement none"
    ),
}


@pytest.mark.requirement("ABT-13")
@pytest.mark.parametrize("case", PAIRS.values(), ids=PAIRS.keys())
def test_pairs(case: Case) -> None:
    asked = spec(shadow=ShadowPlan(min_agreement="0.80"))
    found = judge_shadow(asked, Facts(pairs=case.pairs), NOW)
    assert found.ruling is case.ruling, found.message
    assert case.says in found.message


def test_a_shadow_has_a_limit_of_errors_even_where_none_is_given() -> None:
    found = judge_shadow(spec(GOAL), Facts(pairs=replace(GOOD, errors=900, agreed=100)), NOW)
    assert found.ruling is HARM
    assert "limit 0.10" in found.message


@dataclass(frozen=True)
class Copies:
    """What the gateways counted of production and of the copies, with or without pairs."""

    fast: Sample | None
    ruling: Ruling
    says: str = ""
    pairs: PairSample | None = GOOD
    recent: tuple[Sample, ...] = ()


def crashing_after(seconds: int) -> tuple[Sample, ...]:
    """A look a second, 25 copies each; for the last four every copy fails."""
    return tuple(
        sample(arm(25 * at), arm(25 * at, 25 * max(0, at - seconds))) for at in range(seconds + 5)
    )


COPIES = {
    "copies that fail are harm though no pair tells of them": Copies(
        sample(arm(200), arm(80, 80)), HARM, "error-rate 1.0000 (80 of 80)"
    ),
    "copies that fail are harm where there is no log": Copies(
        sample(arm(200), arm(80, 80)), HARM, "error-rate", pairs=None
    ),
    "copies that fail are harm where the log is away": Copies(
        sample(arm(200), arm(80, 80)), HARM, "error-rate", pairs=PairSample(error="store away")
    ),
    "a crash after five good minutes is seen by the last seconds": Copies(
        crashing_after(300)[-1], HARM, "has become worse", recent=crashing_after(300)[-129:]
    ),
    "four failed copies condemn nobody": Copies(sample(arm(200), arm(80, 4)), WON),
    "production that fails as well is no fault of the candidate's": Copies(
        sample(arm(200, 60), arm(80, 24)), WON
    ),
    "good copies without a log hold: a shadow needs its pairs": Copies(
        sample(arm(900), arm(900)), HOLD, "agreement none", pairs=None
    ),
    "gateways that cannot be read are no harm": Copies(Sample(error="refused"), WON),
    "what nobody has looked at is no harm": Copies(None, WON),
}


@pytest.mark.requirement("ABT-13")
@pytest.mark.parametrize("case", COPIES.values(), ids=COPIES.keys())
def test_copies_at_the_gateways(case: Copies) -> None:
    asked = spec(shadow=ShadowPlan(min_agreement="0.80"))
    seen = Facts(pairs=case.pairs, fast=case.fast, recent=case.recent)
    found = judge_shadow(asked, seen, NOW)
    assert found.ruling is case.ruling, found.message
    assert case.says in found.message


def test_of_errors_a_shadow_shows_one_number() -> None:
    crashed = Facts(pairs=GOOD, fast=sample(arm(200), arm(80, 80)))
    measured = [each.metric for each in judge_shadow(spec(), crashed, NOW).measured]
    assert sorted(measured) == sorted(set(measured))
    assert "error-rate" in measured


@dataclass(frozen=True)
class Alone:
    sample: Sample
    ruling: Ruling
    says: str = ""


NOBODY = ArmSample()
ALONE = {
    "production that keeps its limits goes on": Alone(sample(NOBODY, arm(500)), WON),
    "errors over 10 % take the version before back": Alone(
        sample(NOBODY, arm(500, 100)), HARM, "exceeds 0.10"
    ),
    "p95 over 500 ms takes the version before back": Alone(
        sample(NOBODY, arm(500, ms=900)), HARM, "exceeds 500 ms"
    ),
    "one failed request takes nothing back": Alone(sample(NOBODY, arm(60, 1)), WON),
    "no traffic is no harm and no success": Alone(sample(NOBODY, NOBODY), HOLD),
    "too little traffic is neither": Alone(sample(NOBODY, arm(20)), HOLD, "20 of 50"),
    "Prometheus away is neither": Alone(Sample(error="refused"), HOLD, "refused"),
}


@pytest.mark.requirement("RBK-2")
@pytest.mark.requirement("RBK-3")
@pytest.mark.parametrize("case", ALONE.values(), ids=ALONE.keys())
def test_a_version_alone(case: Alone) -> None:
    found = judge_alone(limits_of(ProductionGuard()), DecisionRule(), case.sample, NOW)
    assert found.ruling is case.ruling, found.message
    assert case.says in found.message


def test_the_old_versions_last_window_may_be_the_baseline() -> None:
    worse = sample(arm(2000, 10), arm(2000, 80))
    assert judge_alone([ERRORS, LATENCY, KEEPS], DecisionRule(), worse, NOW).ruling is HARM


def test_a_plan_says_what_is_needed_and_when_it_is_there() -> None:
    seen = labels(users(2000, 0.9), users(2000, 0.9))
    found = plan(spec(GOAL), facts(labels=seen), NOW, after(2 * 86400))
    assert found.required_users == pytest.approx(4200, rel=0.1)
    assert found.users == 2000
    assert found.ready == pytest.approx(after(2 * 86400 + 1.1 * 86400), abs=timedelta(hours=6))
    assert found.warning == ""


def test_a_plan_warns_where_max_duration_cannot_be_met() -> None:
    seen = labels(users(40, 0.9), users(40, 0.9))
    found = plan(spec(GOAL), facts(labels=seen), NOW, after(2 * 86400))
    assert "will not be there before maxDuration 14d ends" in found.warning
    assert found.warning.endswith("or ask for a larger minImprovement")


def test_a_plan_without_labels_assumes_the_greatest_variance() -> None:
    blind = plan(spec(GOAL), facts(), NOW, NOW)
    seen = plan(spec(GOAL), facts(labels=labels(users(99, 0.9), users(99, 0.9))), NOW, NOW)
    assert blind.required_users is not None
    assert seen.required_users is not None
    assert blind.required_users > 2 * seen.required_users
    assert (blind.users, blind.ready, blind.warning) == (0, None, "")


def test_a_plan_without_a_goal_needs_nobody() -> None:
    assert plan(spec(), facts(), NOW, after(60)).required_users is None


def test_a_plan_that_is_fulfilled_is_ready() -> None:
    seen = labels(users(90_000, 0.9), users(90_000, 0.9))
    found = plan(spec(GOAL), facts(labels=seen), NOW, after(20 * 86400))
    assert (found.ready, found.warning) == (after(20 * 86400), "")


def test_clocks_lead_from_an_odd_number_to_harm_and_are_dropped_where_it_ends() -> None:
    odd, fine = facts(values=(value(10, 99),)), facts(values=(value(10, 10),))
    clocks, asked = Clocks(), spec(OWN)
    for second, seen, ruling in ((0, odd, HOLD), (59, odd, HOLD), (60, odd, HARM), (61, fine, WON)):
        found = judge(asked, timed(seen, clocks, after(second)), after(second))
        assert found.ruling is ruling
        clocks = advanced(clocks, found, after(second))
    assert clocks == Clocks()


def test_a_metric_that_was_not_looked_at_keeps_its_clock() -> None:
    clocks = Clocks(absent=(("error-rate", NOW),), beyond=(("tokens", NOW),))
    unseen = judge(spec(ERRORS, OWN), facts(audited=None), after(5))
    assert advanced(clocks, unseen, after(5)) == clocks
    assert timed(facts(), clocks, after(5)).beyond_s == (("tokens", 5.0),)
