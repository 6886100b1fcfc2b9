"""What production did over the whole window after it came there, asked when the window is over.

Both arms that its version can answer in are counted: everybody outside of an experiment, and the
control of one that began meanwhile. Must not decide what follows.
"""

from dataclasses import replace
from datetime import datetime

from pharos_api.assignment import Arm
from pharos_api.modelversion import ModelVersion
from pharos_api.names import cluster_name
from pharos_operator.decide.models.production import named
from pharos_operator.decide.models.watch import is_due
from pharos_operator.decide.observation import ModelObservation, Window
from pharos_operator.ports import ErrorLog, Metrics
from pharos_operator.reconcile.latest import Latest

AGAIN_S = 60.0


class Watching:
    """The last sum of each Model whose window is over and not told yet."""

    def __init__(self, metrics: Metrics, errors: ErrorLog) -> None:
        self._metrics, self._errors = metrics, errors
        self._latest: Latest[Window] = Latest()
        self._open: dict[str, str] = {}

    async def with_window(self, obs: ModelObservation, now: datetime) -> ModelObservation:
        """The same look, with the window where it is over and not told yet."""
        production, uid = obs.model.status.production, obs.model.metadata.uid
        version = None if production is None else named(obs, production.name)
        if version is None or not is_due(obs, now):
            if self._open.pop(uid, None) is not None:
                self._latest.forget_all_but(self._open.values())
            return obs
        key = self._open[uid] = f"{uid}@{version.spec.version}"
        window = await self._latest.get(key, AGAIN_S, lambda: self._summed(obs, version, now))
        return replace(obs, window=window)

    async def _summed(self, obs: ModelObservation, version: ModelVersion, now: datetime) -> Window:
        meta, production = obs.model.metadata, obs.model.status.production
        since = now if production is None or production.since is None else production.since
        control, outside = (
            cluster_name(meta.namespace, meta.name, version.spec.version, arm)
            for arm in (Arm.CONTROL, Arm.OUTSIDE)
        )
        seconds = (now - since).total_seconds()
        sample = await self._metrics.sample(control, outside, seconds)
        return Window(sample, await self._errors.errors(version.metadata.uid, since, now))
