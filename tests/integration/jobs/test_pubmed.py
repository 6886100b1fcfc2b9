"""PubMed against real HTTP: recorded answers where they are at hand, and a small PubMed of ours."""

import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from answering import CUT, DROPPED, SILENT, Answer, Asked, answering
from jobs_builders import step_input
from pubmed_server import TOPICS, PubMedServer, pubmed_server, records

from pharos_api.data import PubmedSource
from pharos_api.jobio import ExitCode, FailureReason
from pharos_api.names import ENV_NCBI_KEY
from pharos_api.trainingrun import StepName
from pharos_jobs import storage
from pharos_jobs.__main__ import main
from pharos_jobs.core.papers import Paper
from pharos_jobs.errors import Retryable, Terminal
from pharos_jobs.running import run_step
from pharos_jobs.sources.asking import questions
from pharos_jobs.sources.collector import Collector
from pharos_jobs.sources.opening import ENV_PUBMED_URL
from pharos_jobs.sources.pace import NCBI, NCBI_WITH_KEY, Limiter
from pharos_jobs.sources.patience import Waiting
from pharos_jobs.sources.polite import PoliteHttp
from pharos_jobs.sources.port import BEGINNING, Question, Window
from pharos_jobs.sources.pubmed import PubMed
from pharos_jobs.sources.pubmed_records import document, papers_of

SHARED = Path(os.environ.get("PHAROS_SHARED", Path(__file__).parents[3] / ".." / "shared"))
RECORDED = SHARED / "data" / "api_samples" / "pubmed"
KEY = "0123456789abcdef-a-secret-key"
HEART, BRAIN = "heart diseases[mh]", "brain diseases[mh]"
SOURCE = PubmedSource.model_validate(
    {
        "queries": [{"label": "Heart", "query": HEART}, {"label": "Brain", "query": BRAIN}],
        "papersPerCategory": 25,
        "startDate": "2021-01-01",
        "endDate": "2021-12-31",
    }
)
QUESTION = questions(SOURCE, "2026-01-01")[0]
PATIENCE = Answer(
    429,
    json.dumps({"error": "API rate limit exceeded", "api-key": KEY, "count": "11"}).encode(),
    {"Retry-After": "7"},
)


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


@pytest.fixture
def own_logging() -> Iterator[None]:
    """The command sets up logging and the umask of its process, which is that of the tests."""
    root, mask = logging.getLogger(), os.umask(0o077)
    handlers, level = root.handlers[:], root.level
    yield
    os.umask(mask)
    root.handlers[:] = handlers
    root.setLevel(level)


def source(url: str, clock: Clock, key: str | None = None, timeout_s: float = 60.0) -> PubMed:
    pace = NCBI_WITH_KEY if key else NCBI
    http = PoliteHttp("PubMed", Limiter(pace, lambda: clock.now_s, clock.sleep), timeout_s)
    return PubMed(http, url, key, page_size=10)


def collected(
    folder: Path, server: PubMedServer, clock: Clock, wanted: int = 25, **changes: Any
) -> list[Paper]:
    waiting = Waiting(clock.sleep, lambda: 0.1)
    collector = Collector(source(server.url, clock, **changes), folder.as_uri(), waiting)
    return collector.collect(QUESTION, wanted, lambda _: True)


def recorded(name: str) -> bytes:
    path = RECORDED / name
    if not path.exists():
        pytest.skip(f"recorded PubMed answers are not at hand ({name}); set PHAROS_SHARED")
    return path.read_bytes()


def read_from(body: bytes) -> list[Paper]:
    """The papers of a recorded efetch answer, over HTTP."""
    found = {"esearch": b"<r><Count>1</Count><WebEnv>w</WebEnv><QueryKey>1</QueryKey></r>"}

    def respond(asked: Asked) -> Answer:
        return Answer(body=found["esearch"] if "esearch" in asked.path else body)

    with answering(respond) as url:
        api = source(url, Clock())
        searched = api.page(QUESTION, BEGINNING)
        assert searched.following is not None
        return list(api.page(QUESTION, searched.following).papers)


ABSTRACTS = {
    "efetch_structured_abstract.xml": ("pmid:33856845", "Identifying specific insight and/or"),
    "efetch_collective_author.xml": ("pmid:34843274", "The American Psychological Association"),
    "efetch_inline_markup.xml": ("pmid:37167981", "Objective. Circulating tumor cells (CTCs)"),
    "efetch_29768149.xml": ("pmid:29768149", "In patients with mild asthma, as-needed use"),
    "efetch_plain_1.xml": ("pmid:38546579", ""),
    "efetch_plain_2.xml": ("pmid:38271020", ""),
    "efetch_no_abstract.xml": ("pmid:38962805", ""),
}


@pytest.mark.requirement("FUT-1")
@pytest.mark.parametrize(("name", "expected"), ABSTRACTS.items(), ids=ABSTRACTS)
def test_a_recorded_record_reads_as_a_paper(name: str, expected: tuple[str, str]) -> None:
    (paper,) = read_from(recorded(name))
    assert paper.id == expected[0]
    assert paper.abstract.startswith(expected[1])
    assert "\n" not in paper.title + paper.abstract
    assert paper.categories == ("Heart",)


def test_sections_of_an_abstract_are_one_text_without_their_headings() -> None:
    (paper,) = read_from(recorded("efetch_structured_abstract.xml"))
    assert "OBJECTIVE" not in paper.abstract
    assert "mental illness. We conducted a systematic review" in paper.abstract
    assert paper.published == "2021-04-15T00:00:00+00:00"
    assert paper.authors == ("Romina Manoli", "Sophie Cervello", "Nicolas Franck")
    assert paper.extra["doi"] == "10.1037/prj0000481"
    assert paper.extra["mesh"] == [
        *("Humans", "Mental Disorders", "Metacognition", "Rehabilitation, Vocational"),
    ]


def test_markup_inside_a_title_leaves_its_text() -> None:
    (paper,) = read_from(recorded("efetch_inline_markup.xml"))
    assert "micro-x-ray fluorescence (μ-XRF) based" in paper.title
    assert "Fe3O4@SiO2" in paper.abstract


def test_a_group_is_an_author() -> None:
    (paper,) = read_from(recorded("efetch_collective_author.xml"))
    assert paper.authors == (
        "Guideline Development Panel for the Treatment of Depressive Disorders",
    )


def test_an_empty_answer_before_the_end_is_no_end() -> None:
    with pytest.raises(Retryable, match="empty page before the end"):
        read_from(recorded("efetch_unknown_empty.xml"))


def test_a_search_that_left_nothing_on_the_history_server_is_broken() -> None:
    answer = Answer(body=recorded("esearch_biopython.xml"))
    with answering(lambda _: answer) as url, pytest.raises(Retryable, match="broken answer"):
        source(url, Clock()).page(QUESTION, BEGINNING)


DATES = {
    "a day": ("<Year>2018</Year><Month>05</Month><Day>17</Day>", "2018-05-17T00:00:00+00:00"),
    "a month by its name": ("<Year>2024</Year><Month>Feb</Month>", "2024-02-01T00:00:00+00:00"),
    "a season": ("<Year>2020</Year><Season>Spring</Season>", "2020-01-01T00:00:00+00:00"),
    "words": ("<MedlineDate>1998 Dec-1999 Jan</MedlineDate>", "1998-01-01T00:00:00+00:00"),
    "words without a year": ("<MedlineDate>Spring</MedlineDate>", ""),
}


@pytest.mark.parametrize(("given", "expected"), DATES.values(), ids=DATES)
def test_the_date_of_an_issue_is_read(given: str, expected: str) -> None:
    body = (
        "<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>1</PMID><Article><Journal>"
        f"<JournalIssue><PubDate>{given}</PubDate></JournalIssue></Journal></Article>"
        "</MedlineCitation></PubmedArticle></PubmedArticleSet>"
    )
    (paper,) = papers_of(document(body.encode()), "Heart")
    assert paper.published == expected


def test_an_entity_of_the_machine_is_not_read() -> None:
    body = (
        '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
        "<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>1</PMID><Article>"
        "<ArticleTitle>x&e;y</ArticleTitle></Article></MedlineCitation></PubmedArticle>"
        "</PubmedArticleSet>"
    )
    (paper,) = papers_of(document(body.encode()), "Heart")
    assert "\n" not in paper.title
    assert paper.title.startswith("x")
    assert paper.title.endswith("y")
    assert Path("/etc/hostname").read_text().strip() not in paper.title


@pytest.mark.requirement("FUT-1")
def test_a_search_is_made_once_and_read_page_by_page_at_the_pace(
    tmp_path: Path, clock: Clock
) -> None:
    with pubmed_server({HEART: records("Heart", "cs.AI", 60)}) as server:
        papers = collected(tmp_path, server, clock)
    assert server.utilities() == ["esearch", "efetch 0", "efetch 10", "efetch 20"]
    assert len({p.id for p in papers}) == 30
    assert clock.now_s == pytest.approx(3 * NCBI.interval_s)


@pytest.mark.parametrize(("key", "per_second"), [(None, 3), (KEY, 10)], ids=["without", "with key"])
def test_the_pace_keeps_to_the_terms(
    tmp_path: Path, clock: Clock, key: str | None, per_second: int
) -> None:
    with pubmed_server({HEART: records("Heart", "cs.AI", 200)}) as server:
        collected(tmp_path, server, clock, 200, key=key)
    assert len(server.asked) == 21
    assert (len(server.asked) - 1) / clock.now_s <= per_second


def test_the_question_leaves_other_labels_out_and_names_the_days(
    tmp_path: Path, clock: Clock
) -> None:
    with pubmed_server({HEART: records("Heart", "cs.AI", 20)}) as server:
        collected(tmp_path, server, clock, 10)
    asked = server.asked[0].parameters
    assert asked["term"] == f"({HEART}) NOT (({BRAIN}))"
    assert (asked["datetype"], asked["mindate"], asked["maxdate"]) == (
        *("pdat", "2021/01/01", "2021/12/31"),
    )


TROUBLES = {
    "a server error": ({1: Answer(500)}, [1.05]),
    "a dropped connection, then an error": ({2: Answer(DROPPED), 3: Answer(502)}, [1.05, 2.1]),
    "an answer cut off": ({2: Answer(CUT, b"<PubmedArticleSet>")}, [1.05]),
    "half a document": ({2: Answer(200, b"<PubmedArticleSet><Pubmed")}, [1.05]),
    "asked for patience": ({2: PATIENCE}, [7.0]),
    "a search backend that failed": (
        {1: Answer(200, b"<eSearchResult><ERROR>Search Backend failed: x</ERROR></eSearchResult>")},
        [1.05],
    ),
    "three in a row": ({n: Answer(500) for n in (2, 3, 4)}, [1.05, 2.1, 4.2]),
}


@pytest.mark.parametrize(("faults", "waits_s"), TROUBLES.values(), ids=TROUBLES)
def test_trouble_is_tried_again(
    tmp_path: Path, clock: Clock, faults: dict[int, Answer], waits_s: list[float]
) -> None:
    with pubmed_server({HEART: records("Heart", "cs.AI", 30)}, dict(faults)) as server:
        papers = collected(tmp_path, server, clock)
    assert len({p.id for p in papers}) == 30
    assert [s for s in clock.slept_s if s in waits_s] == waits_s


def test_an_answer_that_never_comes_is_given_up_and_asked_for_again(
    tmp_path: Path, clock: Clock
) -> None:
    with pubmed_server({HEART: records("Heart", "cs.AI", 10)}, {2: Answer(SILENT)}) as server:
        papers = collected(tmp_path, server, clock, 10, timeout_s=0.2)
    assert len(papers) == 10
    assert server.utilities() == ["esearch", "efetch 0", "efetch 0"]


def test_after_three_more_tries_the_step_gives_up_and_the_next_goes_on(
    tmp_path: Path, clock: Clock
) -> None:
    held = {HEART: records("Heart", "cs.AI", 60)}
    faults = {n: Answer(500) for n in (3, 4, 5, 6)}
    with pubmed_server(held, faults) as server:
        with pytest.raises(Retryable, match="Max retries exceeded: PubMed") as caught:
            collected(tmp_path, server, clock)
        before = len(server.asked)
        papers = collected(tmp_path, server, clock)
    assert caught.value.reason is FailureReason.SOURCE_UNAVAILABLE
    assert server.utilities()[before:] == ["efetch 10", "efetch 20"]
    assert len({p.id for p in papers}) == 30


def test_a_search_that_was_forgotten_is_made_again_and_read_on(
    tmp_path: Path, clock: Clock
) -> None:
    held = {HEART: records("Heart", "cs.AI", 60)}
    faults = {n: Answer(500) for n in (3, 4, 5, 6)}
    with pubmed_server(held, faults) as server:
        with pytest.raises(Retryable):
            collected(tmp_path, server, clock)
        server.forget()
        before = len(server.asked)
        papers = collected(tmp_path, server, clock)
    assert server.utilities()[before:] == ["efetch 10", "esearch", "efetch 10", "efetch 20"]
    assert [p.id for p in papers] == [f"pmid:{n}" for n in range(30)]


def test_no_paper_at_all_is_an_empty_category(tmp_path: Path, clock: Clock) -> None:
    with pubmed_server({}) as server, pytest.raises(Terminal, match="no papers for Heart") as e:
        collected(tmp_path, server, clock)
    assert e.value.reason is FailureReason.CATEGORY_EMPTY


REFUSALS = {
    "a key that is none": (
        Answer(400, json.dumps({"error": "API key invalid", "api-key": KEY}).encode()),
        FailureReason.SOURCE_UNREADABLE,
        "Correct NCBI_API_KEY, or leave it out",
    ),
    "a query that cannot be read": (
        Answer(200, b"<eSearchResult><ERROR>Empty term and query_key</ERROR></eSearchResult>"),
        FailureReason.INVALID_SPEC,
        "Empty term and query_key",
    ),
    "a phrase that it does not know and would leave out": (
        Answer(
            200,
            b"<eSearchResult><Count>9</Count><QueryKey>1</QueryKey><WebEnv>w</WebEnv><ErrorList>"
            b"<PhraseNotFound>hart diseases[mh]</PhraseNotFound></ErrorList></eSearchResult>",
        ),
        FailureReason.INVALID_SPEC,
        r"does not know hart diseases\[mh\] and would leave that out",
    ),
    "a page that is none": (Answer(404, b"not here"), FailureReason.INVALID_SPEC, "HTTP 404"),
}


@pytest.mark.requirement("SEC-1", "CON-4")
@pytest.mark.parametrize(("answer", "reason", "says"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_is_terminal_and_never_repeats_the_key(
    tmp_path: Path, clock: Clock, answer: Answer, reason: FailureReason, says: str
) -> None:
    with pubmed_server({}, {1: answer}) as server, pytest.raises(Terminal, match=says) as caught:
        collected(tmp_path, server, clock, key=KEY)
    assert caught.value.reason is reason
    assert KEY not in caught.value.message


def given(root: Path, **changes: Any) -> Any:
    wanted = {**SOURCE.to_json(), **changes}
    return step_input(root, StepName.COLLECT, data={"source": {"pubmed": wanted}})


@pytest.mark.requirement("SEC-1", "FUT-1")
def test_the_step_collects_each_label_alike_and_the_key_is_sent_but_nowhere_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    held = {
        HEART: records("Heart", "cs.AI", 30),
        BRAIN: records("Brain", "cs.RO", 30, first=1000),
    }
    monkeypatch.setenv(ENV_NCBI_KEY, KEY)
    with (
        pubmed_server(held, {2: replace(PATIENCE, headers={})}) as server,
        caplog.at_level(logging.DEBUG),
    ):
        monkeypatch.setenv(ENV_PUBMED_URL, server.url)
        result, code = run_step(given(tmp_path))
    assert code is ExitCode.OK
    assert result.outputs["papers"] == "60"
    rows = list(storage.read_lines(result.outputs["rawUri"]))
    assert [r["primary_category"] for r in rows].count("Brain") == 30
    assert {each.parameters.get("api_key") for each in server.asked} == {KEY}
    assert not [each.target for each in server.asked if KEY in each.target]
    written = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    assert KEY.encode() not in written
    assert KEY not in caplog.text + result.to_termination_message()


@pytest.mark.requirement("FUT-1")
def test_twenty_two_labels_of_computing_and_of_medicine_become_one_data_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = [f"{domain}{n}" for domain in ("Computing", "Medicine") for n in range(11)]
    held = {
        f"{field}[mh]": records(field, TOPICS[n % 3], 12, first=1000 * n)
        for n, field in enumerate(fields)
    }
    queries = [{"label": field, "query": f"{field}[mh]"} for field in fields]
    data = {
        "source": {"pubmed": {**SOURCE.to_json(), "queries": queries, "papersPerCategory": 12}},
        "minPapersPerClass": 10,
    }
    monkeypatch.setenv(ENV_NCBI_KEY, KEY)
    with pubmed_server(held) as server:
        monkeypatch.setenv(ENV_PUBMED_URL, server.url)
        collecting, _ = run_step(step_input(tmp_path, StepName.COLLECT, data=data))
    inputs = {"rawUri": collecting.outputs["rawUri"]}
    prepared, code = run_step(step_input(tmp_path, StepName.PREPARE, data=data, inputs=inputs))
    assert code is ExitCode.OK, prepared
    assert json.loads(prepared.outputs["labels"]) == sorted(fields)
    card = storage.read_json(f"{prepared.outputs['datasetUri']}/card.json")
    assert set(card["perClass"].values()) == {12}
    assert card["source"]["pubmed"]["queries"] == queries


def flags(folder: Path, *words: str) -> list[str]:
    output = folder / "out.json"
    return ["collect", *words, "--output", str(output), "--raw-dir", str(folder / "data")]


@pytest.mark.usefixtures("own_logging")
def test_the_command_takes_a_query_for_each_label(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = {
        HEART: records("Heart", "cs.AI", 20),
        BRAIN: records("Brain", "cs.RO", 20, first=1000),
    }
    asked = ["--query", f"Heart={HEART}", "-q", f"Brain={BRAIN}", "--end-date", "2021-12-31"]
    with pubmed_server(held) as server:
        monkeypatch.setenv(ENV_PUBMED_URL, server.url)
        code = main(flags(tmp_path, "--source", "pubmed", "--num-papers", "30", *asked))
    document = json.loads((tmp_path / "out.json").read_text())
    assert code == ExitCode.OK
    assert document["metadata"]["source"] == "PubMed"
    assert [s["label"] for s in document["samples"]] == ["Heart"] * 15 + ["Brain"] * 15


MISTAKES = {
    "a source without queries": ["--source", "pubmed"],
    "one label alone": ["--source", "pubmed", "-q", "Heart=heart"],
    "a label twice": ["--source", "pubmed", "-q", "A=x", "-q", "A=y", "-q", "B=z"],
    "a query without a label": ["--source", "pubmed", "-q", "heart", "-q", "B=z"],
    "queries for arXiv": ["-q", "A=x", "-q", "B=z"],
}


@pytest.mark.usefixtures("own_logging")
@pytest.mark.parametrize("words", MISTAKES.values(), ids=MISTAKES)
def test_flags_that_do_not_fit_are_refused(
    tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(flags(tmp_path, *words)) == ExitCode.BAD_INPUT
    assert '--query "LABEL=QUERY"' in capsys.readouterr().err


@pytest.mark.requirement("COL-10")
def test_a_killed_collector_goes_on_behind_the_last_saved_page(tmp_path: Path) -> None:
    told = given(tmp_path, papersPerCategory=250).model_dump_json(by_alias=True, exclude_none=True)
    reached, held_back = threading.Event(), threading.Event()
    held = {
        HEART: records("Heart", "cs.AI", 300),
        BRAIN: records("Brain", "cs.RO", 300, first=1000),
    }
    small = PubMedServer(held)

    def respond(asked: Asked) -> Answer:
        if len(small.asked) == 4 and not reached.is_set():
            reached.set()
            held_back.wait(60)
            return Answer(DROPPED)
        return small.respond(asked)

    with answering(respond) as url:
        environment = {**os.environ, "PHAROS_STEP_INPUT": told, ENV_PUBMED_URL: url}
        command = [sys.executable, "-m", "pharos_jobs", "collect"]
        first = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        assert reached.wait(60)
        first.send_signal(signal.SIGKILL)
        first.wait()
        held_back.set()
        again = subprocess.run(command, env=environment, check=False, capture_output=True)
    assert again.returncode == 0, again.stdout + again.stderr
    assert small.utilities() == [
        *("esearch", "efetch 0", "efetch 200"),
        *("esearch", "efetch 0", "efetch 200"),
    ]
    (lines,) = tmp_path.rglob("papers.jsonl.gz")
    assert len({row["arxiv_id"] for row in storage.read_lines(lines.as_uri())}) == 600


def test_a_window_without_a_first_day_begins_with_the_oldest_record(clock: Clock) -> None:
    with pubmed_server({HEART: records("Heart", "cs.AI", 5)}) as server:
        question = Question("Heart", HEART, (), Window(None, "2021-12-31"))
        page = source(server.url, clock).page(question, BEGINNING)
    assert page.following is not None
    assert server.asked[0].parameters["mindate"] == "1781/01/01"
    assert server.asked[0].parameters["term"] == HEART
