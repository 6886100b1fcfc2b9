"""What the last seconds say of a candidate that was well before."""

from dataclasses import dataclass
from math import nan

import numpy as np
import pytest

from pharos_analysis.recent import WINDOWS, WINDOWS_COST, windows, worsened
from pharos_analysis.samples import ArmSample, Sample

RATE = 25


@dataclass(frozen=True)
class Case:
    """Errors a second of each arm, after ``before`` seconds with one error in four each."""

    control: int
    candidate: int
    seconds: int
    condemned: bool
    before: int = 300


CASES = {
    "nothing new": Case(0, 0, 30, False),
    "30 % failing for 3 s after five healthy minutes": Case(0, 8, 3, True),
    "6 % failing for 20 s": Case(0, 2, 20, True),
    "a single second of two errors is chance": Case(0, 2, 1, False),
    "both arms failing alike is the platform's fault, not the candidate's": Case(8, 8, 30, False),
    "control failing is no fault of the candidate's": Case(8, 0, 30, False),
    "a candidate that fails from its first request": Case(0, 8, 5, True, before=0),
}


def looks(case: Case) -> list[Sample]:
    """A look a second, counts since the beginning; every fourth second each arm has one error."""
    control = candidate = 0
    found = [Sample(ArmSample(0.0, 0.0), ArmSample(0.0, 0.0))]
    for second in range(1, case.before + case.seconds + 1):
        faulty = second > case.before
        usual = int(second % 4 == 0)
        control += case.control if faulty else usual
        candidate += case.candidate if faulty else usual
        seen = float(RATE * second)
        found.append(Sample(ArmSample(seen, float(control)), ArmSample(seen, float(candidate))))
    return found


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_worsened(case: Case) -> None:
    assert (worsened(looks(case), 1.5, 0.05) is not None) is case.condemned


def test_the_window_says_what_it_rests_on() -> None:
    found = worsened(looks(CASES["30 % failing for 3 s after five healthy minutes"]), 1.5, 0.05)
    assert found is not None
    assert (found.looks, found.requests, found.errors) == (4, 4 * RATE, 25)
    assert found.usual == pytest.approx(75 / (303 * RATE))
    assert found.history >= WINDOWS_COST / 0.05
    assert found.concurrent >= 20**0.5


def test_a_second_without_counts_is_passed_over() -> None:
    gaps = looks(CASES["30 % failing for 3 s after five healthy minutes"])
    gaps[150] = Sample()
    gaps[200] = Sample(ArmSample(nan, nan), ArmSample(nan, nan))
    assert worsened(gaps, 1.5, 0.05) is not None


def test_no_look_or_one_is_no_window() -> None:
    assert windows([], 1.5) == ()
    assert worsened(looks(Case(0, 0, 1, False, before=0))[:1], 1.5, 0.05) is None


def test_the_last_129_looks_are_all_that_is_read_of_the_past() -> None:
    case = looks(CASES["6 % failing for 20 s"])
    assert windows(case[-max(WINDOWS) - 1 :], 1.5) == windows(case, 1.5)


@pytest.mark.parametrize("rate", [0.001, 0.01, 0.05])
def test_at_most_one_healthy_rollout_of_a_hundred_is_condemned(rate: float) -> None:
    draws = np.random.default_rng(23)
    condemned = 0
    for _ in range(30):
        counts = draws.poisson((RATE, RATE, RATE * rate, RATE * rate), (400, 4)).cumsum(axis=0)
        seen = [
            Sample(ArmSample(float(a), float(c)), ArmSample(float(b), float(d)))
            for a, b, c, d in counts
        ]
        condemned += any(
            worsened(seen[max(0, at - 129) : at], 1.5, 0.05) for at in range(5, 400, 2)
        )
    assert condemned == 0
