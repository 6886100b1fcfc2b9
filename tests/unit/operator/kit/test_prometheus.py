"""Asking Prometheus: an outage of any kind is an answer, never an exception."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from operator_fakes import FixedClock

from pharos_analysis.samples import QueryValue, Sample
from pharos_operator.adapters.prometheus import Prometheus
from pharos_operator.render.metric_queries import ValueQuery

Handler = Callable[[web.Request], Awaitable[web.Response]]


@asynccontextmanager
async def _serving(handler: Handler, timeout_s: float = 2.0) -> AsyncIterator[Prometheus]:
    app = web.Application()
    app.router.add_post("/api/v1/query", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        async with aiohttp.ClientSession() as session:
            yield Prometheus(session, FixedClock(), url, timeout_s)
    finally:
        await runner.cleanup()


async def _ask(handler: Handler, timeout_s: float = 2.0) -> Sample:
    async with _serving(handler, timeout_s) as prometheus:
        return await prometheus.sample("ns/m/v1/control", "ns/m/v2/candidate", 60)


async def test_counts_of_both_arms_come_from_one_moment() -> None:
    moments = set()

    async def answer(request: web.Request) -> web.Response:
        form = await request.post()
        moments.add(form["time"])
        query = str(form["query"])
        value = "7" if "candidate" in query else "9"
        labels = {"le": "+Inf"} if "bucket" in query else {}
        result = [{"metric": labels, "value": [0, value]}]
        return web.json_response(
            {"status": "success", "data": {"resultType": "vector", "result": result}}
        )

    sample = await _ask(answer)
    assert sample.error == ""
    assert (sample.control.requests, sample.candidate.requests) == (9.0, 7.0)
    assert len(moments) == 1
    assert sample.queries


async def _server_error(_: web.Request) -> web.Response:
    return web.Response(status=503, text="starting")


async def _refusal(_: web.Request) -> web.Response:
    return web.json_response({"status": "error", "error": "query timed out"}, status=422)


async def _other_shape(_: web.Request) -> web.Response:
    return web.json_response({"status": "success", "data": {"resultType": "matrix", "result": []}})


async def _list(_: web.Request) -> web.Response:
    return web.json_response(["?"])


async def _never(_: web.Request) -> web.Response:
    await asyncio.sleep(5)
    return web.Response()


OUTAGES: dict[str, tuple[Handler, str]] = {
    "a proxy's error page": (_server_error, "does not answer"),
    "a query that it refuses": (_refusal, "query timed out"),
    "an answer of another shape": (_other_shape, "expected a vector"),
    "an answer that is no object": (_list, "answered 200"),
    "no answer in time": (_never, "does not answer"),
}


@pytest.mark.parametrize(("handler", "words"), OUTAGES.values(), ids=OUTAGES)
async def test_an_outage_is_a_sample_with_an_error(handler: Handler, words: str) -> None:
    sample = await _ask(handler, timeout_s=0.3)
    assert words in sample.error
    assert sample.candidate.requests is None


async def test_without_prometheus_the_sample_says_what_to_set() -> None:
    async with aiohttp.ClientSession() as session:
        sample = await Prometheus(session, FixedClock(), "", 1).sample("a", "b", 60)
    assert "PHAROS_OPERATOR_PROMETHEUS_URL" in sample.error


async def _ask_values(handler: Handler, asked: ValueQuery) -> QueryValue:
    async with _serving(handler) as prometheus:
        (value,) = await prometheus.values([asked])
        return value


async def test_a_metric_of_ones_own_has_a_number_an_arm_and_the_query_that_gave_it() -> None:
    async def answer(request: web.Request) -> web.Response:
        value = "0.5" if (await request.post())["query"] == "mine(control)" else "0.75"
        data = {"resultType": "vector", "result": [{"metric": {}, "value": [0, value]}]}
        return web.json_response({"status": "success", "data": data})

    found = await _ask_values(answer, ValueQuery("mine", "mine(control)", "mine(candidate)"))
    assert found == QueryValue("mine", 0.5, 0.75, "mine(candidate)", "")


async def test_a_query_that_prometheus_refuses_is_an_error_in_its_own_words() -> None:
    found = await _ask_values(_refusal, ValueQuery("mine", "a", "b"))
    assert (found.control, found.candidate) == (None, None)
    assert "query timed out" in found.error


async def test_a_query_that_cannot_be_written_is_not_asked() -> None:
    found = await _ask_values(_never, ValueQuery("mine", error="the query names {{pod}}"))
    assert found.error == "the query names {{pod}}"
