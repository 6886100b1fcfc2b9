"""Errors as the operator tells them apart: can another try help, or not?

    PharosError
    ├── Retryable            try again after ``delay_s``
    │   ├── Conflict         somebody else wrote first (409): read again, decide again
    │   ├── Throttled        the API server asks for patience (429)
    │   └── Unavailable      the other side is away or slow (5xx, connection, timeout)
    └── Terminal             no retry until a person changes something
        ├── NotFound         the object is gone (404)
        ├── Refused          the API server refuses the object (400, 403, 422)
        └── Invalid          the object cannot be understood

Adapters translate what they meet into one of these, once. Nothing above them catches anything
wider than PharosError.
"""


class PharosError(Exception):
    """Base of all errors that the operator raises on purpose."""


class Retryable(PharosError):
    """Another try may help, after ``delay_s`` seconds (None: the queue's own backoff)."""

    def __init__(self, message: str, delay_s: float | None = None) -> None:
        super().__init__(message)
        self.delay_s = delay_s


class Conflict(Retryable):
    """Somebody else wrote first."""


class Throttled(Retryable):
    """The server asks for patience."""


class Unavailable(Retryable):
    """The other side did not answer, or not in time."""


class Terminal(PharosError):
    """No retry until a person changes something. ``reason`` is CamelCase for a condition."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class NotFound(Terminal):
    """The object is gone."""


class Refused(Terminal):
    """The API server refuses what was sent."""


class Invalid(Terminal):
    """The object cannot be understood."""
