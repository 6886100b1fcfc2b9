from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest
from integration.gateway.lab import ENVOY, Lab


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    if not ENVOY.exists():
        pytest.skip(f"no Envoy at {ENVOY}: run `make setup`, or set PHAROS_ENVOY")
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session, AsyncExitStack() as stack:
        yield Lab(stack, tmp_path, session)
