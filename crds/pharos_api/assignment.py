"""Which arm a user belongs to: the only Python implementation of the split that Envoy executes.

A user is hashed to one of 10,000 buckets, salted per experiment. The bucket line is cut into four
segments ``[candidate c][outside 5000-c][control c][outside 5000-c]``. Both arms are equally large
and equally old. Raising the exposure ``c`` only moves users out of ``outside``; nobody ever changes
from one arm to the other. The gateway renders the same segments as weighted clusters, so an
analysis can recompute every user's arm.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

import xxhash

BUCKETS = 10_000
HALF = BUCKETS // 2


class Arm(StrEnum):
    """The role of a request in an experiment. ``outside`` is served but not analysed."""

    CANDIDATE = "candidate"
    CONTROL = "control"
    OUTSIDE = "outside"
    SHADOW = "shadow"
    PINNED = "pinned"


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of ``width`` consecutive buckets with one arm."""

    width: int
    arm: Arm


def segments(exposure: int) -> Iterator[Segment]:
    """Cut the bucket line for ``exposure`` buckets an arm (0..5000); widths add up to 10,000."""
    if not 0 <= exposure <= HALF:
        raise ValueError(f"exposure must be within 0..{HALF} buckets, got {exposure}")
    line = (
        Segment(exposure, Arm.CANDIDATE),
        Segment(HALF - exposure, Arm.OUTSIDE),
        Segment(exposure, Arm.CONTROL),
        Segment(HALF - exposure, Arm.OUTSIDE),
    )
    yield from (segment for segment in line if segment.width)


def salt_of(uid: str) -> str:
    """An experiment's salt: 16 hex digits of the SHA-256 of its UID, so never another one."""
    return sha256(uid.encode()).hexdigest()[:16]


def bucket(salt: str, user: str | bytes) -> int:
    """``XXH64(salt + ":" + user, seed 0) mod 10000``: bit for bit what Envoy computes.

    Envoy hashes the bytes of a header as they came; a ``str`` stands for its UTF-8.
    """
    raw = user.encode() if isinstance(user, str) else user
    return xxhash.xxh64_intdigest(f"{salt}:".encode() + raw, seed=0) % BUCKETS


def assign(salt: str, user: str, exposure: int) -> Arm:
    """The arm of a user at this exposure. An empty user id is ``outside``."""
    if not user:
        return Arm.OUTSIDE
    position = bucket(salt, user)
    for segment in segments(exposure):
        if position < segment.width:
            return segment.arm
        position -= segment.width
    raise AssertionError("segments do not cover the bucket line")


def exposure_of(percent: int) -> int:
    """Buckets an arm for a candidate share in percent of all known users (0..50)."""
    return min(HALF, percent * BUCKETS // 100)
