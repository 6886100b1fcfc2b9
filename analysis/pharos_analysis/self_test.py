"""Whether what experiments of a Model are decided by keeps its promise on that Model's own log.

Too many false alarms (``false_alarms.py``) say that what the tests take for independent is not: one
user's requests that fail together, a user with most of the traffic, an uneven lot. Rows that are
stored twice are counted directly, because sums over users hide them. Must not act on it.
"""

from dataclasses import dataclass
from enum import StrEnum

from pharos_analysis.false_alarms import LEAST_USERS, SAMPLE_RATIO, Alarms, Plan, false_alarms
from pharos_analysis.resplitting import Lot, UsersLog
from pharos_api.assignment import bucket

MOST_REPEATED_PERCENT = 1.0


class Trust(StrEnum):
    """What a self-test finds."""

    TRUSTED = "SelfTestPassed"
    FALSE_ALARMS = "TooManyFalseAlarms"
    UNEVEN_LOT = "UnevenLot"
    REPEATED_ROWS = "RepeatedRows"
    TOO_LITTLE = "TooLittleTraffic"


@dataclass(frozen=True, slots=True)
class SelfTest:
    """What was found; ``message`` has value and limit, and what to do where it is bad.

    Where there was too little to test, the sentence is steady from one look to the next.
    """

    trust: Trust
    message: str
    alarms: tuple[Alarms, ...] = ()


def self_test(log: UsersLog, plan: Plan, lot: Lot = bucket) -> SelfTest:
    """The finding for a log that could be read."""
    requests, least = sum(user.requests for user in log.users), 2 * plan.rule.min_requests
    if len(log.users) < LEAST_USERS or requests < least:
        return SelfTest(Trust.TOO_LITTLE, f"it takes {LEAST_USERS} users and {least} requests")
    if 100 * log.repeated > MOST_REPEATED_PERCENT * requests:
        return SelfTest(Trust.REPEATED_ROWS, _repeated(log, requests))
    found = false_alarms(log, plan, lot)
    bad = [alarms for alarms in found if alarms.too_many]
    of = f"of {plan.splits} splits of {len(log.users)} users"
    if not bad:
        return SelfTest(Trust.TRUSTED, f"false alarms in {_listed(found)} {of}", found)
    if any(alarms.test == SAMPLE_RATIO for alarms in bad):
        return SelfTest(Trust.UNEVEN_LOT, f"{_listed(bad)} {of}: {_UNEVEN}", found)
    said = f"equal arms differ too often: {_listed(bad)} {of}; {_largest(log, requests)}"
    return SelfTest(Trust.FALSE_ALARMS, f"{said}. {_DEPENDENT}", found)


_UNEVEN = (
    "the lot gives one arm more users than the other, which is a defect. Run operator, gateways "
    "and servers of one release, and report it"
)
_DEPENDENT = (
    "Requests of one user go wrong together: let bots and batch jobs send no user key, which keeps "
    "them out of every experiment, or raise maxRatio of that guardrail"
)


def _repeated(log: UsersLog, requests: int) -> str:
    share = 100 * log.repeated / requests
    return (
        f"{share:.1f} % of {requests} predictions are logged more than once "
        f"(limit {MOST_REPEATED_PERCENT:g} %). Give each request an id of its own, and delete rows "
        "of prediction_logs that were copied"
    )


def _largest(log: UsersLog, requests: int) -> str:
    most = max(user.requests for user in log.users)
    return f"the largest user has {100 * most / requests:.1f} % of the requests"


def _listed(found: tuple[Alarms, ...] | list[Alarms]) -> str:
    return ", ".join(map(str, found))
