from dataclasses import dataclass

import pytest

from pharos_jobs.core.cleaning import clean_text, joined_text


@dataclass(frozen=True)
class Case:
    text: str
    clean: str


CASES = {
    "a URL is removed": Case("See https://example.com/a?b=1 there", "See there"),
    "an http URL is removed too": Case("See http://example.com there", "See there"),
    "inline math is removed": Case(r"the $\alpha + 1$ rule", "the rule"),
    "a LaTeX command with its argument is removed": Case(
        r"as \cite{x} and \emph{y} show", "as and show"
    ),
    "a command without braces stays": Case(r"the \alpha rule", r"the \alpha rule"),
    "spaces and line breaks become one space": Case("a \n\t b   c", "a b c"),
    "repeated full stops become one": Case("and so on...", "and so on."),
    "repeated exclamation marks become one": Case("wow!!! yes", "wow! yes"),
    "a space that a removal left before a full stop goes": Case("see http://a.b .", "see."),
    "marks that come together become one": Case(".. ..", "."),
    "two dollar prices swallow what is between them, as the rule says": Case("$5 or $6", "6"),
    "plain text stays": Case("Plain text, as it is.", "Plain text, as it is."),
    "an empty text stays empty": Case("", ""),
}


@pytest.mark.requirement("PRE-2")
@pytest.mark.requirement("PRE-8")
@pytest.mark.requirement("PRE-9")
@pytest.mark.requirement("PRE-10")
@pytest.mark.requirement("PRE-11")
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_clean_text(case: Case) -> None:
    assert clean_text(case.text) == case.clean


@pytest.mark.requirement("TST-3")
def test_text_cleaning() -> None:
    clean = clean_text("Check https://example.com and $\\alpha$ formula")
    assert "https://example.com" not in clean
    assert "$\\alpha$" not in clean


@pytest.mark.parametrize("text", [case.text for case in CASES.values()])
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    assert clean_text(clean_text(text)) == clean_text(text)


@pytest.mark.requirement("DBM-2")
@pytest.mark.parametrize(
    ("title", "body", "text"),
    [
        ("A title", "The abstract.", "A title. The abstract."),
        ("Why?", "Because.", "Why? Because."),
        ("", "Only a body.", "Only a body."),
        ("Only a title", "", "Only a title"),
    ],
)
def test_joined_text(title: str, body: str, text: str) -> None:
    assert joined_text(title, body) == text
