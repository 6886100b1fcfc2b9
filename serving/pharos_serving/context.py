"""Who asks, and as part of which experiment: read from the request's headers.

Pure. The gateway writes most of these headers; a client that comes past it can send anything, so
every value is checked and what is not understood counts as absent.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from pharos_api.assignment import Arm, bucket, salt_of
from pharos_api.names import (
    COOKIE_USER,
    HEADER_ARM,
    HEADER_EXPERIMENT,
    HEADER_REQUEST_ID,
    HEADER_REVISION,
    HEADER_SEGMENT,
    HEADER_USER,
)

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:@+/-]{1,128}")
_REVISION = re.compile(r"[0-9]{1,15}")
_SEGMENT = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_MAX_USER = 512


@dataclass(frozen=True, slots=True)
class RequestContext:
    """The circumstances of one request. ``bucket`` is the user's in the experiment (0..9999)."""

    request_id: str
    arm: Arm = Arm.OUTSIDE
    user: str = ""
    experiment_id: UUID | None = None
    revision: int | None = None
    bucket: int | None = None
    segment: str | None = None


def context_of(headers: Mapping[str, str], fresh_id: str) -> RequestContext:
    """The context in ``headers`` (lower-case names); ``fresh_id`` serves where none was sent."""
    given_id = headers.get(HEADER_REQUEST_ID, "")
    revision = headers.get(HEADER_REVISION, "")
    segment = headers.get(HEADER_SEGMENT, "")
    user = headers.get(HEADER_USER, "") or _cookie(headers.get("cookie", ""), COOKIE_USER)
    experiment_id = _uuid(headers.get(HEADER_EXPERIMENT, ""))
    return RequestContext(
        request_id=given_id if _REQUEST_ID.fullmatch(given_id) else fresh_id,
        arm=_arm(headers.get(HEADER_ARM, "")),
        user=user[:_MAX_USER],
        experiment_id=experiment_id,
        revision=int(revision) if _REVISION.fullmatch(revision) else None,
        bucket=_bucket(experiment_id, user),
        segment=segment if _SEGMENT.fullmatch(segment) else None,
    )


def _bucket(experiment_id: UUID | None, user: str) -> int | None:
    if experiment_id is None or not user:
        return None
    # Headers are read as Latin-1, one character a byte, and Envoy hashes the bytes.
    return bucket(salt_of(str(experiment_id)), user.encode("latin-1", "replace"))


def _cookie(header: str, name: str) -> str:
    pairs = (part.strip().partition("=") for part in header.split(";"))
    return next((value for key, _, value in pairs if key == name), "")


def _arm(text: str) -> Arm:
    return Arm(text) if text in set(Arm) else Arm.OUTSIDE


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
