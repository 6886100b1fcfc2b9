"""A small PubMed: real HTTP on loopback, searches kept on a history server, records in XML."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta

from answering import Answer, Asked, answering
from jobs_builders import abstract

RECORD = """<PubmedArticle><MedlineCitation><PMID Version="1">{id}</PMID><Article>
<Journal><Title>Journal of {label}</Title></Journal>
<ArticleTitle>On {label} number {id}</ArticleTitle>
<Abstract><AbstractText>{abstract}</AbstractText></Abstract>
<AuthorList><Author><LastName>Author</LastName><ForeName>A</ForeName></Author></AuthorList>
<Language>eng</Language><ArticleDate><Year>{day:%Y}</Year><Month>{day:%m}</Month><Day>{day:%d}</Day>
</ArticleDate></Article></MedlineCitation></PubmedArticle>"""
TOPICS = ("cs.AI", "cs.RO", "cs.DB")
NEWEST = date(2021, 12, 31)


@dataclass(frozen=True)
class Record:
    """One record of a query; numbers are unique among all queries."""

    number: int
    label: str
    topic: str
    day: date

    def to_xml(self) -> str:
        """The record as efetch answers it."""
        text = abstract(self.topic, self.number)
        return RECORD.format(id=self.number, label=self.label, abstract=text, day=self.day)


@dataclass
class PubMedServer:
    """What it holds, what it was asked, and with what it answers instead at which request."""

    holds: dict[str, list[Record]]
    faults: dict[int, Answer] = field(default_factory=dict)
    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    histories: list[list[Record]] = field(default_factory=list)
    forgotten: int = 0

    def forget(self) -> None:
        """Lose all searches, as the history server does after some hours."""
        self.forgotten = len(self.histories)

    def respond(self, asked: Asked) -> Answer:
        """The fault that is due, or the answer."""
        self.asked.append(asked)
        fault = self.faults.pop(len(self.asked), None)
        if fault is not None:
            return fault
        return self._search(asked) if "esearch" in asked.path else self._fetch(asked)

    def _search(self, asked: Asked) -> Answer:
        query = asked.parameters["term"].partition(" NOT ")[0].strip("()")
        first, last = (
            date.fromisoformat(asked.parameters[name].replace("/", "-"))
            for name in ("mindate", "maxdate")
        )
        found = [r for r in self.holds.get(query, []) if first <= r.day <= last]
        self.histories.append(found)
        return Answer(
            body=f"<eSearchResult><Count>{len(found)}</Count><RetMax>0</RetMax>"
            f"<QueryKey>{len(self.histories)}</QueryKey><WebEnv>MCID_test</WebEnv>"
            "</eSearchResult>".encode()
        )

    def _fetch(self, asked: Asked) -> Answer:
        key = int(asked.parameters["query_key"])
        start, size = int(asked.parameters["retstart"]), int(asked.parameters["retmax"])
        if key <= self.forgotten:
            said = "Cannot retrieve history data. query_key: 1, WebEnv: MCID_test"
            return Answer(400, f"<eFetchResult><ERROR>{said}</ERROR></eFetchResult>".encode())
        records = "".join(r.to_xml() for r in self.histories[key - 1][start : start + size])
        return Answer(body=f"<PubmedArticleSet>{records}</PubmedArticleSet>".encode())

    def utilities(self) -> list[str]:
        """What was asked for, in order: esearch, or efetch with its start."""
        return [
            "esearch" if "esearch" in each.path else f"efetch {each.parameters['retstart']}"
            for each in self.asked
        ]


def records(label: str, topic: str, count: int, first: int = 0) -> list[Record]:
    """``count`` records of a label, the newest first, one a day."""
    return [Record(first + n, label, topic, NEWEST - timedelta(days=n)) for n in range(count)]


@contextmanager
def pubmed_server(
    holds: dict[str, list[Record]], faults: dict[int, Answer] | None = None
) -> Iterator[PubMedServer]:
    """A server on a free port; ``faults`` are by the number of the request, from 1."""
    server = PubMedServer(holds, faults or {})
    with answering(server.respond) as url:
        server.url = url
        yield server
