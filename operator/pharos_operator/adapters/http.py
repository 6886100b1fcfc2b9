"""The operator's HTTP server: metrics, health, progress of steps, and this replica's gateways."""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import ValidationError

from pharos_api.jobio import Progress
from pharos_operator.adapters.telemetry import Telemetry
from pharos_operator.errors import Refused, Retryable

Complaints = Callable[[], Sequence[str]]
_MOST_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class Endpoints:
    """What the server asks. ``alive`` and ``ready`` name what is wrong; empty means fine."""

    alive: Complaints
    ready: Complaints
    gateways: Callable[[], list[dict[str, Any]]]
    report: Callable[[str, Progress], Awaitable[None]]


def application(endpoints: Endpoints, telemetry: Telemetry) -> web.Application:
    """The routes."""
    app = web.Application(client_max_size=_MOST_BYTES)
    routes = _Routes(endpoints, telemetry)
    app.router.add_get("/metrics", routes.metrics)
    app.router.add_get("/healthz", routes.healthz)
    app.router.add_get("/readyz", routes.readyz)
    app.router.add_get("/gateways", routes.gateways)
    app.router.add_post("/progress", routes.progress)
    return app


async def serve(app: web.Application, host: str, port: int) -> web.AppRunner:
    """Start listening; the caller cleans the runner up."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    return runner


class _Routes:
    def __init__(self, endpoints: Endpoints, telemetry: Telemetry) -> None:
        self._endpoints = endpoints
        self._telemetry = telemetry

    async def metrics(self, _: web.Request) -> web.Response:
        text = generate_latest(self._telemetry.registry)
        return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def healthz(self, _: web.Request) -> web.Response:
        return _verdict(self._endpoints.alive())

    async def readyz(self, _: web.Request) -> web.Response:
        return _verdict(self._endpoints.ready())

    async def gateways(self, _: web.Request) -> web.Response:
        return web.json_response({"gateways": self._endpoints.gateways()})

    async def progress(self, request: web.Request) -> web.Response:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return _error(401, "Send the pod's projected token as Authorization: Bearer.")
        try:
            report = Progress.model_validate(json.loads(await request.text()))
        except (ValueError, ValidationError) as problem:
            return _error(400, f"This is no progress report: {problem}")
        try:
            await self._endpoints.report(token.strip(), report)
        except Refused as problem:
            return _error(403, str(problem))
        except Retryable as problem:
            return _error(503, str(problem))
        return web.Response(status=204)


def _verdict(complaints: Sequence[str]) -> web.Response:
    if complaints:
        return web.Response(status=503, text="\n".join(complaints) + "\n")
    return web.Response(text="ok\n")


def _error(status: int, message: str) -> web.Response:
    return web.json_response({"error": message}, status=status)
