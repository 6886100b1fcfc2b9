"""How many GPUs the cluster's nodes offer, so that a run that waits for one can be told why."""

import asyncio
import logging

from pharos_operator.errors import Refused, Retryable
from pharos_operator.reconcile.sync import Lists

log = logging.getLogger(__name__)
GPU = "nvidia.com/gpu"
_EVERY_S = 60.0


class Capacity:
    """The last count. None: not known, because nodes may not be read or were not yet."""

    def __init__(self, lists: Lists) -> None:
        self._lists = lists
        self.gpus: int | None = None

    async def run(self) -> None:
        """Count again and again, for ever."""
        while True:
            try:
                self.gpus = await self._count()
            except Refused as problem:
                log.info("nodes may not be read", extra={"problem": str(problem)})
                self.gpus = None
            except Retryable as problem:
                log.info("nodes cannot be read now", extra={"problem": str(problem)})
            await asyncio.sleep(_EVERY_S)

    async def _count(self) -> int:
        total = 0
        async for page in self._lists.list_pages("Node"):
            for node in page["items"]:
                offered = (node.get("status") or {}).get("allocatable") or {}
                total += int(offered.get(GPU, "0"))
        return total
