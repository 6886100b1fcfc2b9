"""Keeps the index true: fills it before the first event, and removes what the watch missed.

A watch that drops its connection while an object is deleted never tells of it. A full list from
time to time finds such ghosts, and finds a watch that has fallen silent.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from typing import Any, Protocol

from pharos_operator.adapters.resources import Resource
from pharos_operator.errors import PharosError
from pharos_operator.reconcile.freshness import Freshness
from pharos_operator.reconcile.index import Index, Key, key_of, version_of

log = logging.getLogger(__name__)
Body = dict[str, Any]
_RETRY_S = 1.0


class Lists(Protocol):
    """Full lists of the API server."""

    def list_pages(self, kind: str, namespace: str = "") -> AsyncIterator[Body]:
        """All objects of a kind, page by page."""


class Sync:
    """Initial and repeated full lists of all watched kinds."""

    def __init__(
        self, lists: Lists, index: Index, resources: Sequence[Resource], namespaces: Sequence[str]
    ) -> None:
        self._lists = lists
        self._index = index
        self._resources = resources
        self._namespaces = namespaces or ("",)
        self.freshness = Freshness()
        self.done = asyncio.Event()

    async def fill(self) -> None:
        """List everything into the index; patient with a server or CRDs that are not there yet."""
        for resource in self._resources:
            await self._patiently(resource)
        self.done.set()
        log.info("index filled", extra={r.kind: self._index.count(r.kind) for r in self._resources})

    async def repeat(self, interval_s: float) -> None:
        """List everything again and again: what the watch has missed becomes news."""
        while True:
            await asyncio.sleep(interval_s)
            for resource in self._resources:
                await self._patiently(resource)

    async def _patiently(self, resource: Resource) -> None:
        while True:
            if await self._listed(resource):
                return
            await asyncio.sleep(_RETRY_S)

    async def _listed(self, resource: Resource) -> bool:
        try:
            newest = [await self._once(resource, each) for each in self._namespaces]
        except PharosError as problem:
            log.warning("cannot list", extra={"kind": resource.kind, "problem": str(problem)})
            return False
        self.freshness.listed(resource.kind, max(newest))
        return True

    async def _once(self, resource: Resource, namespace: str) -> int:
        alive: dict[Key, int] = {}
        snapshot = 0
        async for page in self._lists.list_pages(resource.kind, namespace):
            # The first page's version is that of the snapshot which all pages belong to.
            snapshot = snapshot or int(page["metadata"]["resourceVersion"])
            for item in page["items"]:
                body = {"apiVersion": resource.api_version, "kind": resource.kind, **item}
                alive[key_of(body)] = version_of(body)
                self._index.observe(body)
        for ghost in self._index.ghosts(resource.kind, alive, snapshot):
            if namespace in ("", ghost.namespace):
                self._index.forget(ghost, snapshot)
        return max(alive.values(), default=0)
