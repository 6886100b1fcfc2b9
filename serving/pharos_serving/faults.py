"""Faults on demand, for drills: a candidate that fails or dawdles on purpose.

Parses ``PHAROS_FAULT`` (``error:0.3``, ``latency:400ms``, or both with a comma). Touches inference
only, never health: a drill must look to Kubernetes like a healthy pod with a bad model.
"""

import asyncio
import random
from dataclasses import dataclass, field

from pharos_api.meta import seconds
from pharos_serving.errors import ErrorCode, RequestRefused


@dataclass(frozen=True, slots=True)
class Fault:
    """``error_share`` in 0..1 of the requests fail; each one waits ``latency_s`` first."""

    error_share: float = 0.0
    latency_s: float = 0.0
    draw: random.Random = field(default_factory=random.Random, compare=False)

    @property
    def active(self) -> bool:
        """Whether anything is injected at all."""
        return bool(self.error_share or self.latency_s)

    async def strike(self) -> None:
        """Wait, then perhaps raise RequestRefused(500)."""
        if self.latency_s:
            await asyncio.sleep(self.latency_s)
        if self.error_share and self.draw.random() < self.error_share:
            raise RequestRefused(
                500, ErrorCode.INJECTED_FAULT, "This failure was asked for by PHAROS_FAULT."
            )


def parse_fault(text: str) -> Fault:
    """The fault that ``text`` describes. Raises ValueError with a sentence that shows the form."""
    values = {"error": 0.0, "latency": 0.0}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        kind, _, value = part.partition(":")
        if kind not in values:
            raise ValueError(_sentence(text))
        try:
            values[kind] = float(value) if kind == "error" else seconds(value)
        except ValueError as error:
            raise ValueError(_sentence(text)) from error
    if not 0 <= values["error"] <= 1:
        raise ValueError(_sentence(text))
    return Fault(values["error"], values["latency"])


def _sentence(text: str) -> str:
    return (
        f"PHAROS_FAULT={text!r} cannot be read; write for example error:0.3 (a share from 0 to 1), "
        "latency:400ms, or error:0.1,latency:200ms"
    )
