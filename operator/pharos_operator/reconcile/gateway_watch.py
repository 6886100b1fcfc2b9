"""Follows, on the leader, what the gateways of all replicas have confirmed."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from pharos_api import names
from pharos_operator.adapters.peers import Peers
from pharos_operator.gateway.ads import AdsServer
from pharos_operator.gateway.state import GatewayState
from pharos_operator.reconcile.facts import label
from pharos_operator.reconcile.gateways import GatewayBoard
from pharos_operator.reconcile.index import Index, Key

_OPERATORS = label(names.LABEL_COMPONENT, names.COMPONENT_OPERATOR)
# How long a confirmation given to another replica may take to be heard of here
_POLL_S = 0.5


class GatewayWatch:
    """Merges this replica's gateways with those of its peers."""

    def __init__(self, index: Index, server: AdsServer, peers: Peers, board: GatewayBoard) -> None:
        self._index = index
        self._server = server
        self._peers = peers
        self._board = board

    async def run(self, home: tuple[str, str], enqueue: Callable[[Key], None]) -> None:
        """For ever; ``home`` is this replica's own namespace and pod."""
        generation = -1
        while True:
            states = [GatewayState.from_json(s) for s in await self._of_peers(*home)]
            for namespace, model in self._board.update([*self._server.state(), *states]):
                enqueue(Key("Model", namespace, model))
            with suppress(TimeoutError):
                generation = await asyncio.wait_for(self._server.changed(generation), _POLL_S)

    async def _of_peers(self, namespace: str, own_pod: str) -> list[dict[str, object]]:
        pods = self._index.found_by("Pod", namespace, _OPERATORS)
        addresses = [p.body["status"].get("podIP", "") for p in pods if p.key.name != own_pod]
        return await self._peers.gateways([address for address in addresses if address])
