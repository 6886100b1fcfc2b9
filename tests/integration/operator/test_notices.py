"""Notices by Apprise to a real web hook, a Slack-like one and a real SMTP server."""

import asyncio
import base64
import email
import email.policy
import json
import logging
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import Any, cast

import pytest
from operator_fakes import NOON, FakeCluster, body

from pharos_api.model import NotificationKind
from pharos_operator.adapters.notices import AppriseCourier, mark
from pharos_operator.adapters.telemetry import Telemetry
from pharos_operator.decide.decision import Notice, Ref, Tone
from pharos_operator.errors import Invalid, NotFound, PharosError, Refused
from pharos_operator.ports import Address, Posted

TOKEN = "a1b2c3d4e5f6g7h8i9j0k1l2"
NOTICE = Notice(
    NotificationKind.RETRAINING_COMPLETE,
    "retraining-complete/1/promoted",
    NOON,
    "Model Retraining Complete - arxiv_v1.2.0",
    "New model v1.2.0 promoted (+2.3%)\n\nDecision: PROMOTED to production",
)
ADDRESS = Address("default", "pharos-notifications", "urls")


class _Hook(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server = cast("Hook", self.server)
        length = int(self.headers["Content-Length"])
        server.got.append((self.path, json.loads(self.rfile.read(length))))
        self.send_response(server.answer)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


class Hook(ThreadingHTTPServer):
    """Takes JSON and answers with ``answer``."""

    answer = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Hook)
        self.got: list[tuple[str, dict[str, Any]]] = []


class _Smtp(StreamRequestHandler):
    """As much of RFC 5321 as a sender needs."""

    def handle(self) -> None:
        self._say("220 ready")
        while line := self.rfile.readline().decode().strip():
            verb = line.split(" ", 1)[0].upper()
            if verb == "DATA":
                self._say("354 go on")
                self._take()
            self._say("221 bye" if verb == "QUIT" else "250 ok")
            if verb == "QUIT":
                return

    def _take(self) -> None:
        lines: list[bytes] = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line)
        found = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
        cast("Smtp", self.server).got.append(cast("EmailMessage", found))

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


class Smtp(ThreadingTCPServer):
    """Takes mails."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Smtp)
        self.got: list[EmailMessage] = []


@pytest.fixture
def hook() -> Iterator[Hook]:
    yield from _served(Hook())


@pytest.fixture
def smtp() -> Iterator[Smtp]:
    yield from _served(Smtp())


def _served(server: Any) -> Iterator[Any]:
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass
class World:
    """A Secret with these URLs, and the courier that reads it."""

    urls: list[str]
    telemetry: Telemetry = field(default_factory=Telemetry)
    cluster: FakeCluster = field(default_factory=FakeCluster)

    def __post_init__(self) -> None:
        text = base64.b64encode("\n".join(self.urls).encode()).decode()
        self.cluster.put(body("Secret", "pharos-notifications", data={"urls": text}))

    def post(
        self,
        skip: frozenset[str] = frozenset(),
        address: Address = ADDRESS,
        notice: Notice = NOTICE,
    ) -> Posted:
        courier = AppriseCourier(self.cluster, self.telemetry)
        return asyncio.run(courier.post(address, notice, skip))

    def counted(self, service: str, outcome: str) -> float | None:
        labels = {"service": service, "outcome": outcome}
        return self.telemetry.registry.get_sample_value("pharos_operator_notices_total", labels)


def at(server: Hook | Smtp) -> str:
    return f"127.0.0.1:{server.server_address[1]}"


@pytest.mark.requirement("RET-23")
def test_one_notice_reaches_a_web_hook_a_chat_and_a_mailbox(hook: Hook, smtp: Smtp) -> None:
    mail = f"mailto://{at(smtp)}/?from=pharos@example.com&to=ml-team@example.com&mode=insecure"
    chat = f"mmost://{at(hook)}/{TOKEN}"
    world = World(["# who is told", f"json://{at(hook)}/told", "", chat, mail])
    posted = world.post()
    assert posted.problems == ()
    assert len(posted.taken) == 3
    found = dict(hook.got)
    assert found["/told"]["title"] == NOTICE.title
    assert found["/told"]["message"] == NOTICE.body
    assert NOTICE.title in found[f"/hooks/{TOKEN}"]["text"]
    (letter,) = smtp.got
    assert (letter["subject"], letter["to"]) == (NOTICE.title, "ml-team@example.com")
    assert "Decision: PROMOTED to production" in _text(letter)
    assert world.counted("json", "taken") == 1


def _text(letter: EmailMessage) -> str:
    part = letter.get_body(("plain", "html"))
    assert part is not None
    return str(part.get_content())


def test_a_rollback_is_shown_as_a_failure_and_not_as_news(hook: Hook) -> None:
    world = World([f"json://{at(hook)}/told"])
    for tone in Tone:
        world.post(notice=replace(NOTICE, tone=tone))
    assert [found["type"] for _, found in hook.got] == ["info", "success", "warning", "failure"]


def test_only_those_that_have_not_taken_it_are_tried_again(hook: Hook) -> None:
    first, second = f"json://{at(hook)}/first", f"json://{at(hook)}/second"
    World([first, second]).post(skip=frozenset({mark(first)}))
    assert [path for path, _ in hook.got] == ["/second"]


def refusing_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


BROKEN = {
    "nobody listens": (f"mmost://127.0.0.1:{refusing_port()}/{TOKEN}", "mmost:// did not take it"),
    "no address at all": (TOKEN, "unknown:// is no address that Apprise understands"),
    "an address of no service": (f"pharos://{TOKEN}", "pharos:// is no address that Apprise"),
    "a service of the machine itself": (f"syslog://{TOKEN}", "syslog:// speaks to the machine"),
}


@pytest.mark.parametrize(("url", "says"), BROKEN.values(), ids=BROKEN)
def test_an_address_is_in_no_answer_and_in_no_log(
    url: str, says: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    world = World([url])
    posted = world.post()
    assert posted.taken == frozenset()
    assert says in posted.problems[0]
    assert TOKEN not in f"{posted} {caplog.text}"


def test_what_a_service_says_of_a_bad_request_tells_no_token(
    hook: Hook, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    hook.answer = 403
    world = World([f"mmost://{at(hook)}/{TOKEN}"])
    assert world.post().problems == ("mmost:// did not take it",)
    assert world.counted("mmost", "failed") == 1
    assert TOKEN not in caplog.text


class Forbidding(FakeCluster):
    """Lets nobody read."""

    async def read(self, ref: Ref) -> dict[str, Any]:
        raise Refused("Refused", f'secrets "{ref.name}" is forbidden')


UNREADABLE: dict[str, tuple[World, Address, type[PharosError], str]] = {
    "a Secret that is not there": (
        World(["json://localhost"]),
        Address("default", "typo", "urls"),
        NotFound,
        "There is no Secret typo in default; create it",
    ),
    "a right that is missing": (
        World(["json://localhost"], cluster=Forbidding()),
        ADDRESS,
        Refused,
        "add its name to notifications.secretNames",
    ),
    "a key that is missing": (
        World(["json://localhost"]),
        Address("default", "pharos-notifications", "typo"),
        Invalid,
        "has no Apprise URL under typo",
    ),
    "nothing but comments": (World(["# later"]), ADDRESS, Invalid, "has no Apprise URL"),
}


@pytest.mark.parametrize(("world", "address", "kind", "says"), UNREADABLE.values(), ids=UNREADABLE)
def test_addresses_that_cannot_be_read_are_a_sentence(
    world: World, address: Address, kind: type[PharosError], says: str
) -> None:
    with pytest.raises(kind, match=says):
        world.post(address=address)
