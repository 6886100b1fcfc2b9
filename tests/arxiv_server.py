"""A small arXiv: real HTTP on loopback, answers in the shape of the API's Atom feeds."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from answering import Answer, Asked, answering
from jobs_builders import abstract

FEED = """<?xml version='1.0' encoding='UTF-8'?>
<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/"
 xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns="http://www.w3.org/2005/Atom">
<id>https://arxiv.org/api/x</id><title>arXiv Query</title><updated>2026-04-12T22:09:27Z</updated>
<opensearch:itemsPerPage>{page}</opensearch:itemsPerPage>
<opensearch:totalResults>{total}</opensearch:totalResults>
<opensearch:startIndex>{start}</opensearch:startIndex>
{entries}</feed>"""
ENTRY = """<entry><id>http://arxiv.org/abs/{id}v2</id><title>{title}</title>
<updated>2022-02-25T00:00:00Z</updated><published>2022-02-24T15:05:19Z</published>
<link href="https://arxiv.org/pdf/{id}v2" rel="related" type="application/pdf" title="pdf"/>
<summary>{summary}</summary><category term="{category}"/>
<arxiv:primary_category term="{category}"/><author><name>A. Author</name></author></entry>
"""


def page(category: str, start: int, size: int, total: int, topic: str = "cs.AI") -> Answer:
    """``size`` clean papers of a query that has ``total``."""
    entries = "".join(
        ENTRY.format(
            id=f"2202.{n:05d}",
            title=f"On {category}\n  number {n}",
            summary=abstract(topic, n),
            category=category,
        )
        for n in range(start, start + size)
    )
    text = FEED.format(page=size, total=total, start=start, entries=entries)
    return Answer(body=text.encode())


class ArxivServer:
    """Gives the prepared answers in turn and remembers what it was asked."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self.url = ""
        self.answers = list(answers)
        self.asked: list[dict[str, str]] = []


@contextmanager
def arxiv_server(*answers: Answer) -> Iterator[ArxivServer]:
    """A server on a free port of loopback."""
    known = ArxivServer(answers)

    def respond(asked: Asked) -> Answer:
        known.asked.append(asked.parameters)
        return known.answers.pop(0)

    with answering(respond) as url:
        known.url = f"{url}/api/query"
        yield known
