"""From the bytes of a request to texts, or to the sentence that says what to send instead.

Pure: the one place that knows the shapes of ``/v1`` requests and their limits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from pharos_serving.errors import ErrorCode, RequestRefused


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may ask for."""

    max_texts: int = 64
    max_characters: int = 100_000
    max_body_bytes: int = 1 << 20


class Body(BaseModel):
    """Base of the request bodies: camelCase, no conversions, no unknown fields."""

    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, validate_by_alias=True, validate_by_name=True
    )


class ClassifyRequest(Body):
    """``{"text": "…"}`` or ``{"texts": ["…", …]}``."""

    text: str | None = None
    texts: list[str] | None = None


class ExplainRequest(Body):
    """``{"text": "…"}``; ``label`` names what to explain, by default the predicted label."""

    text: str
    label: str | None = None


B = TypeVar("B", bound=BaseModel)


def parse(kind: type[B], body: bytes) -> B:
    """The body as ``kind``. Raises RequestRefused: 400 for no JSON, 422 for another shape."""
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        if first["type"] == "json_invalid":
            raise RequestRefused(
                400, ErrorCode.MALFORMED_JSON, f"The body is not JSON: {_tail(first['msg'])}."
            ) from None
        place = ".".join(str(part) for part in first["loc"]) or "body"
        raise RequestRefused(
            422, ErrorCode.INVALID_REQUEST, f"{place[:100]}: {first['msg']}."
        ) from None


def texts_of(request: ClassifyRequest, limits: Limits) -> list[str]:
    """The texts to classify, checked. Raises RequestRefused."""
    if (request.text is None) == (request.texts is None):
        raise RequestRefused(
            422, ErrorCode.INVALID_REQUEST, 'Send either {"text": "…"} or {"texts": ["…"]}.'
        )
    texts = [request.text] if request.text is not None else list(request.texts or ())
    check_texts(texts, limits)
    return texts


def check_texts(texts: Sequence[str], limits: Limits) -> None:
    """Refuse none, too many, empty and too long texts."""
    if not texts:
        raise RequestRefused(422, ErrorCode.EMPTY_TEXT, "There is no text to classify; send one.")
    if len(texts) > limits.max_texts:
        raise RequestRefused(
            422,
            ErrorCode.TOO_MANY_TEXTS,
            f"{len(texts)} texts were sent, at most {limits.max_texts} are taken at once; "
            "send them in several requests.",
        )
    for index, text in enumerate(texts):
        _check_text(index, text, limits)


def _check_text(index: int, text: str, limits: Limits) -> None:
    if not text.strip():
        raise RequestRefused(422, ErrorCode.EMPTY_TEXT, f"Text {index} is empty; send words.")
    if len(text) > limits.max_characters:
        raise RequestRefused(
            422,
            ErrorCode.TEXT_TOO_LONG,
            f"Text {index} has {len(text)} characters, at most {limits.max_characters} are taken.",
        )


def _tail(message: str) -> str:
    """Pydantic's message without its "Invalid JSON: " in front."""
    return message.removeprefix("Invalid JSON: ")
