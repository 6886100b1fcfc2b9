"""Semantic Scholar against real HTTP: recorded answers where they are at hand, and our own."""

import json
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from answering import CUT, DROPPED, Answer, Asked, answering
from jobs_builders import abstract, step_input

from pharos_api.data import SemanticScholarSource
from pharos_api.jobio import ExitCode, FailureReason
from pharos_api.names import ENV_SEMANTIC_SCHOLAR_KEY
from pharos_api.trainingrun import StepName
from pharos_jobs import storage
from pharos_jobs.core.papers import Paper
from pharos_jobs.errors import Retryable, Terminal
from pharos_jobs.running import run_step
from pharos_jobs.sources.asking import questions
from pharos_jobs.sources.collector import Collector
from pharos_jobs.sources.opening import ENV_SEMANTIC_SCHOLAR_URL
from pharos_jobs.sources.pace import SEMANTIC_SCHOLAR, Limiter
from pharos_jobs.sources.patience import Waiting
from pharos_jobs.sources.polite import PoliteHttp
from pharos_jobs.sources.port import BEGINNING
from pharos_jobs.sources.semantic_scholar import KEY_HEADER, Filters, SemanticScholar

SHARED = Path(os.environ.get("PHAROS_SHARED", Path(__file__).parents[3] / ".." / "shared"))
RECORDED = SHARED / "data" / "api_samples" / "semantic_scholar"
KEY = "a-secret-key-of-forty-characters"
REQUEST = SemanticScholarSource.model_validate(
    {
        "queries": [{"label": "Plans", "query": "planning"}, {"label": "Arms", "query": "robot"}],
        "papersPerCategory": 25,
        "endDate": "2021-12-31",
    }
)
QUESTION = questions(REQUEST, "2026-01-01")[0]
BUSY = Answer(429, b'{"message": "Too Many Requests"}', {"Retry-After": "9"})
BROKEN = Answer(500)


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.slept_s: list[float] = []

    def sleep(self, delay_s: float) -> None:
        self.slept_s.append(delay_s)
        self.now_s += delay_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


class Scholar:
    """Gives the prepared answers in turn and remembers what it was asked."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self.answers, self.asked = list(answers), list[Asked]()

    def respond(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        return self.answers.pop(0)

    def tokens(self) -> list[str | None]:
        return [each.parameters.get("token") for each in self.asked]


def found(start: int, size: int, token: str | None, topic: str = "cs.AI") -> Answer:
    """A page of clean papers."""
    rows = [
        {
            "paperId": f"{topic}{n:040d}",
            "title": f"On number {n}",
            "abstract": abstract(topic, n),
            "authors": [{"authorId": "1", "name": "A. Author"}],
            "publicationDate": "2021-05-04" if n % 2 else None,
            "year": 2021,
            "citationCount": n,
            "influentialCitationCount": n // 10,
            "referenceCount": 12,
            "s2FieldsOfStudy": [
                {"category": "Biology", "source": "external"},
                {"category": "Biology", "source": "s2-fos-model"},
            ],
            "externalIds": {"DOI": f"10.1/{n}"},
        }
        for n in range(start, start + size)
    ]
    return Answer(body=json.dumps({"total": 500, "token": token, "data": rows}).encode())


def recorded(name: str, **changes: Any) -> Answer:
    path = RECORDED / name
    if not path.exists():
        pytest.skip(f"recorded answers are not at hand ({name}); set PHAROS_SHARED")
    status = int(path.stem.rsplit("_", 1)[1])
    body = {**json.loads(path.read_bytes()), **changes}
    return Answer(status, json.dumps(body).encode())


def source(url: str, clock: Clock, key: str | None = None, **filters: Any) -> SemanticScholar:
    limiter = Limiter(SEMANTIC_SCHOLAR, lambda: clock.now_s, clock.sleep)
    http = PoliteHttp("Semantic Scholar", limiter, headers={KEY_HEADER: key} if key else {})
    return SemanticScholar(http, Filters(**filters), url, key)


def collected(folder: Path, scholar: Scholar, clock: Clock, wanted: int = 25) -> list[Paper]:
    waiting = Waiting(clock.sleep, lambda: 0.1)
    with answering(scholar.respond) as url:
        collector = Collector(source(url, clock), folder.as_uri(), waiting)
        return collector.collect(QUESTION, wanted, lambda _: True)


@pytest.mark.requirement("FUT-2")
def test_recorded_pages_are_read_one_after_the_other(tmp_path: Path, clock: Clock) -> None:
    scholar = Scholar(
        [
            recorded("search_paper_next_page_1_200.json", token="second"),
            recorded("search_paper_next_page_2_200.json"),
        ]
    )
    papers = collected(tmp_path, scholar, clock, 10_000)
    assert scholar.tokens() == [None, "second"]
    assert len({p.id for p in papers}) == 200
    assert papers[4].title == "Neural Turing Machines"


@pytest.mark.requirement("FUT-2")
def test_recorded_fields_of_study_are_each_kept_once(tmp_path: Path, clock: Clock) -> None:
    scholar = Scholar([recorded("search_paper_fields_of_study_1_200.json")])
    papers = collected(tmp_path, scholar, clock, 100)
    assert papers[1].extra["fields_of_study"] == ["Computer Science", "Mathematics"]


def test_a_recorded_year_is_the_date_where_no_day_is_known(tmp_path: Path, clock: Clock) -> None:
    papers = collected(tmp_path, Scholar([recorded("search_paper_year_1_200.json")]), clock)
    assert {p.published for p in papers} == {"1936-01-01T00:00:00+00:00"}


RECORDED_ENDS = {
    "an empty page": ("empty_paginated_results_1_200.json", FailureReason.CATEGORY_EMPTY, "Plans"),
    "a field that is none": (
        "bad_query_parameters_1_400.json",
        FailureReason.INVALID_SPEC,
        "unsupported fields",
    ),
    "nothing there": ("not_found_1_404.json", FailureReason.INVALID_SPEC, "HTTP 404: Paper with"),
}


@pytest.mark.parametrize(("name", "reason", "says"), RECORDED_ENDS.values(), ids=RECORDED_ENDS)
def test_a_recorded_refusal_is_terminal(
    tmp_path: Path, clock: Clock, name: str, reason: FailureReason, says: str
) -> None:
    with pytest.raises(Terminal, match=says) as caught:
        collected(tmp_path, Scholar([recorded(name)]), clock)
    assert caught.value.reason is reason


@pytest.mark.requirement("FUT-2")
def test_citations_and_influence_stand_beside_the_paper(tmp_path: Path, clock: Clock) -> None:
    papers = collected(tmp_path, Scholar([found(20, 11, None)]), clock)
    row = papers[10].to_json()
    assert (row["citation_count"], row["influential_citation_count"]) == (30, 3)
    assert (row["reference_count"], row["external_ids"]) == (12, {"DOI": "10.1/30"})
    assert (row["published"], row["fields_of_study"]) == (
        *("2021-01-01T00:00:00+00:00", ["Biology"]),
    )


def test_what_is_asked_names_query_window_filters_and_fields(clock: Clock) -> None:
    scholar = Scholar([found(0, 1, None)])
    with answering(scholar.respond) as url:
        filters = {"fields_of_study": ("Biology", "Computer Science"), "min_citations": 5}
        source(url, clock, **filters).page(QUESTION, BEGINNING)
    asked = scholar.asked[0]
    assert asked.path == "/paper/search/bulk"
    assert asked.parameters["query"] == "(planning) -(robot)"
    assert asked.parameters["publicationDateOrYear"] == "2020-01-01:2021-12-31"
    assert asked.parameters["fieldsOfStudy"] == "Biology,Computer Science"
    assert asked.parameters["minCitationCount"] == "5"
    assert "influentialCitationCount" in asked.parameters["fields"]


def test_pages_are_asked_for_at_one_a_second(tmp_path: Path, clock: Clock) -> None:
    scholar = Scholar([found(0, 10, "b"), found(10, 10, "c"), found(20, 10, "d")])
    assert len(collected(tmp_path, scholar, clock)) == 30
    assert scholar.tokens() == [None, "b", "c"]
    assert 2 / clock.now_s <= 1


TROUBLES = {
    "a server error": ([BROKEN], [1.05]),
    "a dropped connection, then an error": ([Answer(DROPPED), BROKEN], [1.05, 2.1]),
    "an answer cut off": ([Answer(CUT, b'{"data": [')], [1.05]),
    "no JSON": ([Answer(200, b"<html>")], [1.05]),
    "asked for patience": ([BUSY], [9.0]),
    "three in a row": ([BROKEN] * 3, [1.05, 2.1, 4.2]),
}


@pytest.mark.parametrize(("troubles", "waits_s"), TROUBLES.values(), ids=TROUBLES)
def test_trouble_is_tried_again(
    tmp_path: Path, clock: Clock, troubles: list[Answer], waits_s: list[float]
) -> None:
    papers = collected(tmp_path, Scholar([*troubles, found(0, 30, None)]), clock)
    assert len(papers) == 30
    # A wait of the limiter can be as long as one between two tries; those come in their order.
    assert [s for s in clock.slept_s if s in waits_s][: len(waits_s)] == waits_s


def test_a_restart_goes_on_behind_the_last_saved_page(tmp_path: Path, clock: Clock) -> None:
    with pytest.raises(Retryable, match="Max retries exceeded: Semantic Scholar"):
        collected(tmp_path, Scholar([found(0, 10, "b"), *[Answer(DROPPED)] * 4]), clock)
    again = Scholar([found(10, 20, None)])
    assert len(collected(tmp_path, again, clock)) == 30
    assert again.tokens() == ["b"]


def test_a_token_that_is_not_taken_any_more_begins_again_and_counts_nothing_twice(
    tmp_path: Path, clock: Clock
) -> None:
    stale = Answer(400, b'{"error": "invalid token"}')
    scholar = Scholar([found(0, 10, "b"), stale, found(0, 20, "c"), found(20, 10, None)])
    assert len(collected(tmp_path, scholar, clock)) == 30
    assert scholar.tokens() == [None, "b", None, "c"]


def test_a_second_token_that_is_not_taken_is_a_refusal(tmp_path: Path, clock: Clock) -> None:
    stale = Answer(400, b'{"error": "invalid token"}')
    scholar = Scholar([found(0, 10, "b"), stale, found(0, 10, "c"), stale])
    with pytest.raises(Terminal, match="invalid token"):
        collected(tmp_path, scholar, clock)


KEYS = {
    "a key that is refused": (KEY, "Correct SEMANTIC_SCHOLAR_API_KEY"),
    "no key where one is needed": (None, "SEMANTIC_SCHOLAR_API_KEY environment variable not set"),
}


@pytest.mark.requirement("SEC-1")
@pytest.mark.parametrize(("key", "says"), KEYS.values(), ids=KEYS)
def test_a_missing_or_wrong_key_is_named_and_not_shown(
    clock: Clock, key: str | None, says: str
) -> None:
    refusal = Answer(403, json.dumps({"message": f"Forbidden {key}"}).encode())
    with answering(lambda _: refusal) as url, pytest.raises(Terminal, match=says) as caught:
        source(url, clock, key).page(QUESTION, BEGINNING)
    assert caught.value.reason is FailureReason.SOURCE_UNREADABLE
    assert KEY not in caught.value.message


@pytest.mark.requirement("SEC-1", "FUT-2")
def test_the_step_sends_the_key_in_a_header_and_writes_it_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    scholar = Scholar([found(0, 26, "b"), found(100, 26, "c", "cs.RO")])
    monkeypatch.setenv(ENV_SEMANTIC_SCHOLAR_KEY, KEY)
    told = {"source": {"semanticScholar": REQUEST.to_json()}}
    with answering(scholar.respond) as url, caplog.at_level(logging.DEBUG):
        monkeypatch.setenv(ENV_SEMANTIC_SCHOLAR_URL, url)
        result, code = run_step(step_input(tmp_path, StepName.COLLECT, data=told))
    assert (code, result.outputs["papers"]) == (ExitCode.OK, "52")
    assert {each.headers.get(KEY_HEADER) for each in scholar.asked} == {KEY}
    rows = list(storage.read_lines(result.outputs["rawUri"]))
    assert rows[20]["citation_count"] == 20
    written = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    assert KEY.encode() not in written
    assert KEY not in caplog.text + result.to_termination_message()


def test_a_paper_that_two_queries_found_is_left_out_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scholar = Scholar([found(0, 25, None), found(24, 25, None)])
    told = {"source": {"semanticScholar": REQUEST.to_json()}}
    with answering(scholar.respond) as url:
        monkeypatch.setenv(ENV_SEMANTIC_SCHOLAR_URL, url)
        result, _ = run_step(step_input(tmp_path, StepName.COLLECT, data=told))
    assert result.warnings == [
        "The source ended before 25 clean papers a category: Plans 24, Arms 24."
    ]
