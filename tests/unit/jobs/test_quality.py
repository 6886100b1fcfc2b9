from dataclasses import dataclass

import pytest
from jobs_builders import abstract, paper

from pharos_jobs.core.papers import Paper, Sample
from pharos_jobs.core.quality import Rejection, is_english, to_sample, validate_sample

FIFTY = abstract("cs.AI", 1, words=50)
FORTY_NINE = abstract("cs.AI", 1, words=49)


@dataclass(frozen=True)
class Case:
    paper: Paper
    rejection: Rejection | None
    min_words: int = 50


CASES = {
    "an abstract of exactly 50 words is kept": Case(paper(abstract=FIFTY), None),
    "an abstract of 49 words is too short": Case(paper(abstract=FORTY_NINE), Rejection.TOO_SHORT),
    "a lower limit keeps it": Case(paper(abstract=FORTY_NINE), None, 20),
    "below ten words nothing is valid, whatever the limit": Case(
        paper(abstract="Too few words here."), Rejection.TOO_SHORT, 1
    ),
    "words of the title do not count": Case(
        paper(title=FIFTY, abstract=FORTY_NINE), Rejection.TOO_SHORT
    ),
    "no text at all": Case(paper(abstract=""), Rejection.EMPTY_TEXT),
    "nothing left after cleaning": Case(paper(abstract="https://a.b $x$"), Rejection.EMPTY_TEXT),
    "another script": Case(paper(abstract="это статья о планах " * 20), Rejection.NOT_ENGLISH),
    "a withdrawal notice": Case(
        paper(abstract="This paper has been withdrawn by the author. " * 10), Rejection.WITHDRAWN
    ),
    "words of the title do not count in a ready text either": Case(
        paper(title="A title", abstract="", text=f"A title. {FORTY_NINE}"), Rejection.TOO_SHORT
    ),
    "a ready text of 50 words behind its title": Case(
        paper(title="A title", abstract="", text=f"A title. {FIFTY}"), None
    ),
    "a source without abstracts": Case(paper(abstract="", text=FIFTY), None),
}


@pytest.mark.requirement("PRE-5")
@pytest.mark.requirement("PRE-14")
@pytest.mark.requirement("PRE-16")
@pytest.mark.requirement("SUC-3")
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_to_sample(case: Case) -> None:
    outcome = to_sample(case.paper, "cs.AI", case.min_words)
    if case.rejection is None:
        assert isinstance(outcome, Sample)
    else:
        assert outcome is case.rejection


@pytest.mark.requirement("PRE-15")
@pytest.mark.parametrize(
    ("text", "english"),
    [
        ("We study how agents plan and why they fail.", True),
        ("A naïve café model by Gödel still reads as English text overall here.", True),
        ("Мы изучаем планирование агентов", False),
        ("我们研究智能体如何规划", False),
        ("12 34 56 78 90 == ++ -- 11", False),
        ("xkcd brrr hmpf pfft grrr tsk shh pssst", False),
        ("", False),
    ],
)
def test_is_english(text: str, english: bool) -> None:
    assert is_english(text) is english


VALID = {"text": "ten words are just enough for a text to pass", "label": "a", "arxiv_id": "1"}
SAMPLES = {
    "a whole sample is valid": (VALID, None),
    "no text field": ({"label": "a", "arxiv_id": "1"}, "Missing field: text"),
    "no label field": ({"text": "x", "arxiv_id": "1"}, "Missing field: label"),
    "no id field": ({"text": "x", "label": "a"}, "Missing field: arxiv_id"),
    "an empty text": ({**VALID, "text": "  "}, "Empty text"),
    "an empty label": ({**VALID, "label": ""}, "Empty label"),
    "nine words": (
        {**VALID, "text": "one two three four five six seven eight nine"},
        "Text too short (<10 words)",
    ),
}


@pytest.mark.requirement("PRE-16")
@pytest.mark.requirement("ERR-9")
@pytest.mark.parametrize(("raw", "problem"), SAMPLES.values(), ids=SAMPLES.keys())
def test_validate_sample(raw: dict[str, object], problem: str | None) -> None:
    assert validate_sample(raw) == problem
