"""On the leader: what people said of each Model's production in the last week, as metrics.

Satisfaction is the share of positive feedback, agreement that of feedback labels which equal the
prediction (settled point A36). Here they are counts: the alerts and dashboards divide. Writes
nothing, judges nothing; a database that is away leaves the last counts standing.
"""

import asyncio
from datetime import timedelta

from pharos_api.model import Model
from pharos_operator.adapters.telemetry import Telemetry
from pharos_operator.errors import Invalid
from pharos_operator.ports import Clock, Opinions
from pharos_operator.reconcile.index import Entry, Index, Key
from pharos_operator.reconcile.observe import parsed
from pharos_store.opinions import OpinionCounts

LOOK_EVERY_S = 300.0
WINDOW = timedelta(days=7)

# Namespace, model and version
_Place = tuple[str, str, str]


class PublishedOpinions:
    """The counts of this process, and the duty that keeps them."""

    def __init__(
        self, index: Index, opinions: Opinions, clock: Clock, telemetry: Telemetry
    ) -> None:
        self._index, self._opinions, self._clock = index, opinions, clock
        self._gauge = telemetry.opinions
        self._known: dict[_Place, OpinionCounts] = {}

    async def run(self) -> None:
        """For ever; once this replica leads no more, it says nothing."""
        try:
            while True:
                await self.look()
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            self._gauge.clear()

    async def look(self) -> None:
        """Ask for every Model's production, and export what is known."""
        found: dict[_Place, OpinionCounts] = {}
        for entry in list(self._index.of_kind("Model")):
            asked = self._production(entry)
            if asked is None:
                continue
            place, uid = asked
            now = self._clock.now()
            counts = await self._opinions.of(uid, now - WINDOW, now) or self._known.get(place)
            if counts is not None:
                found[place] = counts
        self._known = found
        self._export()

    def _production(self, entry: Entry) -> tuple[_Place, str] | None:
        try:
            pointer = parsed(entry, Model).status.production
        except Invalid:  # its own reconcile says so in its status
            return None
        if pointer is None:
            return None
        version = self._index.get(Key("ModelVersion", entry.key.namespace, pointer.name))
        place = (entry.key.namespace, entry.key.name, pointer.version)
        return None if version is None else (place, version.uid)

    def _export(self) -> None:
        self._gauge.clear()
        for place, counts in self._known.items():
            said = {
                "rated": counts.rated,
                "satisfied": counts.satisfied,
                "labelled": counts.labelled,
                "agreed": counts.agreed,
            }
            for opinion, number in said.items():
                self._gauge.labels(*place, opinion).set(number)
