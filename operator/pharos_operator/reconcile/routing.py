"""Turns the index into what gateways shall do, on every replica, and follows what they confirm.

Nothing is published before the index is full: half a picture would take routes away.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from pharos_api import names
from pharos_api.model import Model
from pharos_operator.gateway.ads import AdsServer
from pharos_operator.gateway.snapshot import Endpoint, Snapshot, snapshot
from pharos_operator.reconcile.index import Entry, Index
from pharos_operator.reconcile.observe import all_parsed

log = logging.getLogger(__name__)
Body = dict[str, Any]
RELEVANT = ("Model", "EndpointSlice")


class Routing:
    """Publishes a snapshot after each change of routes or endpoints."""

    def __init__(self, index: Index, server: AdsServer) -> None:
        self._index = index
        self._server = server
        self._dirty = asyncio.Event()
        self._published: Snapshot | None = None

    def touch(self) -> None:
        """Something relevant has changed."""
        self._dirty.set()

    async def run(self) -> None:
        """Publish now and after every change, changes of one moment together."""
        self.touch()
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            wanted = self.wanted()
            if wanted != self._published:
                self._server.publish(wanted)
                self._published = wanted

    def wanted(self) -> Snapshot:
        """What all gateways shall do, as the index has it now."""
        models = all_parsed(self._index.of_kind("Model"), Model)
        return snapshot(models, endpoints(self._index.of_kind("EndpointSlice")))


def endpoints(slices: Iterable[Entry]) -> dict[tuple[str, str], list[Endpoint]]:
    """(namespace, name of a ModelVersion) -> its pods, from the slices of its Service.

    The ready ones; where none is, all that are not terminating. A node whose lease ran out while
    the API server was away makes every pod on it unready at once, though all of them answer: an
    empty pool would turn that into an outage, and a pod that is really dead answers nothing either
    way.
    """
    ready: dict[tuple[str, str], list[Endpoint]] = defaultdict(list)
    standing: dict[tuple[str, str], list[Endpoint]] = defaultdict(list)
    for entry in slices:
        body = entry.body
        # The slices of a version's Service carry the Service's labels.
        version = (body["metadata"].get("labels") or {}).get(names.LABEL_VERSION_NAME)
        if version:
            key = entry.key.namespace, version
            ready[key].extend(_addresses(body, "ready", wanted=True))
            standing[key].extend(_addresses(body, "terminating", wanted=False))
    return {key: found or standing[key] for key, found in ready.items()}


def _addresses(body: Body, kind: str, *, wanted: bool) -> Iterable[Endpoint]:
    """The pods with that condition as wanted; one that is not told is as it should be."""
    ports = [port["port"] for port in body["ports"] if port.get("port")]
    for endpoint in body["endpoints"]:
        if ports and (endpoint.get("conditions") or {}).get(kind, wanted) is wanted:
            yield from (Endpoint(address, ports[0]) for address in endpoint["addresses"])
