"""What people say of a prediction: its true label, whether it served them, or both.

From the bytes of a request to a row, or to the sentence that says what to send instead. Pure. It is
told what this server knows: the model's labels, and the ids that were given out.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import AwareDatetime, Field

from pharos_serving.errors import ErrorCode, RequestRefused
from pharos_serving.requests import Body, parse
from pharos_store.rows import LabelRow

# Clocks differ a little.
_AHEAD_AT_MOST = timedelta(minutes=1)
_NAMED = 100
_ID_PATTERN = r"^[A-Za-z0-9._:@+/-]{1,180}$"


class FeedbackOutcome(StrEnum):
    """How a report was taken; stands in a metric."""

    ACCEPTED = "accepted"
    UNKNOWN_PREDICTION = "unknown-prediction"
    UNKNOWN_LABEL = "unknown-label"
    FROM_THE_FUTURE = "from-the-future"
    MALFORMED = "malformed"
    NO_ROOM = "no-room"


_OUTCOMES = {
    ErrorCode.UNKNOWN_PREDICTION: FeedbackOutcome.UNKNOWN_PREDICTION,
    ErrorCode.UNKNOWN_LABEL: FeedbackOutcome.UNKNOWN_LABEL,
    ErrorCode.FROM_THE_FUTURE: FeedbackOutcome.FROM_THE_FUTURE,
    ErrorCode.OVERLOADED: FeedbackOutcome.NO_ROOM,
}


class FeedbackRequest(Body):
    """``requestId`` as an answer had it, then ``label``, ``satisfaction`` or both.

    ``at`` is when it was found out, by default now; of two reports the later one counts.
    """

    request_id: str = Field(alias="requestId", max_length=200, pattern=_ID_PATTERN)
    label: str | None = Field(None, min_length=1, max_length=200)
    satisfaction: bool | None = None
    at: AwareDatetime | None = None


def read_feedback(
    body: bytes, labels: Sequence[str], given_out: Callable[[str], bool], now: datetime
) -> LabelRow:
    """The report in ``body``. Raises RequestRefused."""
    request = parse(FeedbackRequest, body)
    if request.label is None and request.satisfaction is None:
        raise _refused(
            ErrorCode.INVALID_REQUEST, "Send label, satisfaction (true or false), or both."
        )
    _check_prediction(request.request_id, given_out)
    check_label(request.label, labels)
    at = request.at or now
    if at > now + _AHEAD_AT_MOST:
        raise _refused(
            ErrorCode.FROM_THE_FUTURE,
            f"at is {at.isoformat()}, which is yet to come: it is {now.isoformat()}. "
            "Leave it out, or send when it was found out.",
        )
    return LabelRow(request.request_id, request.label, min(at, now), request.satisfaction)


def outcome_of(refused: RequestRefused) -> FeedbackOutcome:
    """What the metric counts of a refusal."""
    return _OUTCOMES.get(refused.code, FeedbackOutcome.MALFORMED)


def no_room() -> RequestRefused:
    """The refusal of a report that cannot be kept now."""
    message = "The server has no room for feedback just now; send it again."
    return RequestRefused(503, ErrorCode.OVERLOADED, message, retry_after_s=5)


def _check_prediction(prediction_id: str, given_out: Callable[[str], bool]) -> None:
    if not given_out(prediction_id):
        message = (
            "No prediction of this model has this id. Send requestId as the answer of "
            "/v1/classify had it, of several texts that of the one meant."
        )
        raise RequestRefused(404, ErrorCode.UNKNOWN_PREDICTION, message)


def check_label(label: str | None, labels: Sequence[str]) -> None:
    """Refuse a label that the model does not know."""
    if label is not None and label not in labels:
        known = ", ".join(labels[:_NAMED]) + (", …" if len(labels) > _NAMED else "")
        message = f"The label is not one of this model's: {known}."
        raise _refused(ErrorCode.UNKNOWN_LABEL, message)


def _refused(code: ErrorCode, message: str) -> RequestRefused:
    return RequestRefused(422, code, message)
