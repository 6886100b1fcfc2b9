"""On the leader, each second: count at all gateways, and wake whoever should look at the counts.

Costs nothing while nothing is compared. Reads the index, writes nothing, judges nothing.
"""

import asyncio
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from pharos_api import names
from pharos_api.abexperiment import ABExperiment
from pharos_api.meta import Resource
from pharos_api.model import Model
from pharos_operator.errors import Invalid
from pharos_operator.reconcile.comparing import Compared, of_experiment, of_production
from pharos_operator.reconcile.counters import Counters, Gateway
from pharos_operator.reconcile.facts import LIVE, label
from pharos_operator.reconcile.index import Entry, Index, Key
from pharos_operator.reconcile.observe import parsed
from pharos_operator.reconcile.sampling import Sampling
from pharos_operator.reconcile.views import is_ready

LOOK_EVERY_S = 1.0
# A Model is looked at for each error; for anything else, of which there is much, only so often.
MODEL_EVERY_LOOKS = 10
_GATEWAYS = label(names.LABEL_COMPONENT, names.COMPONENT_GATEWAY)
T = TypeVar("T", bound=Resource)


class _Known(NamedTuple):
    version: int
    compared: Compared | None


class FastGuard:
    """Keeps the counters going for everything that the index says is compared."""

    def __init__(self, index: Index, namespace: str, counters: Counters, sampling: Sampling):
        self._index, self._namespace = index, namespace
        self._counters, self._sampling = counters, sampling
        self._known: dict[Key, _Known] = {}
        self._looks = 0

    async def run(self, enqueue: Callable[[Key], None]) -> None:
        """For ever."""
        loop = asyncio.get_running_loop()
        due_s = loop.time()
        while True:
            await self.look(enqueue)
            due_s = max(due_s + LOOK_EVERY_S, loop.time())
            await asyncio.sleep(due_s - loop.time())

    async def look(self, enqueue: Callable[[Key], None]) -> None:
        """One look, and the keys of those to whom it is news."""
        compared = self.compared()
        now_s = asyncio.get_running_loop().time()
        news = await self._counters.look(self.gateways(), compared.values(), now_s)
        self._sampling.forget_all_but(frozenset(each.key for each in compared.values()))
        self._looks += 1
        often = self._looks % MODEL_EVERY_LOOKS == 0
        for key, each in compared.items():
            urgent = each.key in news.failed
            if urgent or (each.key in news.answered and (often or key.kind != "Model")):
                enqueue(key)

    def compared(self) -> dict[Key, Compared]:
        """Everything that is compared now, by the object that wants to know."""
        live = (e for e in self._index.of_kind("ABExperiment") if _is_live(e))
        found = [self._of(entry, ABExperiment, of_experiment) for entry in live]
        found += [self._of(e, Model, of_production) for e in self._index.of_kind("Model")]
        self._known = dict(found)
        return {key: known.compared for key, known in found if known.compared is not None}

    def gateways(self) -> list[Gateway]:
        """Every gateway pod that there is."""
        pods = self._index.found_by("Pod", self._namespace, _GATEWAYS)
        return [Gateway(pod.uid, pod.key.name, _url(pod)) for pod in pods]

    def _of(
        self, entry: Entry, kind: type[T], compare: Callable[[T], Compared | None]
    ) -> tuple[Key, _Known]:
        """Most objects are as they were a second ago, and to understand one takes long."""
        known = self._known.get(entry.key)
        if known is None or known.version != entry.version:
            try:
                known = _Known(entry.version, compare(parsed(entry, kind)))
            except Invalid:  # its own reconcile says so in its status
                known = _Known(entry.version, None)
        return entry.key, known


def _is_live(entry: Entry) -> bool:
    return any(fact.startswith(LIVE) for fact in entry.facts)


def _url(pod: Entry) -> str:
    body = pod.body
    address = str(body["status"].get("podIP", ""))
    if not address or not is_ready(body):
        return ""
    host = f"[{address}]" if ":" in address else address
    return f"http://{host}:{names.PORT_GATEWAY_STATS}"
