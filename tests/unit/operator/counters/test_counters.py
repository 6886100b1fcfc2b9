"""The fast guard's eyes over several gateways."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf

from pharos_analysis.recent import WINDOWS
from pharos_operator.errors import Unavailable
from pharos_operator.reconcile.comparing import Compared
from pharos_operator.reconcile.counters import LOOKS_KEPT, Counters, Gateway
from pharos_operator.render.gateway_stats import Counts, Reading

CONTROL, CANDIDATE = "default/arxiv/v1-0-0/control", "default/arxiv/v1-1-0/candidate"
BOTH = Compared("uid-x@candidate", CONTROL, CANDIDATE, None)
ALONE = Compared("uid-m@outside", "", CANDIDATE, None, beside=False)
A, B = (
    Gateway("uid-a", "gateway-a", "http://10.0.0.1:9902"),
    Gateway("uid-b", "gateway-b", "http://10.0.0.2:9902"),
)


@dataclass
class FakeGateways:
    """Answers by URL; one that is missing cannot be read."""

    counts: dict[str, dict[str, Counts]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    uptime_s: int = 900

    async def read(self, url: str, clusters: Iterable[str]) -> Reading:
        self.asked.append(url)
        if url not in self.counts:
            raise Unavailable(f"{url} does not answer")
        wanted = set(clusters)
        found = {c: n for c, n in self.counts[url].items() if c in wanted}
        return Reading(self.uptime_s, found)

    def answer(self, gateway: Gateway, control: int, candidate: int, errors: int = 0) -> None:
        self.counts[gateway.url] = {
            CONTROL: Counts(control, 0, {5.0: control, inf: control}),
            CANDIDATE: Counts(candidate, errors, {5.0: candidate - errors, inf: candidate}),
        }


async def test_both_arms_are_counted_over_all_gateways_with_what_to_repeat() -> None:
    fake = FakeGateways({A.url: {}, B.url: {}})
    counters = Counters(fake)
    await counters.look([A, B], [BOTH], 0)
    fake.answer(A, 10, 9, errors=2)
    fake.answer(B, 5, 6)
    news = await counters.look([A, B], [BOTH], 1)
    sample = counters.sample(BOTH.key)
    assert sample is not None
    assert (sample.control.requests, sample.candidate.requests) == (15, 15)
    assert (sample.candidate.errors, sample.window_s, sample.error) == (2, 1, "")
    assert news.answered == news.failed == {BOTH.key}
    query = dict(sample.queries)["candidate.errors"]
    assert CANDIDATE in query
    assert "http://10.0.0.1:9902/stats/prometheus" in query


async def test_a_gateway_that_cannot_be_read_is_named_and_the_others_count() -> None:
    fake = FakeGateways({A.url: {}, B.url: {}})
    counters = Counters(fake)
    await counters.look([A, B], [BOTH], 0)
    fake.answer(A, 10, 9)
    fake.answer(B, 10, 9)
    await counters.look([A, B], [BOTH], 1)
    del fake.counts[B.url]
    fake.answer(A, 11, 11)
    await counters.look([A, B], [BOTH], 2)
    sample = counters.sample(BOTH.key)
    assert sample is not None
    assert (sample.candidate.requests, sample.error) == (20, "")
    assert "gateway-b" in dict(sample.queries)["unread"]


async def test_where_no_gateway_can_be_read_the_look_is_an_error_that_forgets_nothing() -> None:
    fake = FakeGateways({A.url: {}})
    counters = Counters(fake)
    await counters.look([A], [BOTH], 0)
    fake.answer(A, 10, 9)
    await counters.look([A], [BOTH], 1)
    kept = fake.counts.pop(A.url)
    await counters.look([A], [BOTH], 2)
    blind = counters.sample(BOTH.key)
    assert blind is not None
    assert "gateway-a: http://10.0.0.1:9902 does not answer" in blind.error
    assert blind.candidate.requests is None
    fake.counts[A.url] = kept
    await counters.look([A], [BOTH], 3)
    seen = counters.sample(BOTH.key)
    assert seen is not None
    assert seen.candidate.requests == 9
    assert all(not look.error for look in counters.recent(BOTH.key))


async def test_without_a_ready_gateway_the_look_says_so() -> None:
    counters = Counters(FakeGateways())
    await counters.look([Gateway("uid-a", "gateway-a", "")], [BOTH], 0)
    sample = counters.sample(BOTH.key)
    assert sample is not None
    assert "no gateway is ready" in sample.error


async def test_a_gateway_that_was_not_ready_for_a_while_is_neither_lost_nor_counted_twice() -> None:
    fake = FakeGateways({A.url: {}})
    counters = Counters(fake)
    await counters.look([A], [BOTH], 0)
    fake.answer(A, 10, 10)
    await counters.look([A], [BOTH], 1)
    await counters.look([Gateway(A.uid, A.name, "")], [BOTH], 2)
    fake.answer(A, 15, 15)
    await counters.look([A], [BOTH], 3)
    sample = counters.sample(BOTH.key)
    assert sample is not None
    assert sample.candidate.requests == 15


async def test_a_new_leader_begins_from_the_counters_as_they_stand() -> None:
    fake = FakeGateways()
    fake.answer(A, 1000, 900, errors=90)
    counters = Counters(fake)
    await counters.look([A], [BOTH], 0)
    fake.answer(A, 1010, 905, errors=91)
    await counters.look([A], [BOTH], 1)
    sample = counters.sample(BOTH.key)
    assert sample is not None
    assert (sample.control.requests, sample.candidate.requests, sample.candidate.errors) == (
        10,
        5,
        1,
    )


async def test_what_nobody_compares_any_more_is_forgotten_and_costs_no_request() -> None:
    fake = FakeGateways({A.url: {}})
    counters = Counters(fake)
    await counters.look([A], [BOTH], 0)
    await counters.look([A], [], 1)
    assert counters.sample(BOTH.key) is None
    assert counters.recent(BOTH.key) == ()
    assert len(fake.asked) == 1


async def test_the_last_looks_fill_the_longest_window_of_the_analysis_and_no_more() -> None:
    fake = FakeGateways({A.url: {}})
    counters = Counters(fake)
    for second in range(300):
        fake.answer(A, second, second)
        await counters.look([A], [BOTH], second)
    recent = counters.recent(BOTH.key)
    assert len(recent) == LOOKS_KEPT == WINDOWS[-1] + 1
    assert [look.candidate.requests for look in recent[-2:]] == [298, 299]
    assert all(look.candidate.latency is None and not look.queries for look in recent)


async def test_what_stands_alone_can_be_seen_by_its_last_minute() -> None:
    fake = FakeGateways({A.url: {}})
    counters = Counters(fake)
    for second in range(100):
        fake.answer(A, 0, 10 * second, errors=max(0, second - 90))
        await counters.look([A], [ALONE], second)
    lately = counters.lately(ALONE.key, 60)
    assert lately is not None
    assert (lately.candidate.requests, lately.candidate.errors, lately.window_s) == (600, 9, 60)
    assert lately.candidate.latency is not None
    assert lately.candidate.latency.counts == (591, 600)
    assert lately.control.requests in (None, 0)
    assert lately.queries


def in_flight(sent: int, waiting: int) -> dict[str, Counts]:
    return dict.fromkeys((CONTROL, CANDIDATE), Counts(sent=sent, in_flight=waiting))


async def test_what_is_sent_and_in_flight_is_kept_of_each_look_and_wakes_who_compares() -> None:
    fake = FakeGateways({A.url: {}})
    counters = Counters(fake)
    await counters.look([A], [BOTH], 0)
    fake.counts[A.url] = in_flight(7, 4)
    news = await counters.look([A], [BOTH], 1)
    fake.counts[A.url] = in_flight(9, 5)
    await counters.look([A], [BOTH], 2)
    assert news.answered == {BOTH.key}
    seen = [(look.candidate.sent, look.candidate.in_flight) for look in counters.recent(BOTH.key)]
    assert seen == [(0, 0), (7, 4), (9, 5)]
    assert not any(look.partial for look in counters.recent(BOTH.key))


async def test_where_requests_are_found_under_way_looks_before_say_nothing_of_ages() -> None:
    """A gateway that could not be read before: of what is in flight there long waits are many."""
    fake = FakeGateways({A.url: {}})
    counters = Counters(fake)
    await counters.look([A, B], [BOTH], 0)
    fake.counts[B.url] = in_flight(500, 30)
    await counters.look([A, B], [BOTH], 1)
    await counters.look([A, B], [BOTH], 2)
    seen = [(look.candidate.sent, look.candidate.in_flight) for look in counters.recent(BOTH.key)]
    assert seen == [(None, None), (30, 30), (30, 30)]
