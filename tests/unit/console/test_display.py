"""What the demonstration says while it waits."""

import io

import pytest
from rich.console import Console

from pharos_console.demo.display import Display
from pharos_console.errors import UsageError


@pytest.fixture
def paper() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def display(paper: io.StringIO) -> Display:
    return Display(Console(file=paper, highlight=False, width=200))


def test_a_line_starts_with_the_time(display: Display, paper: io.StringIO) -> None:
    display.say("cluster: starting")
    assert paper.getvalue() == "  0:00 cluster: starting\n"


def test_brackets_are_no_markup(display: Display, paper: io.StringIO) -> None:
    display.say("limit [bold] of [/x]")
    assert "limit [bold] of [/x]" in paper.getvalue()


def test_the_same_note_is_made_once(display: Display, paper: io.StringIO) -> None:
    for text in ("Training", "Training", "Evaluating"):
        display.note(text)
    assert [line.split()[-1] for line in paper.getvalue().splitlines()] == [
        "Training",
        "Evaluating",
    ]


def test_what_was_waited_for_comes_back(display: Display, paper: io.StringIO) -> None:
    assert display.wait("the run", lambda: 42, timeout_s=1) == 42
    assert paper.getvalue() == ""


def test_waiting_in_vain_tells_what_was_last_seen(display: Display, paper: io.StringIO) -> None:
    with pytest.raises(UsageError, match=r"the run did not happen within 0 s; last seen: Pending"):
        display.wait("the run", lambda: "Pending", timeout_s=0.01)
    assert "… the run: Pending" in paper.getvalue()


def test_a_failure_is_not_waited_out(display: Display) -> None:
    def look() -> str:
        raise UsageError("the run failed")

    with pytest.raises(UsageError, match="the run failed"):
        display.wait("the run", look, timeout_s=60)
