"""Open-loop traffic against a real HTTP server on loopback."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web

from pharos_api import names
from pharos_console.load.answers import Answer
from pharos_console.load.generator import Generator, Plan
from pharos_console.load.texts import Text

TEXTS = [Text("A robot walks.", "cs.RO"), Text("A proof.", "cs.LO")]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Endpoint:
    """A model's endpoint that notes what reaches it."""

    def __init__(self) -> None:
        self.asked: list[tuple[float, str, str]] = []
        self.labels: list[dict[str, str]] = []
        self.answer: Handler = self.predict
        self.url = ""

    async def classify(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.asked.append((time.monotonic(), request.headers[names.HEADER_USER], body["text"]))
        return await self.answer(request)

    async def predict(self, _: web.Request) -> web.StreamResponse:
        headers = {
            names.HEADER_VERSION: "v1.1.0",
            names.HEADER_ARM: "candidate",
            names.HEADER_REVISION: "7",
        }
        return web.json_response({"requestId": f"r{len(self.asked)}"}, headers=headers)

    async def feedback(self, request: web.Request) -> web.Response:
        self.labels.append(await request.json())
        return web.Response(status=202)


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    endpoint = Endpoint()
    app = web.Application()
    app.router.add_post("/v1/classify", endpoint.classify)
    app.router.add_post("/v1/feedback", endpoint.feedback)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    endpoint.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield endpoint
    await runner.cleanup()


async def send(url: str, texts: list[Text] = TEXTS, **plan: float) -> list[Answer]:
    settings = {"rate_per_s": 100, "duration_s": 0.2, "users": 5} | plan
    answers: list[Answer] = []
    await Generator(Plan(url, **settings), texts, answers.append).run()
    return answers


async def test_as_many_requests_leave_as_were_planned(endpoint: Endpoint) -> None:
    assert len(await send(endpoint.url)) == 20
    assert {user for _, user, _ in endpoint.asked} <= {f"user-{number}" for number in range(5)}
    assert {text for _, _, text in endpoint.asked} == {one.text for one in TEXTS}


async def test_an_answer_names_version_arm_and_revision(endpoint: Endpoint) -> None:
    (answer,) = await send(endpoint.url, rate_per_s=1, duration_s=0.1)
    assert (answer.status, answer.version, answer.arm) == (200, "v1.1.0", "candidate")
    assert (answer.revision, answer.error) == (7, "")
    assert answer.user == endpoint.asked[0][1]
    assert 0 < answer.took_s < 10


async def test_slow_answers_hold_no_request_back(endpoint: Endpoint) -> None:
    everybody_asked = asyncio.Event()

    async def wait_for_all(request: web.Request) -> web.StreamResponse:
        if len(endpoint.asked) == 20:
            everybody_asked.set()
        await everybody_asked.wait()
        return await endpoint.predict(request)

    endpoint.answer = wait_for_all
    answers = await send(endpoint.url)
    assert [answer.status for answer in answers] == [200] * 20


async def test_requests_leave_on_schedule(endpoint: Endpoint) -> None:
    answers = await send(endpoint.url)
    first, last = min(one.sent_s for one in answers), max(one.sent_s for one in answers)
    assert last - first >= 0.19 - 0.02


async def test_a_server_error_is_recorded_with_its_words(endpoint: Endpoint) -> None:
    async def broken(_: web.Request) -> web.Response:
        return web.Response(status=500, text="x" * 500)

    endpoint.answer = broken
    answers = await send(endpoint.url, feedback_share=1.0)
    assert {answer.status for answer in answers} == {500}
    assert answers[0].error == "x" * 200
    assert answers[0].revision == -1
    assert endpoint.labels == []


async def test_a_server_that_is_away_is_status_0() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        answers = await send(f"http://127.0.0.1:{free.getsockname()[1]}")
    assert len(answers) == 20
    assert {(answer.status, answer.error) for answer in answers} == {(0, "ConnectError")}
    assert all(answer.failed for answer in answers)


async def test_a_server_that_hangs_is_status_0(endpoint: Endpoint) -> None:
    done = asyncio.Event()

    async def hang(request: web.Request) -> web.StreamResponse:
        await done.wait()
        return await endpoint.predict(request)

    endpoint.answer = hang
    (answer,) = await send(endpoint.url, rate_per_s=1, duration_s=0.1, timeout_s=0.1)
    done.set()
    assert (answer.status, answer.error) == (0, "ReadTimeout")


SHARES = {"no feedback": (0.0, 0, 0), "all feedback": (1.0, 20, 20), "some": (0.5, 4, 16)}


@pytest.mark.parametrize(("share", "least", "most"), SHARES.values(), ids=SHARES.keys())
async def test_a_share_of_the_answers_gets_its_true_label(
    endpoint: Endpoint, share: float, least: int, most: int
) -> None:
    await send(endpoint.url, feedback_share=share)
    assert least <= len(endpoint.labels) <= most
    assert all(one["label"] in {"cs.RO", "cs.LO"} for one in endpoint.labels)
    assert len({one["requestId"] for one in endpoint.labels}) == len(endpoint.labels)


async def test_a_text_without_a_label_is_never_labelled(endpoint: Endpoint) -> None:
    await send(endpoint.url, texts=[Text("No label.", "")], feedback_share=1.0)
    assert endpoint.labels == []


async def test_an_answer_of_somebody_else_is_an_answer(endpoint: Endpoint) -> None:
    async def portal(_: web.Request) -> web.Response:
        return web.Response(text="<html>log in</html>", content_type="text/html")

    endpoint.answer = portal
    answers = await send(endpoint.url, feedback_share=1.0)
    assert {answer.status for answer in answers} == {200}
    assert endpoint.labels == []


async def test_stop_ends_a_plan_without_an_end(endpoint: Endpoint) -> None:
    generator: Generator
    answers: list[Answer] = []

    def stop_at_five(answer: Answer) -> None:
        answers.append(answer)
        if len(answers) == 5:
            generator.stop()

    generator = Generator(Plan(endpoint.url, 100, None), TEXTS, stop_at_five)
    await generator.run()
    assert len(answers) >= 5
