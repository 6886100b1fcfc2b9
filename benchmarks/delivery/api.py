"""The API server as its administrator sees it, in one namespace."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from delivery.objects import Body
from localcluster.envtest import Environment
from machine.problem import Problem

CUSTOM = "/apis/pharos.neoalexandria.io/v1alpha1"
APPS = "/apis/apps/v1"
CORE = "/api/v1"
DISCOVERY = "/apis/discovery.k8s.io/v1"
_POLL_S = 0.1


class Api:
    """Reads and writes objects of one namespace. Raises Problem for any refusal."""

    def __init__(self, session: aiohttp.ClientSession, namespace: str) -> None:
        self._session, self.namespace = session, namespace

    async def create(self, group: str, plural: str, body: Body) -> Body:
        """Create one object."""
        return await self._call("POST", self._path(group, plural), json=body)

    async def get(self, group: str, plural: str, name: str) -> Body | None:
        """One object, or None."""
        async with self._session.get(self._path(group, plural, name)) as answer:
            return None if answer.status == 404 else await _checked(answer)

    async def merge_status(self, group: str, plural: str, name: str, change: Body) -> None:
        """Merge into the status of one object."""
        path = self._path(group, plural, name, "status")
        headers = {"Content-Type": "application/merge-patch+json"}
        await self._call("PATCH", path, json=change, headers=headers)

    async def until(
        self, kind: tuple[str, str], name: str, check: Callable[[Body], bool], within_s: float
    ) -> Body:
        """Wait until an object fulfils ``check``; ``kind`` is (group, plural)."""
        found: Body | None = None
        try:
            async with asyncio.timeout(within_s):
                while True:
                    found = await self.get(*kind, name)
                    if found is not None and check(found):
                        return found
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            status = (found or {}).get("status")
            raise Problem(f"{name} is not as awaited in {within_s:.0f} s: {status}") from None

    def _path(self, group: str, plural: str, name: str = "", sub: str = "") -> str:
        parts = [group, "namespaces", self.namespace, plural, name, sub]
        return "/".join(part for part in parts if part)

    async def _call(self, method: str, path: str, **more: Any) -> Body:
        async with self._session.request(method, path, **more) as answer:
            return await _checked(answer)


@asynccontextmanager
async def connected(server: Environment, namespace: str) -> AsyncIterator[Api]:
    """An Api in a new namespace of a running API server."""
    pki = server.folder / "pki"
    context = ssl.create_default_context(cafile=f"{pki / 'ca.crt'}")
    context.load_cert_chain(f"{pki / 'admin.crt'}", f"{pki / 'admin.key'}")
    connector = aiohttp.TCPConnector(ssl=context)
    async with aiohttp.ClientSession(server.server, connector=connector) as session:
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
        async with session.post("/api/v1/namespaces", json=body) as answer:
            await _checked(answer)
        yield Api(session, namespace)


async def _checked(answer: aiohttp.ClientResponse) -> Body:
    if answer.status >= 400:
        raise Problem(f"{answer.method} {answer.url.path}: {await answer.text()}")
    body: Body = await answer.json()
    return body
