"""On the leader: brings notices to their services beside the reconciling, and knows what arrived.

At least once: what no status lists as sent is taken again by the next leader. A service that is
away is tried ever more rarely and holds up nobody; what is no news any more is given up.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import ValidationError

from pharos_api.model import Notifications
from pharos_operator.adapters.telemetry import Telemetry
from pharos_operator.decide.decision import Notice
from pharos_operator.decide.notices.notices import NEWS_FOR
from pharos_operator.decide.observation import Deliveries
from pharos_operator.errors import PharosError
from pharos_operator.ports import Address, Clock, Courier
from pharos_operator.reconcile.index import Entry, Key

log = logging.getLogger(__name__)
FIRST_RETRY_S = 5.0
LONGEST_RETRY_S = 600.0


@dataclass(slots=True)
class _Letter:
    """One notice on its way: which services have it, and why others do not."""

    owner: Key
    uid: str
    address: Address
    notice: Notice
    taken: frozenset[str] = frozenset()
    arrived: bool = False
    problem: str = ""


class Outbox:
    """Fulfils ``controllers.Outbox``; ``of`` is what a Model's next look learns."""

    def __init__(self, courier: Courier, clock: Clock, telemetry: Telemetry) -> None:
        self._courier, self._clock, self._telemetry = courier, clock, telemetry
        self._letters: dict[str, dict[str, _Letter]] = {}
        self._new: asyncio.Queue[_Letter] = asyncio.Queue()

    def take(self, owner: Entry, notices: tuple[Notice, ...]) -> None:
        """Take what is to be told; returns at once. A key that is known is left as it is."""
        address = _address(owner)
        if address is None:
            self._letters.pop(owner.uid, None)
            return
        known = self._letters.setdefault(owner.uid, {})
        _forget_told(known, owner)
        for notice in notices:
            letter = known.get(notice.key)
            if letter is None:
                letter = known[notice.key] = _Letter(owner.key, owner.uid, address, notice)
                self._new.put_nowait(letter)
            letter.address = address
        self._count()

    def of(self, uid: str) -> Deliveries:
        """What has arrived of this Model's notices, and the last problem of one that has not."""
        letters = self._letters.get(uid, {})
        problems = [each.problem for each in letters.values() if each.problem and not each.arrived]
        sent = frozenset(key for key, each in letters.items() if each.arrived)
        return Deliveries(sent, problems[-1] if problems else "")

    async def run(self, enqueue: Callable[[Key], None]) -> None:
        """Until cancelled. What was on its way then is left to the next leader."""
        try:
            async with asyncio.TaskGroup() as group:
                while True:
                    letter = await self._new.get()
                    group.create_task(self._deliver(letter, enqueue))
        finally:
            self._letters, self._new = {}, asyncio.Queue()

    async def _deliver(self, letter: _Letter, enqueue: Callable[[Key], None]) -> None:
        wait_s = FIRST_RETRY_S
        while self._is_wanted(letter):
            arrived = await self._attempt(letter)
            enqueue(letter.owner)
            if arrived:
                return
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, LONGEST_RETRY_S)

    def _is_wanted(self, letter: _Letter) -> bool:
        """Not when its Model wants to be silent, nor when it is no news any more."""
        known = self._letters.get(letter.uid, {})
        if known.get(letter.notice.key) is not letter:
            return False
        if self._clock.now() - letter.notice.at < NEWS_FOR:
            return True
        log.error("a notice is given up", extra=_told(letter))
        del known[letter.notice.key]
        self._count()
        return False

    async def _attempt(self, letter: _Letter) -> bool:
        """Whether every service has it now."""
        try:
            posted = await self._courier.post(letter.address, letter.notice, letter.taken)
        except PharosError as problem:
            letter.problem = str(problem)
        else:
            letter.taken |= posted.taken
            letter.problem = "; ".join(posted.problems)
        letter.arrived = not letter.problem
        if letter.problem:
            log.warning("a notice waits", extra=_told(letter))
        self._count()
        return letter.arrived

    def _count(self) -> None:
        letters = [each for known in self._letters.values() for each in known.values()]
        waiting = sum(not each.arrived for each in letters)
        self._telemetry.notices_waiting.set(waiting)


def _address(owner: Entry) -> Address | None:
    """From the object as it is: a Secret that was named anew counts for what comes next."""
    found = (owner.body.get("spec") or {}).get("notifications")
    try:
        wanted = Notifications.model_validate(found) if found else None
    except ValidationError:  # the reconcile says so in the Model's status
        return None
    if wanted is None:
        return None
    return Address(owner.key.namespace, wanted.secret_name, wanted.key)


def _forget_told(letters: dict[str, _Letter], owner: Entry) -> None:
    """What the status lists as sent needs no memory here."""
    status = (owner.body.get("status") or {}).get("notifications") or {}
    for key in status.get("sent", ()):
        letters.pop(key, None)


def _told(letter: _Letter) -> dict[str, object]:
    owner = letter.owner
    return {
        "namespace": owner.namespace,
        "object": owner.name,
        "notice": letter.notice.key,
        "problem": letter.problem,
    }
