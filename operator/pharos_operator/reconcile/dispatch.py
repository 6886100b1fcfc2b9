"""Brings news to those whom it concerns: queues of reconciles, and the routing of gateways."""

from collections.abc import Callable, Mapping
from typing import Any

from pharos_operator.reconcile.dependencies import affected
from pharos_operator.reconcile.freshness import Freshness
from pharos_operator.reconcile.index import Index, Key, key_of, version_of
from pharos_operator.reconcile.queue import WorkQueue
from pharos_operator.reconcile.routing import RELEVANT

Body = dict[str, Any]


class Dispatch:
    """Takes what the watch says; enqueues what has to be looked at again."""

    def __init__(
        self,
        index: Index,
        freshness: Freshness,
        queues: Mapping[str, WorkQueue],
        touch_routing: Callable[[], None],
    ) -> None:
        self._freshness = freshness
        self._index = index
        self._queues = queues
        self._touch_routing = touch_routing

    def receive(self, event_type: str | None, body: Body) -> None:
        """One event of the watch; the type is None for what the watch lists at its start."""
        self._freshness.watched(body)
        if event_type == "DELETED":
            self._index.forget(key_of(body), version_of(body))
        else:
            self._index.observe(body)

    def news(self, body: Body) -> None:
        """An object in the index has changed or gone."""
        for key in affected(self._index, body):
            self.enqueue(key)
        if body["kind"] in RELEVANT:
            self._touch_routing()

    def enqueue(self, key: Key) -> None:
        """Have one object looked at, if it is there."""
        if self._index.get(key) is not None:
            self._queues[key.kind].add(key)

    def enqueue_all(self) -> None:
        """Have every object looked at: a new leader trusts nobody's memory."""
        for kind in self._queues:
            for key in self._index.keys(kind):
                self._queues[kind].add(key)
