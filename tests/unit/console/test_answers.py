"""Whether an answer came from the right arm, and what a stretch of traffic adds up to."""

from dataclasses import dataclass

import pytest

from pharos_api.assignment import Arm, assign
from pharos_api.model import Route, RouteExperiment
from pharos_console.load.answers import (
    Answer,
    quantile,
    seconds_to_rollback,
    summarise,
    wrong_arm,
)

SALT, EXPOSURE = "a1b2c3d4e5f60718", 1000
QUIET = Route(revision=1, stable_version="v1.0.0")
SPLIT = Route(
    revision=2,
    stable_version="v1.0.0",
    experiment=RouteExperiment(
        name="canary",
        uid="u1",
        salt=SALT,
        candidate="m-v1-1-0",
        candidate_version="v1.1.0",
        exposure=EXPOSURE,
    ),
)
ROUTES = {1: QUIET, 2: SPLIT}


def user_of(arm: Arm) -> str:
    """A user whom the split of the second route puts into an arm."""
    users = (f"user-{number}" for number in range(10_000))
    return next(user for user in users if assign(SALT, user, EXPOSURE) is arm)


def answer(user: str = "ada", arm: str = "outside", revision: int = 1, **more: object) -> Answer:
    fields = {"sent_s": 0.0, "took_s": 0.01, "status": 200, "version": "v1.0.0"} | more
    return Answer(user=user, arm=arm, revision=revision, **fields)


@dataclass(frozen=True)
class Case:
    answer: Answer
    wrong: bool | None


CASES = {
    "without an experiment everybody is outside": Case(answer(), False),
    "without an experiment nobody is on the candidate": Case(answer(arm="candidate"), True),
    "without an experiment nobody is control": Case(answer(arm="control"), True),
    "a user of the candidate met it": Case(
        answer(user_of(Arm.CANDIDATE), "candidate", revision=2), False
    ),
    "a user of the candidate met the control": Case(
        answer(user_of(Arm.CANDIDATE), "control", revision=2), True
    ),
    "a user of the control met it": Case(
        answer(user_of(Arm.CONTROL), "control", revision=2), False
    ),
    "a user of the control met the candidate": Case(
        answer(user_of(Arm.CONTROL), "candidate", revision=2), True
    ),
    "a user outside stayed there": Case(answer(user_of(Arm.OUTSIDE), "outside", revision=2), False),
    "a user outside met the candidate": Case(
        answer(user_of(Arm.OUTSIDE), "candidate", revision=2), True
    ),
    "a user without a pin was served as pinned": Case(answer(arm="pinned", revision=2), True),
    "an arm that is not named is wrong": Case(answer(arm="", revision=2), True),
    "a server error is checked like any answer": Case(answer(arm="candidate", status=503), True),
    "a revision that nobody saw cannot be checked": Case(answer(revision=9), None),
    "an answer without revision cannot be checked": Case(answer(revision=-1), None),
    "no answer cannot be checked": Case(answer(status=0, arm="candidate"), None),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_arm_is_recomputed_from_the_route_of_that_revision(case: Case) -> None:
    assert wrong_arm(case.answer, ROUTES) is case.wrong


FAILED = {"no answer": 0, "a server error": 500, "a gateway error": 504}
ANSWERED = {"an answer": 200, "a refusal of bad input": 422, "too many requests": 429}


@pytest.mark.parametrize("status", FAILED.values(), ids=FAILED.keys())
def test_a_request_failed(status: int) -> None:
    assert answer(status=status).failed


@pytest.mark.parametrize("status", ANSWERED.values(), ids=ANSWERED.keys())
def test_a_request_did_not_fail(status: int) -> None:
    assert not answer(status=status).failed


def test_a_summary_counts_requests_by_arm_words_and_version() -> None:
    found = summarise(
        [
            answer(took_s=0.010),
            answer(took_s=0.030),
            answer(arm="candidate", revision=2, status=500, version="v1.1.0", error="boom"),
            answer(arm="", revision=-1, status=0, version="", error="ConnectError"),
            answer(arm="", revision=-1, status=503, version=""),
        ],
        ROUTES,
    )
    assert (found.requests, found.failed) == (5, 3)
    assert found.failed_by_arm == {"candidate": 1, "unknown": 2}
    assert found.failures == {"boom": 1, "ConnectError": 1, "503": 1}
    assert found.by_version == {"v1.0.0": 2, "v1.1.0": 1}
    assert found.unchecked == 2
    assert (found.p50_ms, found.p95_ms) == (10.0, 30.0)


def test_users_on_a_wrong_arm_are_counted_once_each() -> None:
    wrong = [answer("ada", "candidate"), answer("ada", "candidate"), answer("bob", "control")]
    assert summarise(wrong, ROUTES).users_on_wrong_arm == 2


def test_nothing_sums_up_to_zeros() -> None:
    found = summarise([], ROUTES)
    assert (found.requests, found.failed, found.unchecked, found.p99_ms) == (0, 0, 0, 0.0)


QUANTILES = {
    "nothing has no quantile": ([], 0.95, 0.0),
    "one value is every quantile": ([7.0], 0.95, 7.0),
    "the median of two is the lower one": ([1.0, 2.0], 0.5, 1.0),
    "p95 of a hundred is the 95th": ([float(n) for n in range(1, 101)], 0.95, 95.0),
    "p99 of ten is the largest": ([float(n) for n in range(1, 11)], 0.99, 10.0),
    "the share 0 is the smallest": ([1.0, 2.0, 3.0], 0.0, 1.0),
    "the share 1 is the largest": ([1.0, 2.0, 3.0], 1.0, 3.0),
}


@pytest.mark.parametrize(("values", "share", "wanted"), QUANTILES.values(), ids=QUANTILES.keys())
def test_quantiles_are_of_the_nearest_rank(
    values: list[float], share: float, wanted: float
) -> None:
    assert quantile(values, share) == wanted


def of(version: str, sent_s: float, status: int = 200) -> Answer:
    return answer(version=version, sent_s=sent_s, took_s=0.5, status=status)


ROLLBACKS = {
    "from the first failure to the candidate's last answer": (
        [of("v2", 1), of("v2", 2, 500), of("v2", 3, 500), of("v2", 5), of("v1", 9)],
        3.0,
    ),
    "a candidate that never failed has none": ([of("v2", 1), of("v1", 2, 500)], None),
    "a candidate that only failed once took no time": ([of("v2", 1, 503)], 0.0),
    "no traffic, no time": ([], None),
}


@pytest.mark.parametrize(("answers", "wanted"), ROLLBACKS.values(), ids=ROLLBACKS.keys())
def test_the_time_that_a_rollback_took_for_users(
    answers: list[Answer], wanted: float | None
) -> None:
    assert seconds_to_rollback(answers, "v2") == wanted
