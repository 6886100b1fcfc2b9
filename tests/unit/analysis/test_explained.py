"""The page for people without statistics gives the numbers that the functions give."""

import random
import re
from collections.abc import Iterator
from math import sqrt

import pytest
from helm_chart import ROOT

from pharos_analysis.betting import evidence_above
from pharos_analysis.power import sequential_users_needed, users_needed
from pharos_analysis.sample_ratio import mismatch_e_value

PAGE = (ROOT / "docs" / "user" / "statistics.md").read_text()
NUMBER = r"([\d.,]+)"
COINS = re.findall(rf"^\| (\d+) \| (\d+) \| {NUMBER} \|", PAGE, re.MULTILINE)
USERS = re.findall(rf"^\| (0\.\d+) \| {NUMBER} \| {NUMBER} \|", PAGE, re.MULTILINE)
SPLITS = re.findall(rf"^\| (\d+) and (\d+) \| {NUMBER} \|", PAGE, re.MULTILINE)


def number(text: str) -> float:
    return float(text.replace(",", ""))


@pytest.mark.parametrize(("failed", "requests", "coins"), COINS)
def test_the_coin_is_worth_what_the_page_says(failed: str, requests: str, coins: str) -> None:
    assert round(evidence_above(int(failed), int(requests), 0.1), 2) == number(coins)


@pytest.mark.parametrize(("effect", "once", "always"), USERS)
def test_an_improvement_needs_the_users_that_the_page_says(
    effect: str, once: str, always: str
) -> None:
    variance = 2 * 0.88 * 0.12
    assert users_needed(variance, float(effect)) == number(once)
    assert sequential_users_needed(variance, float(effect)) == number(always)


@pytest.mark.parametrize(("one", "other", "coins"), SPLITS)
def test_a_split_is_as_strange_as_the_page_says(one: str, other: str, coins: str) -> None:
    value = mismatch_e_value((int(one), int(other)), (0.5, 0.5))
    assert value == pytest.approx(number(coins), abs=0.5 if value > 1000 else 0.005)


def test_looking_again_and_again_deceives_the_usual_test_and_not_the_bet() -> None:
    draw, once, peeking, betting = random.Random(1), 0, 0, 0
    for _ in range(400):
        looks = list(two_equal_versions(draw))
        seems_worse = [score(*look) > 1.645 for look in looks]
        won = [bad >= 5 and evidence_above(bad, seen, 0.1) >= 20 for bad, _, seen in looks]
        once, peeking, betting = (
            once + seems_worse[-1],
            peeking + any(seems_worse),
            betting + any(won),
        )
    assert (round(once / 4), round(peeking / 4)) == (6, 30)
    assert betting < 4
    assert "at the end | 6 in 100 |" in PAGE
    assert "every 10 requests | 30 in 100 |" in PAGE


def two_equal_versions(draw: random.Random) -> Iterator[tuple[int, int, int]]:
    """Failures of both versions, and requests of each, at every look from the 20th on."""
    candidate, control = 0, 0
    for seen in range(1, 1001):
        candidate += draw.random() < 0.1
        control += draw.random() < 0.1
        if seen >= 20 and seen % 10 == 0:
            yield candidate, control, seen


def score(candidate: int, control: int, seen: int) -> float:
    """The two-proportion z-score that textbooks give."""
    pooled = (candidate + control) / (2 * seen)
    deviation = sqrt(pooled * (1 - pooled) * 2 / seen)
    return (candidate - control) / seen / deviation if deviation else 0.0


def test_the_page_has_its_three_tables() -> None:
    assert (len(COINS), len(USERS), len(SPLITS)) == (8, 4, 4)
