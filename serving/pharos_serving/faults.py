"""Faults on demand, for drills: a candidate that fails, dawdles or dies on purpose.

Parses ``PHAROS_FAULT`` (``error:0.3``, ``latency:400ms``, ``crash:0.2``, or some with commas).
Touches inference only, never health: a drill must look to Kubernetes like a healthy pod with a bad
model, until it is dead.
"""

import asyncio
import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from pharos_api.meta import seconds
from pharos_serving.errors import ErrorCode, RequestRefused

# What a segmentation fault leaves behind: 128 and SIGSEGV.
CRASHED = 139


@dataclass(frozen=True, slots=True)
class Fault:
    """``error_share`` in 0..1 of the requests fail, and at ``crash_share`` the process ends.

    Each request waits ``latency_s`` first.
    """

    error_share: float = 0.0
    latency_s: float = 0.0
    crash_share: float = 0.0
    draw: random.Random = field(default_factory=random.Random, compare=False)
    end: Callable[[int], object] = field(default=os._exit, compare=False)

    @property
    def active(self) -> bool:
        """Whether anything is injected at all."""
        return bool(self.error_share or self.latency_s or self.crash_share)

    async def strike(self) -> None:
        """Wait, then perhaps end the process as a crash does, or raise RequestRefused(500)."""
        if self.latency_s:
            await asyncio.sleep(self.latency_s)
        if self.crash_share and self.draw.random() < self.crash_share:
            self.end(CRASHED)
        if self.error_share and self.draw.random() < self.error_share:
            raise RequestRefused(
                500, ErrorCode.INJECTED_FAULT, "This failure was asked for by PHAROS_FAULT."
            )


def parse_fault(text: str) -> Fault:
    """The fault that ``text`` describes. Raises ValueError with a sentence that shows the form."""
    values = {"error": 0.0, "latency": 0.0, "crash": 0.0}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        kind, _, value = part.partition(":")
        if kind not in values:
            raise ValueError(_sentence(text))
        try:
            values[kind] = seconds(value) if kind == "latency" else float(value)
        except ValueError as error:
            raise ValueError(_sentence(text)) from error
    if not all(0 <= values[share] <= 1 for share in ("error", "crash")):
        raise ValueError(_sentence(text))
    return Fault(values["error"], values["latency"], values["crash"])


def _sentence(text: str) -> str:
    return (
        f"PHAROS_FAULT={text!r} cannot be read; write for example error:0.3 (a share from 0 to 1), "
        "latency:400ms, crash:0.2, or error:0.1,latency:200ms"
    )
