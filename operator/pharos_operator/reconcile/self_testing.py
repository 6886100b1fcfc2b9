"""On the leader: makes the self-test of each Model that is due, one after the other.

A test takes a query and about a second of one core, so it runs beside the reconciling; its result
waits here until the Model's next look, which it brings about. Writes nothing, judges nothing.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from pharos_analysis.self_test import self_test
from pharos_api.model import Model
from pharos_api.modelversion import ModelVersion
from pharos_operator.decide.models.self_test import WINDOW, is_due, plan_of
from pharos_operator.decide.observation import SelfTested
from pharos_operator.errors import Invalid
from pharos_operator.ports import Clock, Users
from pharos_operator.reconcile.index import Entry, Index, Key
from pharos_operator.reconcile.observe import parsed

log = logging.getLogger(__name__)
LOOK_EVERY_S = 60.0
# Too little traffic, or a database that was away, is tried again after this; a new spec at once.
AGAIN_AFTER = timedelta(hours=1)


class SelfTests:
    """The results of this process by the Model's uid, and the duty that makes them."""

    def __init__(self, index: Index, users: Users, clock: Clock) -> None:
        self._index, self._users, self._clock = index, users, clock
        self._tried: dict[str, tuple[int, datetime]] = {}
        self._found: dict[str, SelfTested] = {}

    def of(self, uid: str) -> SelfTested | None:
        """The last result; None where this process made none."""
        return self._found.get(uid)

    async def run(self, enqueue: Callable[[Key], None]) -> None:
        """For ever."""
        while True:
            await self.look(enqueue)
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self, enqueue: Callable[[Key], None]) -> None:
        """Test whatever is due, and enqueue those to whom the result is news."""
        entries = list(self._index.of_kind("Model"))
        self._forget_all_but({entry.uid for entry in entries})
        for entry in entries:
            model = self._due(entry)
            if model is not None and await self._test(entry, model):
                enqueue(entry.key)

    def _due(self, entry: Entry) -> Model | None:
        try:
            model = parsed(entry, Model)
        except Invalid:  # its own reconcile says so in its status
            return None
        now = self._clock.now()
        generation, at = self._tried.get(entry.uid, (None, now))
        waits = generation == model.metadata.generation and now - at < AGAIN_AFTER
        return model if is_due(model, now) and not waits else None

    async def _test(self, entry: Entry, model: Model) -> bool:
        """Whether there is a result."""
        now, version = self._clock.now(), self._production(entry, model)
        self._tried[entry.uid] = (model.metadata.generation, now)
        if version is None:
            return False
        found = await self._users.users(version.metadata.uid, now - WINDOW)
        if found.error:
            extra = {"object": entry.key.name, "problem": found.error}
            log.info("no self-test of the analysis", extra=extra)
            return False
        result = await asyncio.to_thread(self_test, found, plan_of(model, now))
        self._found[entry.uid] = SelfTested(now, version.spec.version, result)
        return True

    def _production(self, entry: Entry, model: Model) -> ModelVersion | None:
        pointer = model.status.production
        key = Key("ModelVersion", entry.key.namespace, pointer.name if pointer else "")
        found = self._index.get(key)
        try:
            return None if found is None else parsed(found, ModelVersion)
        except Invalid:
            return None

    def _forget_all_but(self, uids: set[str]) -> None:
        self._tried = {uid: tried for uid, tried in self._tried.items() if uid in uids}
        self._found = {uid: test for uid, test in self._found.items() if uid in uids}
