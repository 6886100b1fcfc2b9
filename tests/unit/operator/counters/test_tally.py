"""Counting over gateways that restart, vanish and cannot be read: nothing lost, nothing twice."""

from dataclasses import dataclass, field
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pharos_analysis.samples import ArmSample, Histogram
from pharos_operator.reconcile.tally import Tally, difference
from pharos_operator.render.gateway_stats import Counts, Reading

ARM = "default/arxiv/v1-1-0/candidate"


def reading(uptime_s: int, requests: int | None, errors: int = 0) -> Reading:
    """None: the cluster is not there."""
    if requests is None:
        return Reading(uptime_s, {})
    return Reading(uptime_s, {ARM: Counts(requests, errors, {5.0: 0, inf: requests})})


@dataclass(frozen=True)
class Case:
    """Looks (second, gateway, reading) of a counting that began at second 100."""

    looks: list[tuple[float, str, Reading]]
    requests: float
    errors: float = 0


CASES = {
    "what a gateway held before the counting is not counted": Case(
        [(100, "a", reading(900, 50, 5)), (101, "a", reading(901, 60, 7))], 10, 2
    ),
    "a cluster that appears later is counted from its first request": Case(
        [(100, "a", reading(900, None)), (101, "a", reading(901, 8, 1))], 8, 1
    ),
    "a gateway that began after the counting is counted whole": Case(
        [(100, "a", reading(900, 50)), (130, "b", reading(10, 7, 2))], 7, 2
    ),
    "a gateway that was only unreadable before is counted from now": Case(
        [(130, "b", reading(900, 70)), (131, "b", reading(901, 75))], 5
    ),
    "a restarted gateway keeps what it had counted": Case(
        [
            (100, "a", reading(900, 0)),
            (101, "a", reading(901, 10, 3)),
            (105, "a", reading(2, 4, 1)),
        ],
        14,
        4,
    ),
    "a restart that has already counted more is seen by its age": Case(
        [(100, "a", reading(50, 0)), (101, "a", reading(51, 3)), (140, "a", reading(5, 9))], 12
    ),
    "a cluster that came back after its removal counts from zero": Case(
        [
            (100, "a", reading(900, 0)),
            (101, "a", reading(901, 10)),
            (102, "a", reading(902, None)),
            (103, "a", reading(903, 15)),
        ],
        25,
    ),
    "a cluster that fell began again": Case(
        [
            (100, "a", reading(900, 0)),
            (101, "a", reading(901, 10)),
            (103, "a", reading(903, 4)),
        ],
        14,
    ),
    "gateways add up": Case(
        [
            (100, "a", reading(900, 1)),
            (100, "b", reading(900, 2)),
            (101, "a", reading(901, 4)),
            (101, "b", reading(901, 4)),
        ],
        5,
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_counted(case: Case) -> None:
    tally = Tally([ARM], began_s=100)
    for now_s, gateway, read in case.looks:
        tally.take(gateway, read, now_s)
    found = tally.sample(ARM)
    assert (found.requests, found.errors) == (case.requests, case.errors)
    assert found.latency is None or found.latency.counts[-1] == case.requests


def test_what_a_vanished_gateway_counted_stays() -> None:
    tally = Tally([ARM], began_s=0)
    tally.take("a", reading(900, 0), 0)
    tally.take("a", reading(901, 10, 2), 1)
    tally.forget_all_but(["b"])
    assert (tally.sample(ARM).requests, tally.sample(ARM).errors) == (10, 2)


def test_histograms_with_other_bounds_add_up_at_those_that_both_have() -> None:
    tally = Tally([ARM], began_s=0)
    for gateway, bound in (("a", 5.0), ("b", 7.0)):
        tally.take(gateway, Reading(9, {}), 0)
        tally.take(gateway, Reading(10, {ARM: Counts(3, 0, {2.0: 1, bound: 2, inf: 3})}), 1)
    assert tally.sample(ARM).latency == Histogram((2.0, inf), (2.0, 6.0))


def test_a_difference_is_what_came_between() -> None:
    before = ArmSample(10, 1, Histogram((5.0, inf), (4.0, 10.0)), 12, 5)
    now = ArmSample(30, 2, Histogram((5.0, inf), (20.0, 30.0)), 40, 3)
    assert difference(now, before) == ArmSample(20, 1, Histogram((5.0, inf), (16.0, 20.0)), 28, 3)
    assert difference(now, ArmSample(0.0, 0.0)) == now


def flying(sent: int, in_flight: int) -> Reading:
    return Reading(900, {ARM: Counts(sent=sent, in_flight=in_flight)})


def test_what_is_in_flight_is_that_of_the_gateways_that_were_read_now() -> None:
    tally = Tally([ARM], began_s=0)
    for gateway in ("a", "b"):
        tally.take(gateway, flying(0, 0), 0)
    tally.take("a", flying(9, 4), 1)
    tally.take("b", flying(7, 5), 1)
    assert (tally.sample(ARM).sent, tally.sample(ARM).in_flight, tally.partial) == (16, 9, False)
    tally.take("a", flying(11, 2), 2)
    assert (tally.sample(ARM).sent, tally.sample(ARM).in_flight, tally.partial) == (18, 2, True)


def test_requests_found_under_way_count_as_sent_when_they_are_found() -> None:
    tally = Tally([ARM], began_s=0)
    tally.take("a", flying(500, 6), 0)
    assert (tally.sample(ARM).sent, tally.sample(ARM).in_flight) == (6, 6)
    assert tally.found_at_s == 0
    tally.take("a", flying(503, 8), 1)
    assert (tally.sample(ARM).sent, tally.sample(ARM).in_flight) == (9, 8)
    assert tally.found_at_s == 0


def test_an_older_gateway_that_does_not_count_what_it_sent_says_nothing_of_ages() -> None:
    tally = Tally([ARM], began_s=0)
    tally.take("a", flying(0, 30), 0)
    tally.take("a", flying(0, 60), 1)
    assert (tally.sample(ARM).in_flight, tally.partial) == (0, True)


@dataclass
class FakeGateway:
    """Counts as Envoy does."""

    born_s: int = -500
    requests: int = 40
    asked: int = field(default=0)

    def serve(self, requests: int) -> None:
        self.requests += requests
        self.asked += requests


EVENTS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 9), st.sampled_from(["read", "miss", "restart"])),
    max_size=60,
)


@given(EVENTS)
def test_whatever_happens_no_request_is_counted_twice_and_only_unseen_ones_are_lost(
    events: list[tuple[int, int, str]],
) -> None:
    """Lost is at most what a process answered between its last reading and its end."""
    gateways = [FakeGateway() for _ in range(3)]
    tally = Tally([ARM], began_s=0)
    for number, gateway in enumerate(gateways):
        tally.take(f"{number}", reading(500, gateway.requests), 0)
    unread, lost = [0, 0, 0], 0
    for second, (number, served, what) in enumerate(events, start=1):
        gateway = gateways[number]
        gateway.serve(served)
        unread[number] += served
        if what == "restart":
            lost += unread[number]
            unread[number] = 0
            gateway.requests, gateway.born_s = 0, second * 20
        if what == "read":
            age_s = second * 20 - gateway.born_s
            tally.take(f"{number}", reading(age_s, gateway.requests), second * 20)
            unread[number] = 0
    answered = sum(gateway.asked for gateway in gateways)
    assert tally.sample(ARM).requests == answered - lost - sum(unread)
