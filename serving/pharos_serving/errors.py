"""What can go wrong in serving, typed by who can mend it.

A ``RequestRefused`` is the client's to mend and becomes a 4xx answer; a ``ModelRejected`` ends the
process, because no retry can heal a wrong artifact; a ``StoreAway`` is waited out. Knows no HTTP
library and writes no log.
"""

from enum import StrEnum


class ServingError(Exception):
    """Base of every error that serving raises on purpose."""


class ErrorCode(StrEnum):
    """The ``code`` in the JSON of a refused request."""

    MALFORMED_JSON = "MalformedJson"
    INVALID_REQUEST = "InvalidRequest"
    EMPTY_TEXT = "EmptyText"
    TEXT_TOO_LONG = "TextTooLong"
    TOO_MANY_TEXTS = "TooManyTexts"
    BODY_TOO_LARGE = "BodyTooLarge"
    UNSUPPORTED_CONTENT_TYPE = "UnsupportedContentType"
    UNKNOWN_LABEL = "UnknownLabel"
    UNKNOWN_PREDICTION = "UnknownPrediction"
    FROM_THE_FUTURE = "FromTheFuture"
    UNKNOWN_MODEL = "UnknownModel"
    NOT_FOUND = "NotFound"
    METHOD_NOT_ALLOWED = "MethodNotAllowed"
    OVERLOADED = "Overloaded"
    INJECTED_FAULT = "InjectedFault"
    INTERNAL = "Internal"


class RequestRefused(ServingError):
    """A request that is answered with an error.

    ``status`` is the HTTP status, ``message`` the sentence that tells the client what to send
    instead; ``retry_after_s`` is given only where trying again can help.
    """

    def __init__(
        self, status: int, code: ErrorCode, message: str, retry_after_s: int | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.retry_after_s = retry_after_s


class RejectionReason(StrEnum):
    """Why a model is not served; stands in the termination message."""

    DIGEST_MISMATCH = "DigestMismatch"
    MANIFEST_INVALID = "ManifestInvalid"
    FILE_MISSING = "FileMissing"
    SIGNATURE_MISSING = "SignatureMissing"
    SIGNATURE_INVALID = "SignatureInvalid"
    FILE_FORBIDDEN = "FileForbidden"
    FILE_TOO_LARGE = "FileTooLarge"
    NO_ENGINE = "NoEngine"
    UNLOADABLE = "ModelUnloadable"
    UNAVAILABLE = "ArtifactUnavailable"


class ModelRejected(ServingError, ValueError):
    """Terminal: the artifact is not what the ModelVersion names, or no engine can run it."""

    def __init__(self, reason: RejectionReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class ArtifactUnavailable(ModelRejected):
    """Retryable: the artifact store did not answer. The pod ends and Kubernetes tries again."""

    def __init__(self, message: str) -> None:
        super().__init__(RejectionReason.UNAVAILABLE, message)


class BatchRefused(ServingError):
    """Terminal: the database can never take these rows; they are set aside."""


class StoreAway(ServingError):
    """Retryable: the database did not take the rows; they stay in the spool."""
