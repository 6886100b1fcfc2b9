"""The delta ADS server: keeps every connected Envoy at the newest snapshot.

It says nothing before the first ``publish``: an operator that has just started knows of no models
yet, and an empty answer would wipe gateways that serve. All methods belong to one event loop.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import grpc
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DeltaDiscoveryResponse

from pharos_operator.errors import Terminal
from pharos_operator.gateway.render import Options, Renderer
from pharos_operator.gateway.routes import TIMEOUT_S
from pharos_operator.gateway.snapshot import Snapshot
from pharos_operator.gateway.state import GatewayState, newest
from pharos_operator.gateway.stream import Stream, Target

log = logging.getLogger(__name__)

SERVICE = "envoy.service.discovery.v3.AggregatedDiscoveryService"
METHOD = "DeltaAggregatedResources"

# A cluster outlives every request that may still be under way in it.
DRAIN_S = TIMEOUT_S + 5.0

_CHANNEL = (
    ("grpc.keepalive_time_ms", 5_000),
    ("grpc.keepalive_timeout_ms", 3_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 1_000),
    ("grpc.max_receive_message_length", 64 << 20),
    # Two servers on one port would share the gateways between them.
    ("grpc.so_reuseport", 0),
)


@dataclass(eq=False, slots=True)
class _Connection:
    stream: Stream
    wake: asyncio.Event
    told: GatewayState | None = None


class AdsServer:
    """Serves one snapshot to all Envoys that connect."""

    def __init__(
        self, options: Options, clock: Callable[[], datetime], drain_s: float = DRAIN_S
    ) -> None:
        self._renderer, self._clock, self._drain_s = Renderer(options), clock, drain_s
        self._connections: set[_Connection] = set()
        self._target: Target | None = None
        self._server: grpc.aio.Server | None = None
        self._closing = False
        self._generation = 0
        self._news = asyncio.Event()

    async def start(self, address: str) -> int:
        """Listen on ``host:port`` (port 0: any) and return the port. Raises Terminal if taken."""
        self._server = grpc.aio.server(options=_CHANNEL)
        self._server.add_generic_rpc_handlers((self._handlers(),))
        try:
            port = self._server.add_insecure_port(address)
        except RuntimeError as error:
            message = f"Cannot listen on {address} for gateways: {error}. Is the port in use?"
            raise Terminal("AddressInUse", message) from error
        await self._server.start()
        return port

    async def stop(self) -> None:
        """End all streams. The gateways keep serving what they have."""
        self._closing = True
        self._wake_all()
        if self._server is not None:
            await self._server.stop(grace=1)

    def publish(self, snapshot: Snapshot) -> None:
        """Make this the wanted state of every gateway, now and whenever one connects."""
        self._target = Target(snapshot.revisions(), self._renderer.render(snapshot))
        self._wake_all()

    def state(self) -> list[GatewayState]:
        """Every connected gateway that has said its name, by name."""
        states = (connection.stream.state(self._target) for connection in self._connections)
        return sorted(newest(s for s in states if s.node).values(), key=lambda state: state.node)

    @property
    def generation(self) -> int:
        """Rises with every change of ``state()``."""
        return self._generation

    async def changed(self, since: int) -> int:
        """Wait until ``generation`` is beyond ``since``, and return it."""
        while self._generation <= since:
            await self._news.wait()
        return self._generation

    def _handlers(self) -> "grpc.GenericRpcHandler[Any, Any]":
        delta = grpc.stream_stream_rpc_method_handler(
            self._converse,
            request_deserializer=DeltaDiscoveryRequest.FromString,
            response_serializer=DeltaDiscoveryResponse.SerializeToString,
        )
        return grpc.method_handlers_generic_handler(SERVICE, {METHOD: delta})

    async def _converse(self, requests: AsyncIterator[Any], context: Any) -> None:
        connection = _Connection(Stream(self._clock(), self._drain_s), asyncio.Event())
        self._connections.add(connection)
        reader = asyncio.create_task(self._read(connection, requests))
        try:
            while not (reader.done() or self._closing):
                connection.wake.clear()
                response = self._advance(connection)
                if response is None:
                    await self._rest(connection)
                else:
                    await context.write(response)
            if reader.done():
                reader.result()
        finally:
            reader.cancel()
            self._connections.discard(connection)
            log.info("gateway %s disconnected", connection.stream.node)
            self._announce()

    async def _read(self, connection: _Connection, requests: AsyncIterator[Any]) -> None:
        try:
            async for request in requests:
                connection.stream.receive(request)
                connection.wake.set()
        finally:
            connection.wake.set()

    def _advance(self, connection: _Connection) -> DeltaDiscoveryResponse | None:
        response = None
        if self._target is not None:
            response = connection.stream.advance(self._target, asyncio.get_running_loop().time())
        self._report(connection)
        return response

    async def _rest(self, connection: _Connection) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout_at(connection.stream.wake_at_s):
                await connection.wake.wait()

    def _report(self, connection: _Connection) -> None:
        before, now = connection.told, connection.stream.state(self._target)
        if now == before:
            return
        connection.told = now
        if before is None or before.node != now.node:
            log.info("gateway %s connected", now.node)
        if now.rejected and (before is None or before.rejected != now.rejected):
            log.error("gateway %s rejects %s", now.node, now.rejected)
        self._announce()

    def _announce(self) -> None:
        self._generation += 1
        self._news.set()
        self._news = asyncio.Event()

    def _wake_all(self) -> None:
        for connection in self._connections:
            connection.wake.set()
