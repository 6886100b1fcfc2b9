"""Who asks, and as part of which experiment: read from the request's headers.

Pure. The gateway writes these headers; a client that comes past it can send anything, so every
value is checked and what is not understood counts as absent.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from pharos_api.assignment import Arm
from pharos_api.names import (
    HEADER_ARM,
    HEADER_EXPERIMENT,
    HEADER_REQUEST_ID,
    HEADER_REVISION,
    HEADER_USER,
)

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:@+/-]{1,128}")
# An id that we gave out may be longer by the number of the text.
FEEDBACK_ID_PATTERN = r"^[A-Za-z0-9._:@+/-]{1,140}$"
_REVISION = re.compile(r"[0-9]{1,15}")
_MAX_USER = 512


@dataclass(frozen=True, slots=True)
class RequestContext:
    """The circumstances of one request."""

    request_id: str
    arm: Arm = Arm.OUTSIDE
    user: str = ""
    experiment_id: UUID | None = None
    revision: int | None = None


def context_of(headers: Mapping[str, str], fresh_id: str) -> RequestContext:
    """The context in ``headers`` (lower-case names); ``fresh_id`` serves where none was sent."""
    given_id = headers.get(HEADER_REQUEST_ID, "")
    revision = headers.get(HEADER_REVISION, "")
    return RequestContext(
        request_id=given_id if _REQUEST_ID.fullmatch(given_id) else fresh_id,
        arm=_arm(headers.get(HEADER_ARM, "")),
        user=headers.get(HEADER_USER, "")[:_MAX_USER],
        experiment_id=_uuid(headers.get(HEADER_EXPERIMENT, "")),
        revision=int(revision) if _REVISION.fullmatch(revision) else None,
    )


def prediction_ids(request_id: str, count: int) -> list[str]:
    """The id of each prediction: the request's own for a single text, numbered for several."""
    return [request_id] if count == 1 else [f"{request_id}/{n}" for n in range(count)]


def _arm(text: str) -> Arm:
    return Arm(text) if text in set(Arm) else Arm.OUTSIDE


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
