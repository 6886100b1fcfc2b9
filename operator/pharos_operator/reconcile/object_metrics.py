"""The gauges of all custom resources in the index, read when Prometheus scrapes.

An object is read again only after it has changed: thousands at rest cost no parsing. Must not write
or decide anything.
"""

import logging
from collections.abc import Iterator

from pydantic import ValidationError

from pharos_operator.reconcile.index import Entry, Index, Key
from pharos_operator.render.object_metrics import KINDS, Sample, samples

log = logging.getLogger(__name__)


class ObjectMetrics:
    """Remembers what each object said at its resourceVersion."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._known: dict[Key, tuple[int, tuple[Sample, ...]]] = {}

    def __call__(self) -> Iterator[Sample]:
        """All samples; what is gone from the index is forgotten."""
        entries = [entry for kind in KINDS for entry in self._index.of_kind(kind)]
        self._known = {entry.key: self._said(entry) for entry in entries}
        for _, said in self._known.values():
            yield from said

    def _said(self, entry: Entry) -> tuple[int, tuple[Sample, ...]]:
        known = self._known.get(entry.key)
        return known if known and known[0] == entry.version else (entry.version, _read(entry))


def _read(entry: Entry) -> tuple[Sample, ...]:
    try:
        return samples(entry.body)
    except ValidationError as problem:
        # Its own reconcile makes this a condition; the other objects' metrics go on.
        log.warning("%s is left out of the metrics: %s", "/".join(entry.key), problem)
        return ()
