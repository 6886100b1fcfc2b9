"""How times and troubles are told to people."""

from datetime import UTC, datetime, timedelta

import pytest

from pharos_api.meta import Condition
from pharos_console.cli.status import ago, sentence, trouble

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)

SPANS = {
    "a moment": (timedelta(), "0s"),
    "under a minute": (timedelta(seconds=59), "59s"),
    "a minute": (timedelta(seconds=60), "1m"),
    "under an hour": (timedelta(minutes=59, seconds=59), "59m"),
    "an hour": (timedelta(hours=1), "1h"),
    "a day": (timedelta(hours=24), "1d"),
    "a fortnight": (timedelta(days=14, hours=5), "14d"),
    "clocks that disagree": (timedelta(seconds=-3), "0s"),
}


@pytest.mark.parametrize(("span", "wanted"), SPANS.values(), ids=SPANS.keys())
def test_a_span_is_told_in_its_largest_unit(span: timedelta, wanted: str) -> None:
    assert ago(NOW - span, NOW) == wanted


def test_a_moment_that_never_was_is_a_dash() -> None:
    assert ago(None, NOW) == "-"


def condition(type_: str, status: str) -> Condition:
    message = f"{type_} is {status}"
    return Condition(
        type=type_, status=status, reason="Because", message=message, last_transition_time=NOW
    )


TROUBLES = {
    "a condition that is False tells why": ([condition("Ready", "False")], "Ready is False"),
    "one that is Unknown does too": ([condition("Ready", "Unknown")], "Ready is Unknown"),
    "one that is True is no trouble": ([condition("Ready", "True")], ""),
    "another condition is not looked at": ([condition("Other", "False")], ""),
    "nothing is known yet": ([], ""),
}


@pytest.mark.parametrize(("conditions", "wanted"), TROUBLES.values(), ids=TROUBLES.keys())
def test_trouble_is_the_sentence_of_what_is_not_true(
    conditions: list[Condition], wanted: str
) -> None:
    assert trouble(conditions, "Ready") == wanted


def test_what_is_going_on_is_told_whatever_the_status() -> None:
    assert sentence([condition("Progressing", "True")], "Progressing") == "Progressing is True"
    assert sentence([], "Progressing") == ""
