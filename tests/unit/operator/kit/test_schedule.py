"""The work list: coalescing, one worker a key, backoff, requeue."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pharos_operator.reconcile.schedule import FIRST_BACKOFF_S, LONGEST_BACKOFF_S, Schedule


def _schedule(*keys: str) -> Schedule[str]:
    schedule = Schedule[str]()
    for key in keys:
        schedule.add(key, now=0.0)
    return schedule


def test_keys_are_taken_in_the_order_in_which_they_came_due() -> None:
    schedule = _schedule("a", "b")
    assert schedule.take(0.0) == ("a", 0.0)
    assert schedule.take(1.0) == ("b", 1.0)
    assert schedule.take(1.0) is None


def test_a_key_added_many_times_is_worked_on_once() -> None:
    schedule = _schedule("a", "a", "a")
    schedule.take(0.0)
    schedule.done("a", 0.0)
    assert schedule.take(100.0) is None
    assert len(schedule) == 0


def test_news_about_a_busy_key_wait_until_its_worker_is_done() -> None:
    schedule = _schedule("a")
    schedule.take(0.0)
    schedule.add("a", 1.0)
    assert schedule.take(2.0) is None
    schedule.done("a", 3.0, requeue_after_s=60.0)
    assert schedule.take(3.0) == ("a", 2.0)


def test_a_wish_to_be_looked_at_later_is_kept() -> None:
    schedule = _schedule("a")
    schedule.take(0.0)
    schedule.done("a", 0.0, requeue_after_s=60.0)
    assert schedule.take(59.9) is None
    assert schedule.next_due() == 60.0
    assert schedule.take(60.0) == ("a", 0.0)


def test_news_come_before_a_wish_to_be_looked_at_later() -> None:
    schedule = _schedule("a")
    schedule.take(0.0)
    schedule.done("a", 0.0, requeue_after_s=60.0)
    schedule.add("a", 5.0)
    assert schedule.take(5.0) == ("a", 0.0)
    assert schedule.take(60.0) is None


def test_failures_wait_twice_as_long_each_time_up_to_a_limit() -> None:
    schedule, now, waits = _schedule("a"), 0.0, []
    for _ in range(14):
        assert schedule.take(now) is not None
        wait_s = schedule.failed("a", now)
        waits.append(wait_s)
        now += wait_s
    assert waits[:4] == [FIRST_BACKOFF_S * factor for factor in (1, 2, 4, 8)]
    assert waits[-1] == LONGEST_BACKOFF_S


def test_a_success_ends_the_backoff() -> None:
    schedule = _schedule("a")
    schedule.take(0.0)
    schedule.failed("a", 0.0)
    schedule.take(1.0)
    schedule.done("a", 1.0)
    schedule.add("a", 2.0)
    schedule.take(2.0)
    assert schedule.failed("a", 2.0) == FIRST_BACKOFF_S


def test_a_server_that_asks_for_patience_gets_it() -> None:
    schedule = _schedule("a")
    schedule.take(0.0)
    assert schedule.failed("a", 0.0, delay_s=7.0) == 7.0


class Workers(RuleBasedStateMachine):
    """No key is lost, none is worked on twice at once, whatever happens in whatever order."""

    keys = st.sampled_from("abc")

    def __init__(self) -> None:
        super().__init__()
        self.schedule = Schedule[str]()
        self.now = 0.0
        self.busy: set[str] = set()
        self.wanted: dict[str, float] = {}

    @rule(key=keys, delay_s=st.floats(0, 10))
    def add(self, key: str, delay_s: float) -> None:
        self.schedule.add(key, self.now, delay_s)
        self.wanted[key] = min(self.wanted.get(key, self.now + delay_s), self.now + delay_s)

    @rule(step_s=st.floats(0, 5))
    def pass_time(self, step_s: float) -> None:
        self.now += step_s

    @rule()
    def take(self) -> None:
        due = {k for k, at in self.wanted.items() if at <= self.now and k not in self.busy}
        taken = self.schedule.take(self.now)
        assert (taken is not None) == bool(due)
        if taken:
            assert taken[0] in due
            del self.wanted[taken[0]]
            self.busy.add(taken[0])

    @precondition(lambda self: self.busy)
    @rule(data=st.data(), failed=st.booleans())
    def finish(self, data: st.DataObject, failed: bool) -> None:
        key = data.draw(st.sampled_from(sorted(self.busy)))
        self.busy.discard(key)
        if failed:
            again = self.now + self.schedule.failed(key, self.now)
            self.wanted[key] = min(self.wanted.get(key, again), again)
        else:
            self.schedule.done(key, self.now)

    @invariant()
    def the_next_due_time_is_known(self) -> None:
        idle = [at for key, at in self.wanted.items() if key not in self.busy]
        assert self.schedule.next_due() == min(idle, default=None)


TestWorkers = Workers.TestCase
