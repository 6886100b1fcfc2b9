"""Serving pods, over the Open Inference Protocol. Asks, and judges nothing."""

import logging

import aiohttp
from pydantic import BaseModel, Field

from pharos_api.modelversion import EngineStatus
from pharos_api.names import PARAMETER_ENGINE, PARAMETER_TEXTS_PER_S, PORT_SERVING
from pharos_operator.adapters.peers import host
from pharos_operator.adapters.problems import in_words
from pharos_operator.decide.observation import ServerView

log = logging.getLogger(__name__)
_TIMEOUT = aiohttp.ClientTimeout(total=2.0)


class _Parameters(BaseModel):
    engine: str = Field(validation_alias=PARAMETER_ENGINE)
    texts_per_s: float | None = Field(None, validation_alias=PARAMETER_TEXTS_PER_S)


class _Metadata(BaseModel):
    parameters: _Parameters


class ServingPods:
    """Fulfils ``ports.Servers``."""

    def __init__(self, session: aiohttp.ClientSession, port: int = PORT_SERVING) -> None:
        self._session = session
        self._port = port

    async def engine(self, server: ServerView, model: str) -> EngineStatus | None:
        """See the port. A pod of an earlier release does not tell, and one may be too busy to."""
        url = f"http://{host(server.address)}:{self._port}/v2/models/{model}"
        try:
            async with self._session.get(url, timeout=_TIMEOUT) as answer:
                answer.raise_for_status()
                return _told(_Metadata.model_validate(await answer.json()), server)
        except (aiohttp.ClientError, TimeoutError, ValueError) as problem:
            extra = {"url": url, "problem": in_words(problem)}
            log.info("a server does not tell what it computes with", extra=extra)
            return None


def _told(metadata: _Metadata, server: ServerView) -> EngineStatus:
    name, reached = metadata.parameters.engine, metadata.parameters.texts_per_s
    speed = None if reached is None else f"{reached:.1f}"
    return EngineStatus(name=name, texts_per_second=speed, template=server.template)
