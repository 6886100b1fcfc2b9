"""The other replicas of the operator, over their HTTP servers."""

import asyncio
import logging
from typing import Any

import aiohttp

from pharos_api.jobio import Progress
from pharos_operator.adapters.problems import in_words
from pharos_operator.errors import Refused, Unavailable

log = logging.getLogger(__name__)
_TIMEOUT = aiohttp.ClientTimeout(total=2.0)


class Peers:
    """Speaks to replicas by address."""

    def __init__(self, session: aiohttp.ClientSession, port: int) -> None:
        self._session = session
        self._port = port

    async def gateways(self, addresses: list[str]) -> list[dict[str, Any]]:
        """The gateways that are connected to these replicas; one that does not answer has none."""
        answers = await asyncio.gather(*(self._gateways(address) for address in addresses))
        return [state for answer in answers for state in answer]

    async def _gateways(self, address: str) -> list[dict[str, Any]]:
        url = f"http://{host(address)}:{self._port}/gateways"
        try:
            async with self._session.get(url, timeout=_TIMEOUT) as answer:
                answer.raise_for_status()
                states: list[dict[str, Any]] = (await answer.json())["gateways"]
                return states
        except (aiohttp.ClientError, TimeoutError, KeyError, ValueError) as problem:
            log.info("a replica does not answer", extra={"url": url, "problem": in_words(problem)})
            return []

    async def report(self, address: str, token: str, report: Progress) -> None:
        """Pass a step's report on to the leader."""
        url = f"http://{host(address)}:{self._port}/progress"
        headers = {"Authorization": f"Bearer {token}"}
        try:
            async with self._session.post(
                url, json=report.to_json(), headers=headers, timeout=_TIMEOUT
            ) as answer:
                text = await answer.text()
        except (aiohttp.ClientError, TimeoutError) as problem:
            raise Unavailable(
                f"The leader at {address} does not answer: {in_words(problem)}"
            ) from None
        if answer.status in (401, 403):
            raise Refused("Refused", text)
        if answer.status >= 400:
            raise Unavailable(f"The leader at {address} answered {answer.status}: {text}")


def host(address: str) -> str:
    """An IP address as it stands in a URL."""
    return f"[{address}]" if ":" in address else address
