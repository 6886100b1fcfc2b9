"""Puts the routes of one loaded version together into an ASGI application. No globals, no I/O."""

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp

from pharos_serving.answers import dialect_of, refusal
from pharos_serving.errors import ErrorCode, RequestRefused
from pharos_serving.instrumentation import Instrumentation
from pharos_serving.routes import build_router
from pharos_serving.routes_v2 import build_v2_router
from pharos_serving.service import Service

_CODES = {404: ErrorCode.NOT_FOUND, 405: ErrorCode.METHOD_NOT_ALLOWED}


def create_app(service: Service) -> ASGIApp:
    """The application. Every error it answers with is JSON."""
    app = FastAPI(
        title=f"Pharos: {service.identity.name} {service.identity.version}",
        docs_url=None,
        redoc_url=None,
        exception_handlers={
            RequestRefused: _refused,
            HTTPException: _http_error,
            RequestValidationError: _invalid_query,
            Exception: _internal,
        },
    )
    app.include_router(build_router(service))
    app.include_router(build_v2_router(service))
    return Instrumentation(app, service)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestRefused)  # noqa: S101 - for the type checker
    return refusal(error, dialect_of(request.url.path))


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - for the type checker
    code = _CODES.get(error.status_code, ErrorCode.INVALID_REQUEST)
    refused = RequestRefused(error.status_code, code, f"{error.detail}.")
    return refusal(refused, dialect_of(request.url.path))


async def _invalid_query(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - for the type checker
    first = error.errors()[0]
    sentence = f"{'.'.join(map(str, first['loc']))}: {first['msg']}."
    refused = RequestRefused(422, ErrorCode.INVALID_REQUEST, sentence)
    return refusal(refused, dialect_of(request.url.path))


async def _internal(request: Request, error: Exception) -> Response:
    """The answer tells nothing of the error: that stands in the log."""
    del error
    refused = RequestRefused(500, ErrorCode.INTERNAL, "The server failed; its log tells why.")
    return refusal(refused, dialect_of(request.url.path))
