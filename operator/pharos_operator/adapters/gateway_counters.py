"""Reads a gateway's counters over HTTP. ``render/gateway_stats.py`` knows what they say.

Two questions a look, in their order: what is in flight, then all that is counted.
"""

import asyncio
from collections.abc import Iterable

import aiohttp
from yarl import URL

from pharos_operator.adapters.problems import in_words
from pharos_operator.errors import Unavailable
from pharos_operator.render import gateway_stats as stats

# All gateways are waited for, each second: one that hangs must not make the others' counts old.
TIMEOUT_S = 0.5


class GatewayCounters:
    """Fulfils ``ports.GatewayReader``."""

    def __init__(self, session: aiohttp.ClientSession, timeout_s: float = TIMEOUT_S) -> None:
        self._session = session
        self._timeout_s = timeout_s

    async def read(self, url: str, clusters: Iterable[str]) -> stats.Reading:
        """The counters of these clusters; raises Unavailable."""
        asked = tuple(clusters)
        try:
            async with asyncio.timeout(self._timeout_s):
                in_flight = await self._text(url + stats.target_in_flight(asked))
                return stats.read(in_flight + await self._text(url + stats.target(asked)))
        except (aiohttp.ClientError, TimeoutError, ValueError) as problem:
            said = in_words(problem)
            # The URL names every cluster; the gateway's own part of it is enough for a person.
            brief = type(problem).__name__ if "filter=" in said else said
            raise Unavailable(f"{url} does not give its counters: {brief}") from None

    async def _text(self, url: str) -> str:
        async with self._session.get(URL(url, encoded=True)) as answer:
            answer.raise_for_status()
            return await answer.text()
