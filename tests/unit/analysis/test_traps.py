"""Traps of other tools' statistics that no other test of the analysis is named after."""

import pytest
from decide_builders import BOUNDS_MS, NOW, arm, sample
from judging_builders import ERRORS, GOAL, LATENCY, facts, labels, spec, users
from scipy.stats import mannwhitneyu

from pharos_analysis.judgement import Ruling
from pharos_analysis.judging import judge
from pharos_analysis.power import USUAL, share_variance, users_needed
from pharos_analysis.samples import ArmSample, Histogram

CONTROL_RATES = [0.010, 0.012, 0.008, 0.011, 0.009, 0.010, 0.012, 0.009, 0.011, 0.010]
# One minute in three is bad, so the ranks of most minutes stay as they were.
CANDIDATE_RATES = [0.010, 0.008, 0.090, 0.011, 0.009, 0.095, 0.009, 0.008, 0.085, 0.010]
A_MINUTE = 300


def test_harm_in_some_minutes_that_ranks_miss_is_found_kayenta_780_spinnaker_6278() -> None:
    """Mann-Whitney compares ranks of minutes; each failed request counts here."""
    ranks = mannwhitneyu(CANDIDATE_RATES, CONTROL_RATES, alternative="greater")
    assert ranks.pvalue > 0.3
    minutes = len(CONTROL_RATES)
    control = arm(minutes * A_MINUTE, A_MINUTE * sum(CONTROL_RATES))
    candidate = arm(minutes * A_MINUTE, A_MINUTE * sum(CANDIDATE_RATES))
    found = judge(spec(ERRORS), facts(audited=sample(control, candidate)), NOW)
    assert found.ruling is Ruling.HARM


def test_harm_in_the_slowest_requests_that_ranks_miss_is_found_pipecd_2510() -> None:
    """One request in twelve takes 2 s instead of 20 ms: the middle of the ranks hardly moves."""
    counts = tuple(
        1000.0 if bound >= 2000 else 920.0 if bound >= 20 else 0.0 for bound in BOUNDS_MS
    )
    candidate = ArmSample(1000.0, 0.0, Histogram(BOUNDS_MS, counts))
    ranks = mannwhitneyu([20.0] * 25, [20.0] * 23 + [2000.0] * 2)
    assert ranks.pvalue > 0.1
    found = judge(spec(LATENCY), facts(audited=sample(arm(1000), candidate)), NOW)
    assert found.ruling is Ruling.HARM


def test_a_goal_far_exceeded_is_won_long_before_the_fixed_number_of_users_argo_1850() -> None:
    planned = users_needed(2 * share_variance(0.9), 0.02, USUAL)
    early = planned // 4
    better = labels(users(early, 0.88), users(early, 0.94))
    found = judge(spec(GOAL), facts(labels=better), NOW)
    assert found.ruling is Ruling.WON


LOOKS = {
    "good looks between the bad ones do not wipe the evidence (argo-rollouts#4792)": (60, 18),
    "a row of good looks after them does not either (argo-rollouts#3969)": (120, 18),
}


@pytest.mark.parametrize(("requests", "errors"), LOOKS.values(), ids=LOOKS)
def test_evidence_adds_up_over_looks_and_is_not_counted_in_rows(requests: int, errors: int) -> None:
    """Tools that count failed looks in a row forget them at the first good one."""
    given = sample(arm(requests), arm(requests, errors))
    assert judge(spec(ERRORS), facts(audited=given), NOW).ruling is Ruling.HARM


RATIOS = {
    "as many errors as control has pass": (100, Ruling.WON),
    "three times as many do not": (300, Ruling.HARM),
}


@pytest.mark.parametrize(("errors", "ruling"), RATIOS.values(), ids=RATIOS)
def test_the_limit_is_relative_to_the_concurrent_control_flagger_739(
    errors: int, ruling: Ruling
) -> None:
    relative = ERRORS.model_copy(update={"abort_above": None})
    given = sample(arm(10_000, 100), arm(10_000, errors))
    assert judge(spec(relative), facts(audited=given), NOW).ruling is ruling
