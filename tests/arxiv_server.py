"""A small arXiv: real HTTP on loopback, answers in the shape of the API's Atom feeds."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

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


@dataclass(frozen=True)
class Answer:
    """One answer; ``status`` 0 drops the connection without a word, -1 never answers."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


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

    def __init__(self, url: str, answers: Sequence[Answer]) -> None:
        self.url = url
        self.answers = list(answers)
        self.asked: list[dict[str, str]] = []


@contextmanager
def arxiv_server(*answers: Answer) -> Iterator[ArxivServer]:
    """A server on a free port of loopback."""
    ending = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            known.asked.append({k: v[0] for k, v in query.items()})
            answer = known.answers.pop(0)
            if answer.status <= 0:
                if answer.status < 0:
                    ending.wait()
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    known = ArxivServer(f"http://127.0.0.1:{server.server_port}/api/query", answers)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield known
    finally:
        ending.set()
        server.shutdown()
        server.server_close()
        thread.join()
