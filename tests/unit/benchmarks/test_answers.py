"""What answers prove: who failed, who strayed, who was late, and how long harm took."""

from dataclasses import dataclass, replace

import pytest

from delivery.answers import Answer, Truth, failed, misrouted, quantile, safety_s, stale
from delivery.open_loop import read
from pharos_api.assignment import HALF, Arm, assign

SALT = "pepper"
TRUTH = Truth(SALT, {1: 0, 2: 2_500, 3: HALF}, control="v1.0.0", candidate="v1.1.0")
USER = next(f"u{n}" for n in range(99) if assign(SALT, f"u{n}", 2_500) is Arm.CANDIDATE)
RIGHT = Answer(USER, 0.0, 0.1, 200, "candidate", "v1.1.0", 2, "candidate", "v1.1.0")


@dataclass(frozen=True)
class Case:
    answer: Answer
    strays: bool


CASES = {
    "the arm of the user's bucket, from its version": Case(RIGHT, False),
    "another arm": Case(replace(RIGHT, arm="control", version="v1.0.0"), True),
    "the right arm, but the other version": Case(replace(RIGHT, version="v1.0.0"), True),
    "the right arm, but another revision's": Case(replace(RIGHT, revision=1), True),
    "a revision that never was": Case(replace(RIGHT, revision=9), True),
    "no revision at all": Case(replace(RIGHT, revision=-1), True),
    "the server was told another arm than the client": Case(
        replace(RIGHT, pod_arm="control"), True
    ),
    "another version answered than the gateway says": Case(
        replace(RIGHT, pod_version="v1.0.0"), True
    ),
    "a server that does not say who it is": Case(replace(RIGHT, pod_arm="", pod_version=""), False),
    "an error of the right arm": Case(replace(RIGHT, status=500), False),
    "no answer is a failure, not a stray": Case(Answer(USER, 0.0, 10.0, 0), False),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_an_answer_strays_unless_arm_version_and_revision_belong_together(case: Case) -> None:
    assert bool(misrouted([case.answer], TRUTH)) is case.strays


def test_everything_but_a_good_answer_has_failed() -> None:
    answers = [replace(RIGHT, status=status) for status in (200, 404, 500, 503, 0)]
    assert [answer.status for answer in failed(answers)] == [404, 500, 503, 0]


def test_an_answer_is_stale_only_once_all_gateways_had_confirmed_a_newer_revision() -> None:
    before, meanwhile, after = (replace(RIGHT, due_s=due_s) for due_s in (0.9, 1.5, 2.1))
    assert stale([before, meanwhile, after], {2: 1.0, 3: 2.0}) == [after]


def test_the_clock_runs_from_the_first_5xx_to_the_last_response_of_the_candidate() -> None:
    good = [replace(RIGHT, done_s=done_s) for done_s in (1.0, 3.0, 7.5)]
    bad = [replace(RIGHT, done_s=done_s, status=500) for done_s in (2.0, 5.0)]
    others = [replace(RIGHT, done_s=9.0, version="v1.0.0")]
    by_candidate = [*good, *bad, *others]
    assert safety_s(by_candidate, lambda a: a.version == "v1.1.0") == 5.5
    assert safety_s(by_candidate, lambda a: a.version == "v1.1.0", since_s=4.0) == 2.5
    assert safety_s(good, lambda _: True) is None


def test_time_is_counted_from_when_a_request_was_due() -> None:
    assert Answer(USER, 1.0, 1.25, 200).took_s == 0.25


@pytest.mark.parametrize(("share", "wanted"), [(0.5, 2), (0.95, 4), (0.0, 1)])
def test_quantiles_are_values_that_were_seen(share: float, wanted: float) -> None:
    assert quantile([4, 1, 3, 2], share) == wanted
    assert quantile([], share) is None


def test_an_answer_is_read_from_its_head() -> None:
    head = (
        b"HTTP/1.1 503 Service Unavailable\r\nX-Pharos-Arm: control\r\nx-pharos-version: v1.0.0\r\n"
        b"x-pharos-revision: 17\r\nx-bench-arm: control\r\ncontent-length: 0"
    )
    wanted = Answer("u", 1.0, 2.0, 503, "control", "v1.0.0", 17, "control")
    assert read(head, "u", 1.0, 2.0) == wanted
    lost = read(None, "u", 1.0, 2.0, "connection lost")
    assert (lost.status, lost.revision, lost.error) == (0, -1, "connection lost")
