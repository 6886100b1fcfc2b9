"""The end of a reconcile: events first, then the status, once, and only when it says anything new.

A status is written on the very object that was looked at: if it has changed meanwhile, or if a
former leader is late, the API server refuses the write and the object is looked at again.
"""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pharos_api.meta import rfc3339
from pharos_operator.adapters.resources import RESOURCES
from pharos_operator.decide.decision import Event
from pharos_operator.ports import Cluster
from pharos_operator.reconcile.act import ref_of
from pharos_operator.reconcile.index import Entry, Index

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
        for event in events:
            body = event_body(entry, event, now, self._reporter)
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


def event_body(entry: Entry, event: Event, now: datetime, reporter: str) -> dict[str, Any]:
    """The Event object. Its name follows from the object's state, so a repeat collides."""
    told = f"{entry.uid}/{entry.version}/{event.reason}/{event.message}"
    mark = hashlib.sha256(told.encode()).hexdigest()[:16]
    moment = rfc3339(now)
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{entry.key.name[:200]}.{mark}", "namespace": entry.key.namespace},
        "involvedObject": {
            "apiVersion": RESOURCES[entry.key.kind].api_version,
            "kind": entry.key.kind,
            "namespace": entry.key.namespace,
            "name": entry.key.name,
            "uid": entry.uid,
        },
        "type": event.type.value,
        "reason": event.reason,
        "message": event.message[:1024],
        "source": {"component": "pharos-operator"},
        "reportingComponent": "pharos.neoalexandria.io/operator",
        "reportingInstance": reporter[:128],
        "firstTimestamp": moment,
        "lastTimestamp": moment,
        "count": 1,
    }
