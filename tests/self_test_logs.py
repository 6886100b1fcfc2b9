"""Logs of users for tests of the A/A self-test: sound ones, and each way of being none."""

from dataclasses import replace

import numpy as np

from pharos_analysis.false_alarms import Plan
from pharos_analysis.resplitting import UserLog, UsersLog
from pharos_api.abexperiment import DEFAULT_METRICS
from pharos_api.assignment import BUCKETS, bucket
from pharos_api.decision import DecisionRule, Health

BOUNDS_MS = (5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0)
PLAN = Plan(tuple(DEFAULT_METRICS), DecisionRule(), Health(), seed="uid-model/2026-11-23")
Draws = np.random.Generator


def user(name: str, requests: int, draws: Draws, failing: float = 0.02, ms: float = 20) -> UserLog:
    """Half of the answers get a label, a third is rated; each user is right as often as theirs."""
    labelled, rated = requests // 2, requests // 3
    took = draws.lognormal(np.log(ms), 0.5, requests)
    return UserLog(
        user=name,
        requests=requests,
        errors=int(draws.binomial(requests, failing)),
        labelled=labelled,
        right=int(draws.binomial(labelled, draws.beta(17, 3))),
        rated=rated,
        satisfied=int(draws.binomial(rated, 0.8)),
        latency=(*(int((took <= bound).sum()) for bound in BOUNDS_MS), requests),
    )


def sound(users: int = 1000, seed: int = 1) -> UsersLog:
    """Users who differ in how much they ask, how often they are answered right, and how fast."""
    draws = np.random.default_rng(seed)
    found = (
        user(f"user-{n}", int(draws.integers(1, 12)), draws, ms=float(draws.lognormal(3, 0.2)))
        for n in range(users)
    )
    return UsersLog(tuple(found), BOUNDS_MS)


def stored_twice(seed: int = 1) -> UsersLog:
    """Each row of a sound log, and the same once more."""
    log = sound(seed=seed)
    users = tuple(_doubled(user) for user in log.users)
    return replace(log, users=users, repeated=sum(user.requests for user in log.users))


def with_a_bot(seed: int = 1) -> UsersLog:
    """A sound log and one user whose many requests often fail."""
    log = sound(seed=seed)
    requests = sum(user.requests for user in log.users) // 5
    bot = user("bot", requests, np.random.default_rng(seed), failing=0.3)
    return replace(log, users=(*log.users[:500], bot, *log.users[500:]))


def failing_together(seed: int = 1) -> UsersLog:
    """A few users whose requests nearly all fail: requests are no unit."""
    draws = np.random.default_rng(seed)
    found = (
        user(f"user-{n}", int(draws.integers(5, 40)), draws, 0.6 if n % 40 == 0 else 0.001)
        for n in range(1500)
    )
    return UsersLog(tuple(found), BOUNDS_MS)


def each_request_a_user(seed: int = 1) -> UsersLog:
    """Labelled requests, each counted as one user, while the lot is drawn for their users."""
    draws = np.random.default_rng(seed)
    found = []
    for n in range(300):
        often = draws.choice([0.1, 0.99], p=[0.2, 0.8])
        right = draws.random(15) < often
        found += [UserLog(f"user-{n}", 1, labelled=1, right=int(one)) for one in right]
    draws.shuffle(found)
    return UsersLog(tuple(found))


def uneven(salt: str, name: str) -> int:
    """A lot that gives the candidate 57 % of the users."""
    position = bucket(salt, name)
    return 0 if position >= BUCKETS - 700 else position


def _doubled(one: UserLog) -> UserLog:
    counts = (one.requests, one.errors, one.labelled, one.right, one.rated, one.satisfied)
    return UserLog(one.user, *(2 * n for n in counts), tuple(2 * n for n in one.latency))
