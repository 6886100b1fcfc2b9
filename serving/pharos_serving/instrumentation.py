"""Around every request: its context, its measurement, and its trace in the log.

An ASGI middleware. It gives each request a context, logs what nobody caught, counts inference
requests, and tells clients of a draining server to go elsewhere.
"""

import logging
import re
from time import perf_counter
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pharos_api.names import HEADER_ARM, HEADER_REQUEST_ID, HEADER_VERSION
from pharos_serving.context import RequestContext, context_of
from pharos_serving.logs import IDS
from pharos_serving.service import Service
from pharos_serving.tracing import NoTraces

_INFERENCE = re.compile(r"/v1/classify|/v2/models/[^/]+(/versions/[^/]+)?/infer")
_CLIENT_GONE = 499
_UNTRACED = NoTraces()
_LOG = logging.getLogger(__name__)


class Instrumentation:
    """The middleware."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(self._service, scope, send)
        try:
            await self._app(scope, receive, exchange.send)
        except ClientDisconnect:
            exchange.status = _CLIENT_GONE
        except Exception:
            _LOG.exception("A request failed", extra={"fields": {"path": scope["path"][:200]}})
            if not exchange.answered:
                raise
        finally:
            exchange.count()


class _Exchange:
    """One request and what became of it."""

    def __init__(self, service: Service, scope: Scope, send: Send) -> None:
        self.status = 500
        self.answered = False
        self._started_s = perf_counter()
        self._service = service
        self._send = send
        self._context: RequestContext = context_of(Headers(scope=scope), uuid4().hex)
        # A request has a task of its own, so its ids end with it.
        IDS.set(_ids(self._context))
        scope.setdefault("state", {})["context"] = self._context
        self._is_inference = _INFERENCE.fullmatch(scope["path"]) is not None
        traces = service.traces if self._is_inference else _UNTRACED
        self._span = traces.begin(Headers(scope=scope), self._context)

    async def send(self, message: Message) -> None:
        """Pass a message on; its head gets our headers."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.answered = True
            headers = MutableHeaders(scope=message)
            headers[HEADER_REQUEST_ID] = self._context.request_id
            headers[HEADER_VERSION] = self._service.identity.version
            headers[HEADER_ARM] = self._context.arm.value
            if self._service.draining:
                headers["connection"] = "close"
        await self._send(message)

    def count(self) -> None:
        """Count an inference request, and close its span."""
        self._span.end(self.status)
        if self._is_inference:
            seconds = perf_counter() - self._started_s
            self._service.metrics.observe_request(self._context.arm, self.status, seconds)


def _ids(context: RequestContext) -> dict[str, str]:
    """What every line of a request carries: never the user."""
    ids = {"request_id": context.request_id, "arm": context.arm.value}
    if context.experiment_id is not None:
        ids["experiment"] = str(context.experiment_id)
    return ids
