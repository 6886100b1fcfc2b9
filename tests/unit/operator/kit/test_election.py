"""The lease: one leader at a time, whatever the API server does. In virtual time."""

import asyncio
import copy
from dataclasses import dataclass, field
from typing import Any

import virtual_time
from operator_fakes import FixedClock

from pharos_operator.adapters.election import Election, Terms
from pharos_operator.decide.decision import Ref
from pharos_operator.errors import Conflict, NotFound, Unavailable

Body = dict[str, Any]


@dataclass
class FakeLeases:
    """One lease, kept as the API server keeps it."""

    lease: Body | None = None
    away: bool = False
    hanging: bool = False
    version: int = 0

    async def read(self, ref: Ref) -> Body:
        await self._answer()
        if self.lease is None:
            raise NotFound("NotFound", f"{ref.name} not found")
        return copy.deepcopy(self.lease)

    async def create(self, body: Body) -> Body:
        await self._answer()
        if self.lease is not None:
            raise Conflict("already exists")
        return self._store(body)

    async def replace(self, body: Body) -> Body:
        await self._answer()
        assert self.lease is not None
        if body["metadata"]["resourceVersion"] != self.lease["metadata"]["resourceVersion"]:
            raise Conflict("the object has been modified")
        return self._store(body)

    async def _answer(self) -> None:
        if self.hanging:
            await asyncio.sleep(3600)
        if self.away:
            raise Unavailable("connection refused")

    def _store(self, body: Body) -> Body:
        self.version += 1
        self.lease = copy.deepcopy(body)
        self.lease["metadata"]["resourceVersion"] = f"{self.version}"
        return self.lease


@dataclass
class Replica:
    """One candidate and the seconds at which it began and ceased to lead."""

    leases: FakeLeases
    name: str
    began: list[float] = field(default_factory=list)
    ceased: list[float] = field(default_factory=list)

    def start(self) -> "asyncio.Task[None]":
        self.election = Election(self.leases, Terms("ns", "lease", self.name), FixedClock())
        return asyncio.create_task(self.election.run(self._lead))

    async def _lead(self) -> None:
        self.began.append(_now())
        try:
            await asyncio.Event().wait()
        finally:
            self.ceased.append(_now())


def _now() -> float:
    return round(asyncio.get_running_loop().time(), 1)


def test_one_of_two_leads_and_the_other_stands_by() -> None:
    async def main() -> None:
        leases = FakeLeases()
        a, b = Replica(leases, "a_1"), Replica(leases, "b_2")
        tasks = [a.start(), b.start()]
        await asyncio.sleep(60)
        assert (len(a.began), len(b.began)) == (1, 0)
        assert b.election.holder == "a_1"
        await _end(*tasks)

    virtual_time.run(main())


def test_a_leader_that_ends_on_purpose_is_followed_within_a_second() -> None:
    async def main() -> None:
        leases = FakeLeases()
        a, b = Replica(leases, "a_1"), Replica(leases, "b_2")
        first, second = a.start(), b.start()
        await asyncio.sleep(10.5)
        await _end(first)
        await asyncio.sleep(2)
        assert b.began
        assert b.began[0] - a.ceased[0] <= 1.0
        await _end(second)

    virtual_time.run(main())


def test_a_leader_that_dies_is_followed_within_eight_seconds() -> None:
    async def main() -> None:
        leases = FakeLeases()
        b = Replica(leases, "b_2")
        leases._store(_lease("a_1"))
        task = b.start()
        await asyncio.sleep(20)
        assert 6.0 <= b.began[0] <= 8.0
        assert leases.lease is not None
        assert leases.lease["spec"]["leaseTransitions"] == 1
        await _end(task)

    virtual_time.run(main())


def test_a_leader_that_cannot_renew_stops_before_its_lease_runs_out_elsewhere() -> None:
    async def main(fault: str) -> None:
        leases = FakeLeases()
        a = Replica(leases, "a_1")
        task = a.start()
        await asyncio.sleep(10.5)
        setattr(leases, fault, True)
        await asyncio.sleep(20)
        # The last renewal was at 10 s, so a standby may take over from 16 s on.
        assert a.ceased
        assert a.ceased[0] < 16.0
        setattr(leases, fault, False)
        await asyncio.sleep(3)
        assert len(a.began) == 2
        await _end(task)

    for fault in ("away", "hanging"):
        virtual_time.run(main(fault))


def test_a_leader_whose_lease_was_taken_stops_at_its_next_renewal() -> None:
    async def main() -> None:
        leases = FakeLeases()
        a = Replica(leases, "a_1")
        task = a.start()
        await asyncio.sleep(10.5)
        leases._store(_lease("b_2"))
        await asyncio.sleep(1.1)
        assert a.ceased
        assert a.election.holder == "b_2"
        await _end(task)

    virtual_time.run(main())


def _lease(holder: str) -> Body:
    return {
        "kind": "Lease",
        "metadata": {"name": "lease", "namespace": "ns"},
        "spec": {"holderIdentity": holder, "leaseTransitions": 0},
    }


async def _end(*tasks: "asyncio.Task[None]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
