"""From values to HTTP answers, and from HTTP bodies to bytes.

The one place that knows both error shapes: ``{"error": {"code", "message"}}`` of ``/v1`` and
``{"error": "…"}`` of the Open Inference Protocol.
"""

from collections.abc import Mapping
from enum import Enum, auto
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from pharos_serving.errors import ErrorCode, RequestRefused

_JSON = "application/json"


class Dialect(Enum):
    """Which of the two APIs is spoken."""

    V1 = auto()
    V2 = auto()


def dialect_of(path: str) -> Dialect:
    """The API that a path belongs to."""
    return Dialect.V2 if path == "/v2" or path.startswith("/v2/") else Dialect.V1


def json_answer(
    content: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer in JSON."""
    return Response(
        orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY),
        status,
        headers=dict(headers or {}),
        media_type=_JSON,
    )


def refusal(refused: RequestRefused, dialect: Dialect) -> Response:
    """The answer to a request that was refused, with Retry-After where waiting helps."""
    headers = {}
    if refused.retry_after_s is not None:
        headers["retry-after"] = str(refused.retry_after_s)
    if refused.status == 413:
        # The rest of the body stays unread, so the connection cannot be used again.
        headers["connection"] = "close"
    if dialect is Dialect.V2:
        # The protocol knows 400 for everything that is wrong with a request's content.
        status = 400 if refused.status == 422 else refused.status
        return json_answer({"error": refused.message}, status, headers)
    error = {"code": refused.code.value, "message": refused.message}
    return json_answer({"error": error}, refused.status, headers)


async def json_body(request: Request, limit_bytes: int) -> bytes:
    """The body of a request that says it is JSON. Raises RequestRefused (413, 415)."""
    _check_content_type(request.headers.get("content-type", _JSON))
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > limit_bytes:
        raise _too_large(limit_bytes)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit_bytes:
            raise _too_large(limit_bytes)
    return bytes(body)


def _check_content_type(content_type: str) -> None:
    kind, _, parameters = content_type.partition(";")
    charset = parameters.strip().lower().removeprefix("charset=").strip('"')
    if kind.strip().lower() != _JSON or charset not in ("", "utf-8", "utf8"):
        raise RequestRefused(
            415,
            ErrorCode.UNSUPPORTED_CONTENT_TYPE,
            "Send the body as JSON in UTF-8, with the header Content-Type: application/json.",
        )


def _too_large(limit_bytes: int) -> RequestRefused:
    return RequestRefused(
        413,
        ErrorCode.BODY_TOO_LARGE,
        f"The body is larger than {limit_bytes} bytes; send fewer or shorter texts.",
    )
