"""Asking a serving pod what computes its answers: whatever it says, it is an answer or none."""

from collections.abc import Awaitable, Callable

import aiohttp
import pytest
from aiohttp import web

from pharos_api.engines import plain_sheet
from pharos_api.modelversion import EngineStatus
from pharos_operator.adapters.servers import ServingPods
from pharos_operator.decide.observation import ServerView
from pharos_serving.dataplane import Classifier
from pharos_serving.engines.choosing import Measured
from pharos_serving.engines.port import Logits
from pharos_serving.inference_protocol import model_metadata

Handler = Callable[[web.Request], Awaitable[web.Response]]
VARIANT = plain_sheet().variants[0]


class NoScorer:
    """Scores nothing: only its name is asked for."""

    name, lanes = "onnxruntime_onnx", 1

    def logits(self, texts: object) -> Logits:
        raise AssertionError(f"{texts} were scored")


async def asked(handler: Handler) -> EngineStatus | None:
    app = web.Application()
    app.router.add_get("/v2/models/arxiv", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with aiohttp.ClientSession() as session:
            pods = ServingPods(session, runner.addresses[0][1])
            return await pods.engine(ServerView("127.0.0.1", "abc"), "arxiv")
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("measured", "texts_per_s"), [((), None), ((Measured(VARIANT, 52.34),), "52.3")]
)
async def test_what_our_server_tells_is_understood(
    measured: tuple[Measured, ...], texts_per_s: str | None
) -> None:
    classifier = Classifier(NoScorer(), ["cs.AI"], 512, VARIANT.name, measured)

    async def answer(_: web.Request) -> web.Response:
        return web.json_response(model_metadata("arxiv", "v1.0.0", classifier))

    told = EngineStatus(name="OnnxRuntime-Fp32", texts_per_second=texts_per_s, template="abc")
    assert await asked(answer) == told


SILENT = {
    "a server of an earlier release": '{"name": "arxiv", "parameters": {"labels": ["cs.AI"]}}',
    "a server without parameters": '{"name": "arxiv"}',
    "a list": "[]",
    "no JSON": "busy",
    "an engine without a name": '{"parameters": {"engine": ""}}',
    "a name that is too long": '{"parameters": {"engine": "' + "x" * 64 + '"}}',
    "a speed that is no number": '{"parameters": {"engine": "Linear", "texts_per_second": NaN}}',
}


@pytest.mark.parametrize("text", SILENT.values(), ids=SILENT)
async def test_what_is_not_understood_is_no_answer(text: str) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=text, content_type="application/json")

    assert await asked(answer) is None


async def test_a_server_that_refuses_or_is_away_is_no_answer() -> None:
    async def refuse(_: web.Request) -> web.Response:
        return web.Response(status=503)

    assert await asked(refuse) is None
    async with aiohttp.ClientSession() as session:
        away = ServingPods(session, 1)
        assert await away.engine(ServerView("127.0.0.1", ""), "arxiv") is None
