"""Requests that must be late by what was sent and what is in flight, and what follows from them."""

from dataclasses import dataclass, replace
from math import inf, nan

import numpy as np
import pytest
from decide_builders import NOW, arm, sample
from judging_builders import ERRORS, LATENCY, facts, spec

from pharos_analysis.fast import by_counters
from pharos_analysis.finding import Standing
from pharos_analysis.judgement import Ruling
from pharos_analysis.judging import judge
from pharos_analysis.samples import ArmSample, Facts, PairSample, Sample
from pharos_analysis.shadowing import judge_shadow
from pharos_analysis.unanswered import hanging
from pharos_api.metrics import Metric

RATE, LATENCY_S = 25, 0.04
AGE_S, SHARE, ALPHA = 2.5, 0.05, 0.05


@dataclass(frozen=True)
class Case:
    """Shares of the requests of (control, candidate) that hang after ``before`` good seconds.

    ``rate`` is that of the requests a second of each arm, ``usual`` how many are always in flight.
    Before ``quiet`` seconds there are none at all.
    """

    control: float
    candidate: float
    seconds: int
    condemned: bool
    before: int = 300
    rate: int = RATE
    usual: int = 1
    quiet: int = 0


CASES = {
    "nothing hangs": Case(0, 0, 30, condemned=False),
    "a candidate that hangs from its first request shows after four seconds": Case(
        0, 1, 4, condemned=True, before=0, quiet=2
    ),
    "one that hangs after five good minutes shows as soon": Case(0, 1, 4, condemned=True),
    "and after a good day": Case(0, 1, 4, condemned=True, before=86_400),
    "a breath of three seconds condemns nobody": Case(0, 1, 3, condemned=False),
    "a fifth that hangs shows after half a minute": Case(0, 0.2, 30, condemned=True),
    "one in twenty is what p95 allows": Case(0, 0.05, 25, condemned=False),
    "both arms hanging alike is the platform's fault, not the candidate's": Case(
        1, 1, 25, condemned=False
    ),
    "control hanging is no fault of the candidate's": Case(1, 0, 25, condemned=False),
    "slow answers are no hang, however many are in flight": Case(
        0, 0, 30, condemned=False, usual=40
    ),
    "a trickle of requests shows when five of them must be late": Case(
        0, 1, 11, condemned=True, rate=1, usual=0
    ),
    "and not before": Case(0, 1, 7, condemned=False, rate=1, usual=0),
}


def looks(case: Case) -> list[Sample]:
    """The last 129 looks, a second apart; what hangs is never answered."""
    last = case.quiet + case.before + case.seconds
    return [look(case, second) for second in range(max(0, last - 128), last + 1)]


def look(case: Case, second: int) -> Sample:
    asked = max(0, second - case.quiet)

    def seen(share: float) -> ArmSample:
        hung = round(share * case.rate * max(0, asked - case.before))
        sent = float(case.rate * asked)
        usual = min(case.usual, case.rate * asked - hung)
        return ArmSample(sent - usual - hung, 0.0, None, sent, float(usual + hung))

    return Sample(seen(case.control), seen(case.candidate), float(second), took_s=0.01)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_hanging(case: Case) -> None:
    assert (hanging(looks(case), AGE_S, SHARE, ALPHA) is not None) is case.condemned


HUNG = looks(CASES["one that hangs after five good minutes shows as soon"])


def test_what_is_said_is_a_lower_bound_and_where_it_lies() -> None:
    found = hanging(HUNG, AGE_S, SHARE, ALPHA)
    assert found is not None
    assert (found.unanswered, found.sent, found.since_s) == (25, 50, 299)
    assert found.control == 1
    assert found.evidence >= 20
    assert found.concurrent >= 20**0.5


def test_where_a_gateway_was_not_read_no_window_begins() -> None:
    unread = [replace(each, partial=True) for each in HUNG]
    assert hanging(unread, AGE_S, SHARE, ALPHA) is None
    assert hanging([*HUNG[:-1], unread[-1]], AGE_S, SHARE, ALPHA) is not None


def test_looks_that_took_long_are_younger_than_they_seem() -> None:
    assert hanging([replace(each, took_s=0.6) for each in HUNG], AGE_S, SHARE, ALPHA) is None


NO_TIMES = [replace(each, window_s=wrong) for each in HUNG for wrong in (nan, inf, -inf)]


@pytest.mark.parametrize(
    "nothing", [[], HUNG[-1:], [Sample()], [sample(arm(9), arm(9))] * 9, NO_TIMES]
)
def test_without_counts_there_is_no_window(nothing: list[Sample]) -> None:
    assert hanging(nothing, AGE_S, SHARE, ALPHA) is None


WELL = sample(arm(7500), arm(7475))
P99 = Metric(name="p99-latency", max_ratio="1.2")


@pytest.mark.parametrize(
    ("metric", "condemned"),
    [
        (LATENCY, True),
        (P99, True),
        (Metric(name="p95-latency", abort_above="3500"), False),
        (ERRORS, False),
    ],
    ids=["p95", "a ratio against control's", "a limit that nobody has waited for yet", "errors"],
)
def test_a_hang_counts_against_limits_of_latency(metric: Metric, condemned: bool) -> None:
    found = by_counters(metric, spec(metric), Facts(fast=WELL, recent=tuple(HUNG)), NOW)
    assert found is not None
    assert (found.standing is Standing.HARM) is condemned


def test_a_ratio_needs_latencies_of_control() -> None:
    unknown = replace(WELL, control=ArmSample(7500, 0))
    found = by_counters(P99, spec(P99), Facts(fast=unknown, recent=tuple(HUNG)), NOW)
    assert found is not None
    assert found.standing is not Standing.HARM


def test_a_candidate_that_hangs_is_harm_with_the_number_that_must_wait() -> None:
    seen = facts(fast=WELL, recent=tuple(HUNG))
    found = judge(spec(), seen, NOW)
    assert found.ruling is Ruling.HARM
    assert "at least 25 of 50 requests have had no answer for more than 2.5 s" in found.message
    assert "limit 500" in found.message


def test_a_candidate_that_hangs_in_the_shadow_is_harm_though_it_leaves_no_pairs() -> None:
    seen = Facts(pairs=PairSample(), fast=WELL, recent=tuple(HUNG))
    found = judge_shadow(spec(), seen, NOW)
    assert found.ruling is Ruling.HARM
    assert "no answer" in found.message


@pytest.mark.parametrize("waits_s", [3.0, 10.0, 29.0])
def test_of_candidates_on_the_limit_fewer_than_alpha_are_condemned(waits_s: float) -> None:
    """5 % of the requests hang for ``waits_s``; control never does, the worst that there is."""
    draws = np.random.default_rng(int(waits_s))
    condemned = 0
    for _ in range(60):
        sent = draws.poisson(RATE, 300)
        hung = draws.binomial(sent, SHARE)
        total, late = sent.cumsum(), hung.cumsum()
        gone = np.concatenate([np.zeros(int(waits_s), dtype=int), late])[: len(late)]
        seen = [
            Sample(
                ArmSample(0, 0, None, float(n), 0.0), ArmSample(0, 0, None, float(n), float(f)), s
            )
            for s, (n, f) in enumerate(zip(total, late - gone, strict=True))
        ]
        condemned += any(
            hanging(seen[max(0, at - 129) : at], AGE_S, SHARE, ALPHA) for at in range(5, 300, 2)
        )
    assert condemned <= 60 * ALPHA
