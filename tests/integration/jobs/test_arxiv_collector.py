"""The collector against real HTTP: recorded answers where they are at hand, and our own."""

import logging
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import arxiv
import pytest
from answering import Answer
from arxiv_server import ArxivServer, arxiv_server, page

from pharos_api.data import ArxivSource
from pharos_api.jobio import FailureReason
from pharos_jobs.errors import Retryable, Terminal
from pharos_jobs.sources.arxiv import ArxivCollector, Surroundings
from pharos_jobs.sources.arxiv_client import TIMEOUT_S

SHARED = Path(os.environ.get("PHAROS_SHARED", Path(__file__).parents[3] / ".." / "shared"))
RECORDED = SHARED / "data" / "api_samples" / "arxiv"
BUSY = Answer(503, headers={"Retry-After": "7"})
BROKEN = Answer(500)
GONE = Answer(0)
SILENT = Answer(-1)


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


def surroundings(server: ArxivServer, clock: Clock, **changes: Any) -> Surroundings:
    given = Surroundings(
        api_url=server.url,
        clock_s=lambda: clock.now_s,
        sleep=clock.sleep,
        jitter=lambda: 0.1,
        page_size=10,
    )
    return replace(given, **changes)


def collector(folder: Path, server: ArxivServer, clock: Clock, size: int = 10) -> ArxivCollector:
    return ArxivCollector(str(folder), surroundings(server, clock, page_size=size))


def recorded(name: str) -> Answer:
    path = RECORDED / name
    if not path.exists():
        pytest.skip(f"recorded arXiv answers are not at hand ({name}); set PHAROS_SHARED")
    return Answer(400 if "_400" in name else 200, path.read_bytes())


@pytest.mark.requirement("COL-15")
@pytest.mark.requirement("DBM-1")
def test_a_recorded_page_reads_as_papers(tmp_path: Path, clock: Clock) -> None:
    with arxiv_server(recorded("search_page_200.xml")) as server:
        papers = collector(tmp_path, server, clock).collect_papers_by_category("cs.SE", 10)
    assert len(papers) == 10
    first = papers[0].to_json()
    assert first["arxiv_id"] == "2202.12139"
    assert first["primary_category"] == "cs.SE"
    assert first["categories"] == ["cs.SE", "cs.LG"]
    assert first["authors"] == ["Mohit Kumar Ahuja", "Arnaud Gotlieb", "Helge Spieker"]
    assert first["published"].startswith("2022-02-24T15:05:19")
    assert first["pdf_url"] == "https://arxiv.org/pdf/2202.12139v1"
    assert {"abstract", "updated", "comment", "journal_ref"} <= first.keys()


@pytest.mark.requirement("DBM-1")
def test_a_paper_has_every_field(tmp_path: Path, clock: Clock) -> None:
    with arxiv_server(page("cs.AI", 7, 1, 1)) as server:
        (paper,) = collector(tmp_path, server, clock).collect_papers_by_category("cs.AI", 1)
    row = paper.to_json()
    assert {name: type(row[name]) for name in FIELDS} == FIELDS
    assert (row["arxiv_id"], row["title"]) == ("2202.00007", "On cs.AI number 7")
    assert row["published"] == "2022-02-24T15:05:19+00:00"
    assert row["pdf_url"] == "https://arxiv.org/pdf/2202.00007v2"
    assert (row["categories"], row["primary_category"]) == (["cs.AI"], "cs.AI")


FIELDS = {
    "arxiv_id": str,
    "title": str,
    "abstract": str,
    "authors": list,
    "categories": list,
    "primary_category": str,
    "published": str,
    "updated": str,
    "pdf_url": str,
    "comment": type(None),
    "journal_ref": type(None),
}


@pytest.mark.requirement("COL-2", "COL-3")
def test_by_default_papers_since_2020_are_saved_below_data_raw_arxiv(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with arxiv_server(page("cs.AI", 0, 10, 10)) as server:
        ArxivCollector(surroundings=surroundings(server, clock)).collect_papers_by_category("cs.AI")
    assert "submittedDate:[202001010000 TO " in server.asked[0]["search_query"]
    assert (tmp_path / "data" / "raw" / "arxiv" / "cs.AI" / "page-00000.json").is_file()


@pytest.mark.requirement("ERR-4")
def test_an_answer_that_never_comes_is_given_up_and_asked_for_again(
    tmp_path: Path, clock: Clock
) -> None:
    with arxiv_server(SILENT, page("cs.AI", 0, 10, 10)) as server:
        world = surroundings(server, clock, timeout_s=0.2)
        papers = ArxivCollector(str(tmp_path), world).collect_papers_by_category("cs.AI", 10)
    assert len(papers) == 10
    assert len(server.asked) == 2
    assert TIMEOUT_S == Surroundings().timeout_s == 60


def test_an_old_style_id_keeps_its_archive(tmp_path: Path, clock: Clock) -> None:
    with arxiv_server(recorded("id_list_old_style_200.xml")) as server:
        papers = collector(tmp_path, server, clock).collect_papers_by_category("astro-ph", 1)
    assert papers[0].id == "astro-ph/0601001"


@pytest.mark.parametrize("status", [200, 400])
def test_a_recorded_refusal_is_terminal(tmp_path: Path, clock: Clock, status: int) -> None:
    answer = Answer(status, recorded("error_malformed_id_400.xml").body)
    with arxiv_server(answer) as server, pytest.raises(Terminal) as caught:
        collector(tmp_path, server, clock).collect_papers_by_category("cs.SE", 10)
    assert caught.value.reason is FailureReason.INVALID_SPEC


def test_a_recorded_empty_answer_is_an_empty_category(tmp_path: Path, clock: Clock) -> None:
    answer = recorded("id_list_unknown_empty_200.xml")
    with (
        arxiv_server(answer) as server,
        pytest.raises(Terminal, match=r"no papers for cs\.XX") as e,
    ):
        collector(tmp_path, server, clock).collect_balanced_dataset(["cs.XX"], 10)
    assert e.value.reason is FailureReason.CATEGORY_EMPTY


@pytest.mark.requirement("COL-1")
@pytest.mark.requirement("COL-3")
@pytest.mark.requirement("COL-6")
@pytest.mark.requirement("TST-1")
def test_pages_are_asked_for_at_the_pace(tmp_path: Path, clock: Clock) -> None:
    pages = [page("cs.AI", start, 10, 100) for start in (0, 10, 20)]
    with arxiv_server(*pages) as server:
        papers = collector(tmp_path, server, clock).collect_papers_by_category("cs.AI", 25)
    assert [asked["start"] for asked in server.asked] == ["0", "10", "20"]
    assert len(papers) == 30
    assert clock.now_s == 6.0


@pytest.mark.requirement("COL-1")
@pytest.mark.requirement("COL-8")
@pytest.mark.requirement("ERR-1")
@pytest.mark.requirement("ERR-2")
@pytest.mark.requirement("ERR-4")
@pytest.mark.parametrize(
    ("troubles", "waits_s"),
    [
        ([BROKEN], [1.05]),
        ([GONE, BROKEN], [1.05, 2.1]),
        ([BUSY], [7.0]),
        ([BROKEN] * 3, [1.05, 2.1, 4.2]),
    ],
    ids=["a server error", "a dropped connection, then an error", "asked for patience", "three"],
)
def test_trouble_is_tried_again(
    tmp_path: Path,
    clock: Clock,
    troubles: list[Answer],
    waits_s: list[float],
    caplog: pytest.LogCaptureFixture,
) -> None:
    with arxiv_server(*troubles, page("cs.AI", 0, 10, 10)) as server:
        papers = collector(tmp_path, server, clock).collect_papers_by_category("cs.AI", 10)
    assert len(papers) == 10
    assert [s for s in clock.slept_s if s in waits_s] == waits_s
    what = "Rate limit hit" if troubles == [BUSY] else "arXiv did not answer"
    told = [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]
    assert told == [f"{what}, waiting {wait:.1f}s..." for wait in waits_s]


@pytest.mark.requirement("COL-8")
@pytest.mark.requirement("ERR-2")
def test_after_three_more_tries_the_step_gives_up(tmp_path: Path, clock: Clock) -> None:
    with arxiv_server(*[BROKEN] * 4) as server, pytest.raises(Retryable) as caught:
        collector(tmp_path, server, clock).collect_papers_by_category("cs.AI", 10)
    assert "Max retries exceeded" in caught.value.message
    assert len(server.asked) == 4


@pytest.mark.requirement("COL-10")
@pytest.mark.requirement("ERR-3")
def test_a_restart_goes_on_behind_the_last_saved_page(tmp_path: Path, clock: Clock) -> None:
    answers = [page("cs.AI", 0, 10, 100), page("cs.AI", 10, 10, 100), *[GONE] * 4]
    with arxiv_server(*answers) as server, pytest.raises(Retryable):
        collector(tmp_path, server, clock).collect_papers_by_category("cs.AI", 30)
    with arxiv_server(page("cs.AI", 20, 10, 100)) as again:
        papers = collector(tmp_path, again, clock).collect_papers_by_category("cs.AI", 30)
    assert [asked["start"] for asked in again.asked] == ["20"]
    assert len({p.id for p in papers}) == 30
    assert again.asked[0]["search_query"] == server.asked[0]["search_query"]


@pytest.mark.requirement("COL-4")
@pytest.mark.requirement("COL-11")
def test_exclusive_collecting_leaves_the_other_categories_out(tmp_path: Path, clock: Clock) -> None:
    source = ArxivSource(
        categories=["cs.AI", "cs.RO"], papers_per_category=10, end_date="2021-12-31"
    )
    answers = [page("cs.AI", 0, 10, 10), page("cs.RO", 0, 10, 10)]
    with arxiv_server(*answers) as server:
        found = collector(tmp_path, server, clock).collect_balanced_dataset(
            source.categories, 10, source=source
        )
    assert {name: len(papers) for name, papers in found.items()} == {"cs.AI": 10, "cs.RO": 10}
    assert server.asked[0]["search_query"] == (
        "cat:cs.AI ANDNOT (cat:cs.RO) AND submittedDate:[202001010000 TO 202112312359]"
    )


def test_collecting_goes_on_until_enough_papers_are_clean(tmp_path: Path, clock: Clock) -> None:
    pages = [page("cs.AI", start, 10, 100) for start in (0, 10)]
    with arxiv_server(*pages) as server:
        collector(tmp_path, server, clock).collect_papers_by_category(
            "cs.AI", 10, clean=lambda paper: int(paper.id[-1]) % 2 == 0
        )
    assert len(server.asked) == 2


def test_an_empty_page_before_the_end_is_asked_for_again(tmp_path: Path, clock: Clock) -> None:
    answers = [page("cs.AI", 0, 10, 20), page("cs.AI", 10, 0, 20), page("cs.AI", 10, 10, 20)]
    with arxiv_server(*answers) as server:
        papers = collector(tmp_path, server, clock).collect_papers_by_category("cs.AI", 20)
    assert len(papers) == 20


@pytest.mark.requirement("COL-9")
def test_each_hundred_papers_is_logged(
    tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    pages = [page("cs.AI", start, 50, 250) for start in range(0, 250, 50)]
    with arxiv_server(*pages) as server, caplog.at_level(logging.INFO):
        collector(tmp_path, server, clock, 50).collect_papers_by_category("cs.AI", 250)
    lines = [r for r in caplog.records if r.message == "Collected papers"]
    assert [r.papers for r in lines] == [100, 200]  # type: ignore[attr-defined]


@pytest.mark.requirement("TST-2")
def test_arxiv_collector_retry_logic(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = arxiv.Result(entry_id="http://arxiv.org/abs/2301.12345v1", primary_category="cs.AI")
    outcomes: list[object] = [ConnectionError("1"), ConnectionError("2"), [found]]
    calls = []

    def results(*given: object, **_: object) -> object:
        calls.append(given)
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(arxiv.Client, "results", results)
    world = Surroundings(sleep=clock.sleep, clock_s=lambda: clock.now_s)
    papers = ArxivCollector(str(tmp_path), world).collect_papers_by_category("cs.AI", 1)
    assert len(papers) == 1
    assert len(calls) == 3
