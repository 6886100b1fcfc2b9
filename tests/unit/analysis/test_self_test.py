"""The A/A self-test: a sound log passes, and each way of breaking the analysis does not."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from scipy import stats
from self_test_logs import (
    PLAN,
    each_request_a_user,
    failing_together,
    sound,
    stored_twice,
    uneven,
    with_a_bot,
)

from pharos_analysis.false_alarms import LEAST_USERS, RISK, Plan, allowed, false_alarms
from pharos_analysis.resplitting import Lot, Resplitting, UserLog, UsersLog
from pharos_analysis.self_test import Trust, self_test
from pharos_api.assignment import HALF, Arm, assign, bucket
from pharos_api.decision import DecisionRule


@dataclass(frozen=True)
class Case:
    log: Callable[[], UsersLog]
    trust: Trust
    says: str
    lot: Lot = bucket
    plan: Plan = PLAN


STRICT = replace(PLAN, rule=DecisionRule(min_requests=10_000))
CASES = {
    "a sound log is trusted": Case(sound, Trust.TRUSTED, "of 200 splits of 1000 users"),
    "a log without labels is tested on what it has": Case(
        lambda: _without_labels(sound()), Trust.TRUSTED, "false alarms in sample-ratio 0.0 %"
    ),
    "rows that are stored twice are no evidence": Case(
        stored_twice, Trust.REPEATED_ROWS, "50.0 % of"
    ),
    "a few repeated rows change nothing": Case(
        lambda: replace(sound(), repeated=50), Trust.TRUSTED, "error-rate"
    ),
    "a lot that favours the candidate is refused": Case(
        sound, Trust.UNEVEN_LOT, "sample-ratio", uneven
    ),
    "a bot with a fifth of the requests decides for everybody": Case(
        with_a_bot, Trust.FALSE_ALARMS, "the largest user has 16.7 % of the requests"
    ),
    "requests of one user that fail together are no independent trials": Case(
        failing_together, Trust.FALSE_ALARMS, "error-rate"
    ),
    "requests taken for users are no unit (delta method, Deng 2018)": Case(
        each_request_a_user, Trust.UNEVEN_LOT, "sample-ratio"
    ),
    "too few users are no test": Case(
        lambda: sound(LEAST_USERS - 1), Trust.TOO_LITTLE, "it takes 200 users"
    ),
    "too few requests are no test": Case(sound, Trust.TOO_LITTLE, "20000 requests", plan=STRICT),
    "nobody at all is no test": Case(UsersLog, Trust.TOO_LITTLE, "it takes 200 users"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_finding(case: Case) -> None:
    found = self_test(case.log(), case.plan, case.lot)
    assert found.trust is case.trust, found.message
    assert case.says in found.message


def test_accuracy_alone_finds_that_requests_were_taken_for_users() -> None:
    found = {alarms.test: alarms for alarms in false_alarms(each_request_a_user(), PLAN)}
    assert found["accuracy"].too_many


def test_the_same_log_with_each_user_summed_up_is_trusted() -> None:
    log = each_request_a_user()
    requests: dict[str, list[int]] = {}
    for one in log.users:
        requests.setdefault(one.user, []).append(one.right)
    users = tuple(
        UserLog(name, len(right), labelled=len(right), right=sum(right))
        for name, right in requests.items()
    )
    assert self_test(UsersLog(users), PLAN).trust is Trust.TRUSTED


def test_a_bad_message_has_value_limit_and_what_to_do() -> None:
    message = self_test(with_a_bot(), PLAN).message
    assert "error-rate" in message
    assert "% (limit 11.5 %) of 200 splits of 1001 users" in message
    assert "let bots and batch jobs send no user key" in message


def test_too_little_traffic_says_the_same_whatever_it_is() -> None:
    assert self_test(sound(10), PLAN) == self_test(sound(150), PLAN)


def test_the_lot_is_that_of_experiments() -> None:
    log = UsersLog(tuple(UserLog(f"user-{n}", 1) for n in range(500)))
    *_, (control, candidate) = Resplitting(log, 8).pairs("salt", bucket)
    arms = [assign("salt", user.user, HALF) for user in log.users]
    assert candidate.users == arms.count(Arm.CANDIDATE)
    assert control.users == arms.count(Arm.CONTROL)


def test_looks_grow_until_everybody_was_seen_and_the_arms_add_up() -> None:
    log = sound()
    pairs = list(Resplitting(log, 8).pairs("salt", bucket))
    seen = [control.users + candidate.users for control, candidate in pairs]
    assert seen == [125 * look for look in range(1, 9)]
    control, candidate = pairs[-1]
    right = sum(half.labelled["accuracy"].s for half in (control, candidate))
    assert right == sum(user.right for user in log.users)
    histogram = candidate.sample.latency
    assert histogram is not None
    assert histogram.counts[-1] == candidate.sample.requests


@pytest.mark.parametrize(("splits", "alpha"), [(200, 0.05), (200, 0.001), (50, 0.5), (1, 0.05)])
def test_the_limit_is_the_upper_end_of_scipys_binomial_law(splits: int, alpha: float) -> None:
    limit = allowed(splits, alpha)
    assert stats.binom.sf(limit, splits, alpha) <= RISK
    assert limit == 0 or stats.binom.sf(limit - 1, splits, alpha) > RISK


def _without_labels(log: UsersLog) -> UsersLog:
    bare = (replace(u, labelled=0, right=0, rated=0, satisfied=0) for u in log.users)
    return replace(log, users=tuple(bare))
