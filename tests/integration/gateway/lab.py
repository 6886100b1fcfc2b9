"""Real Envoys, a real control plane and model servers on loopback, all gone at the end."""

import asyncio
import json
import os
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
from gateway_builders import KEY, PATH
from integration.gateway.upstream import Upstream

from pharos_operator.gateway.ads import AdsServer
from pharos_operator.gateway.bootstrap import Setup, render_yaml
from pharos_operator.gateway.render import Options
from pharos_operator.gateway.snapshot import Endpoint, Snapshot
from pharos_operator.gateway.state import GatewayState

# Below the 15 s after which Envoy gives up waiting for what it was never sent.
DEADLINE_S = 12
ROOT = Path(__file__).parents[3]
ENVOY = Path(os.environ.get("PHAROS_ENVOY", ROOT / "build" / "tools" / "envoy" / "bin" / "envoy"))


@dataclass(frozen=True)
class Answer:
    """What a caller and the model server learnt of one request."""

    user: str
    status: int
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def arm(self) -> str:
        return self.headers.get("x-pharos-arm", "")

    @property
    def revision(self) -> int:
        return int(self.headers["x-pharos-revision"])


@dataclass(frozen=True)
class Gateway:
    """A running Envoy."""

    node: str
    process: asyncio.subprocess.Process
    admin_port: int
    stats_port: int


@dataclass
class Load:
    """Answers of callers who never stop asking until told so."""

    answers: list[Answer] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, answer: Answer) -> None:
        self.answers.append(answer)
        self.news.set()

    async def more(self, count: int = 1) -> None:
        """Wait for ``count`` further answers."""
        enough = len(self.answers) + count
        async with asyncio.timeout(DEADLINE_S):
            while len(self.answers) < enough:
                self.news.clear()
                await self.news.wait()

    def failed(self) -> Counter[int]:
        return Counter(answer.status for answer in self.answers if answer.status != 200)


class Lab:
    """Starts things in one exit stack."""

    def __init__(self, stack: AsyncExitStack, folder: Path, session: aiohttp.ClientSession) -> None:
        self.stack, self.folder, self.session = stack, folder, session
        self.traffic_port, self.xds_port = free_port(), free_port()

    async def control_plane(
        self, drain_s: float = 0.2, server_type: type[AdsServer] = AdsServer, **options_: Any
    ) -> AdsServer:
        options = Options(port=self.traffic_port, **options_)
        server = server_type(options, lambda: datetime.now(UTC), drain_s)
        await server.start(f"127.0.0.1:{self.xds_port}")
        self.stack.push_async_callback(server.stop)
        return server

    async def pod(self, name: str, **options: Any) -> tuple[Upstream, Endpoint]:
        upstream = Upstream(name, **options)
        endpoint = await upstream.start()
        self.stack.callback(upstream.kill)
        return upstream, endpoint

    async def envoy(self, node: str = "gateway-0") -> Gateway:
        admin_port, stats_port = free_port(), free_port()
        setup = Setup("127.0.0.1", self.xds_port, admin_port, stats_port)
        config, log = self.folder / f"{node}.yaml", self.folder / f"{node}.log"
        config.write_text(render_yaml(setup))
        flags = ("--use-dynamic-base-id", "--concurrency", "1", "-l", "warning")
        who = ("--service-node", node, "--service-cluster", "gateway")
        command = (str(ENVOY), "-c", str(config), *flags, *who)
        with log.open("wb") as out:
            process = await asyncio.create_subprocess_exec(*command, stdout=out, stderr=out)
        self.stack.push_async_callback(stop, process)
        return Gateway(node, process, admin_port, stats_port)

    async def ask(self, user: str | None = None, path: str = PATH, **headers: str) -> Answer:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if user is not None:
            sent["x-user-id"] = user
        url = f"http://127.0.0.1:{self.traffic_port}{path}"
        try:
            async with self.session.post(url, json={"text": "t"}, headers=sent) as response:
                text = await response.text()
                body = json.loads(text) if response.content_type == "application/json" else {}
                found = {name.lower(): value for name, value in response.headers.items()}
                return Answer(user or "", response.status, found, body)
        except aiohttp.ClientError as error:
            return Answer(user or "", 0, {}, {"error": repr(error)})

    async def ask_all(self, users: list[str], at_once: int = 32) -> list[Answer]:
        queue = iter(users)
        answers: list[Answer] = []

        async def caller() -> None:
            for user in queue:
                answers.append(await self.ask(user))

        await asyncio.gather(*(caller() for _ in range(at_once)))
        return answers

    @asynccontextmanager
    async def load(self, users: int = 500, callers: int = 8) -> AsyncIterator[Load]:
        """Callers ask one after the other while the body runs, and at least until it has begun."""
        load, over = Load(), asyncio.Event()

        async def caller(number: int) -> None:
            turn = number
            while not over.is_set():
                load.add(await self.ask(f"user-{turn % users}"))
                turn += callers

        async with asyncio.TaskGroup() as group:
            for number in range(callers):
                group.create_task(caller(number))
            await load.more(callers)
            try:
                yield load
            finally:
                over.set()

    async def scrape(self, gateway: Gateway, path: str, method: str = "GET") -> tuple[int, str]:
        url = f"http://127.0.0.1:{gateway.stats_port}{path}"
        async with self.session.request(method, url) as response:
            return response.status, await response.text()

    async def command(self, gateway: Gateway, path: str) -> None:
        """What the pod's own hooks send to the admin interface."""
        async with self.session.post(f"http://127.0.0.1:{gateway.admin_port}{path}") as response:
            response.raise_for_status()


async def live(server: AdsServer, revision: int, nodes: int = 1, key: str = KEY) -> None:
    """Until ``nodes`` gateways have acknowledged this revision."""

    def everywhere(states: list[GatewayState]) -> bool:
        reached = [state for state in states if state.live.get(key) == revision]
        return len(reached) >= nodes and len(reached) == len(states)

    await told(server, everywhere)


async def told(server: AdsServer, condition: Callable[[list[GatewayState]], bool]) -> None:
    """Until the control plane's view of the gateways fulfils the condition."""
    async with asyncio.timeout(DEADLINE_S):
        seen = server.generation
        while not condition(server.state()):
            seen = await server.changed(seen)


async def publish(server: AdsServer, snapshot: Snapshot, nodes: int = 1) -> None:
    """Publish, and wait until it is live everywhere."""
    server.publish(snapshot)
    await live(server, snapshot.routes[0].revision, nodes, snapshot.routes[0].key)


async def stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
        await process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
