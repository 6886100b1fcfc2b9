"""Small HTTP servers on loopback: a function says what each request is answered with."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

DROPPED = 0
SILENT = -1
CUT = -2


@dataclass(frozen=True)
class Answer:
    """One answer. ``status`` DROPPED ends the connection without a word, SILENT never answers, CUT
    promises more than it sends.
    """

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """One request: its parameters are those of the address and of a form."""

    method: str
    path: str
    target: str
    parameters: dict[str, str]
    headers: Mapping[str, str]


@contextmanager
def answering(respond: Callable[[Asked], Answer]) -> Iterator[str]:
    """A server on a free port; its address. Who waits for a SILENT answer is let go at the end."""
    ending = threading.Event()
    given = {"respond": staticmethod(respond), "ending": ending}
    handler = type("Handler", (_Handler,), given)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        ending.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    respond: Callable[[Asked], Answer]
    ending: threading.Event

    def do_GET(self) -> None:
        self._answer(self.respond(self._asked("")))

    def do_POST(self) -> None:
        form = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._answer(self.respond(self._asked(form.decode())))

    def _asked(self, form: str) -> Asked:
        address = urlsplit(self.path)
        query = parse_qs(address.query) | parse_qs(form)
        given = {key: values[0] for key, values in query.items()}
        return Asked(self.command, address.path, self.path, given, dict(self.headers))

    def _answer(self, answer: Answer) -> None:
        if answer.status in (DROPPED, SILENT):
            if answer.status == SILENT:
                self.ending.wait()
            self.close_connection = True
            return
        missing = 10 if answer.status == CUT else 0
        self.send_response(200 if missing else answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body) + missing))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *_: object) -> None:
        pass
