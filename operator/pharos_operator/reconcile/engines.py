"""Asks a version's own pod what it computes with: once it is ready, and until it has told.

Nobody waits long for the answer: where it is late, a later look has it. Writes nothing.
"""

from dataclasses import replace

from pharos_api.modelversion import EngineStatus
from pharos_operator.decide.observation import VersionObservation
from pharos_operator.decide.versions.engine import to_ask
from pharos_operator.decide.versions.modelversion import ASK_AGAIN_S
from pharos_operator.ports import Servers
from pharos_operator.reconcile.latest import Latest


class Engines:
    """The questions that are open, by the version's uid."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers
        self._latest: Latest[EngineStatus | None] = Latest()
        self._open: dict[str, str] = {}

    async def seen(self, obs: VersionObservation) -> VersionObservation:
        """The same look, with the engine where it was asked for and told."""
        uid, server = obs.version.metadata.uid, to_ask(obs)
        if server is None:
            self._close(uid)
            return obs
        key = self._open[uid] = f"{uid}@{server.address}@{server.template}"
        model = obs.version.spec.model_ref.name
        told = await self._latest.get(key, ASK_AGAIN_S, lambda: self._servers.engine(server, model))
        return replace(obs, engine=told)

    def _close(self, uid: str) -> None:
        if self._open.pop(uid, None) is not None:
            self._latest.forget_all_but(self._open.values())
