"""The end of a reconcile: events first, then the status, once, and only when it says anything new.

A status is written on the very object that was looked at: if it has changed meanwhile, or if a
former leader is late, the API server refuses the write and the object is looked at again.
"""

import json
from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pharos_api.meta import Resource
from pharos_operator.decide.decision import Event
from pharos_operator.ports import Cluster
from pharos_operator.reconcile.act import ref_of
from pharos_operator.reconcile.index import Entry, Index
from pharos_operator.render.event import event as render_event

_REMEMBERED = 10_000
# People's verbs are written by their own field manager; to repeat them would take them over.
_NOT_OURS = ("command",)


class Publication:
    """Writes events and statuses."""

    def __init__(self, cluster: Cluster, index: Index, reporter: str) -> None:
        self._cluster = cluster
        self._index = index
        self._reporter = reporter
        self._told: OrderedDict[str, None] = OrderedDict()

    async def events(self, entry: Entry, events: Iterable[Event], now: datetime) -> None:
        """Record what a person shall see in ``kubectl describe``; each only once."""
        about = Resource.model_validate(entry.body)
        for event in events:
            body = render_event(event, about, now, self._reporter)
            name = body["metadata"]["name"]
            if name in self._told:
                continue
            await self._cluster.record_event(body)
            self._told[name] = None
            if len(self._told) > _REMEMBERED:
                self._told.popitem(last=False)

    async def status(self, entry: Entry, status: dict[str, Any]) -> None:
        """Write the status unless the object already says the same."""
        wanted = _ours(status)
        if _canonical(wanted) == _canonical(_ours(entry.body.get("status") or {})):
            return
        version = str(entry.version)
        self._index.observe(await self._cluster.apply_status(ref_of(entry), wanted, version))


def _ours(status: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in status.items() if name not in _NOT_OURS}


def _canonical(value: dict[str, Any]) -> str:
    return json.dumps(value, sort_keys=True)
