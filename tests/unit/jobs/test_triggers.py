"""When a Model is to be trained again."""

from dataclasses import dataclass

import pytest

from pharos_analysis.dropping import accuracy_drop, split_totals
from pharos_analysis.samples import UserTotals
from pharos_api.checking import CheckResult, parse_check_result
from pharos_api.jobio import TERMINATION_LIMIT_BYTES
from pharos_api.retraining import Attempt, DriftReading, Trigger, TriggerReading, TriggerState
from pharos_jobs.core import triggers
from pharos_jobs.core.triggers import Growth, should_retrain

GROWTHS = {
    "a tenth more is not more than a tenth": (1000, 10_000, 10, False),
    "one paper above a tenth is": (1001, 10_000, 10, True),
    "half as much again is": (500, 1000, 10, True),
    "nothing new is nothing": (0, 1000, 10, False),
    "with a limit of 0 a single paper is enough": (1, 1000, 0, True),
    "out of nothing anything is enough": (1, 0, 10, True),
    "nothing out of nothing is not": (0, 0, 10, False),
}


@pytest.mark.requirement("RET-4")
@pytest.mark.requirement("RET-11")
@pytest.mark.requirement("RET-16")
@pytest.mark.parametrize(("new", "present", "limit", "due"), GROWTHS.values(), ids=GROWTHS.keys())
def test_growth(new: int, present: int, limit: int, due: bool) -> None:
    assert should_retrain(new, present, limit) is due
    reading = triggers.growth_reading(Growth(new, present, "v1.0.0"), limit)
    assert (reading.state is TriggerState.FIRED) is due


def test_growth_says_what_was_compared_with_what() -> None:
    found = Growth(new=13, present=112, whose="the last retraining arxiv-r", earlier=12)
    reading = triggers.growth_reading(found, 10)
    said = "13 new samples beside the 112 of the last retraining arxiv-r: 11.6 %, above 10 %."
    assert reading.message == said
    whole = triggers.verdict([reading], found, None)
    assert (whole.dataset_samples, whole.new_samples) == (100, 25)


ATTEMPT = Attempt(
    run="arxiv-r", answered=[Trigger.ACCURACY_DROP, Trigger.DATA_GROWTH], dataset_sha256="d" * 64
)
ANSWERED = {
    "a drop that a retraining was made for starts no other": (
        Trigger.ACCURACY_DROP,
        ATTEMPT,
        TriggerState.QUIET,
    ),
    "drift that none was made for starts one": (Trigger.DRIFT, ATTEMPT, TriggerState.FIRED),
    "data that has grown since starts one": (Trigger.DATA_GROWTH, ATTEMPT, TriggerState.FIRED),
    "without a retraining a drop starts one": (Trigger.ACCURACY_DROP, None, TriggerState.FIRED),
}


@pytest.mark.parametrize(("trigger", "attempt", "state"), ANSWERED.values(), ids=ANSWERED.keys())
def test_what_got_worse_is_answered_once(
    trigger: Trigger, attempt: Attempt | None, state: TriggerState
) -> None:
    found = triggers.unanswered(reading(trigger, TriggerState.FIRED), attempt)
    assert found.state is state
    assert ("arxiv-r was made for it" in found.message) is (state is TriggerState.QUIET)


def answered(right: int, users: int) -> UserTotals:
    """So many users with one labelled answer each."""
    return split_totals(right, users)


@dataclass(frozen=True)
class Labels:
    """Right answers of texts at the promotion, and of users since."""

    then: tuple[int, int]
    now: tuple[int, int]
    fires: bool | None


DROPS = {
    "no drop at all": Labels((920, 1000), (460, 500), False),
    "a drop by points that the interval does not prove": Labels((920, 1000), (34, 40), False),
    "exactly at the limit is not beyond it": Labels((920, 1000), (870, 1000), False),
    "a clear drop": Labels((920, 1000), (350, 500), True),
    "a rise": Labels((800, 1000), (490, 500), False),
    "all right then and now": Labels((100, 100), (100, 100), False),
    "all right then and all wrong now": Labels((100, 100), (0, 100), True),
    "too few users to tell": Labels((920, 1000), (0, 29), None),
    "a test split of too few texts": Labels((20, 20), (0, 500), None),
    "no labels": Labels((920, 1000), (0, 0), None),
}


@pytest.mark.requirement("RET-12")
@pytest.mark.parametrize("case", DROPS.values(), ids=DROPS.keys())
def test_accuracy_falls_by_its_interval_and_not_by_its_point(case: Labels) -> None:
    drop = accuracy_drop(split_totals(*case.then), answered(*case.now), 0.05)
    if case.fires is None:
        assert drop is None
        return
    assert drop is not None
    assert drop.at_least < drop.estimate
    assert (triggers.accuracy_reading(drop, 5).state is TriggerState.FIRED) is case.fires


def test_one_user_with_many_labels_is_one_user() -> None:
    each = answered(350, 500)
    chatty = UserTotals(10, 500, 350, 25_000, 17_500, 12_250)
    assert accuracy_drop(split_totals(920, 1000), each, 0.05) is not None
    assert accuracy_drop(split_totals(920, 1000), chatty, 0.05) is None


MOVED = DriftReading(texts=500, input_score="0.31", prediction_score="0.1", detected=["input"])
DRIFTS = {
    "drift that may start a run": (MOVED, True, TriggerState.FIRED),
    "drift that is only told": (MOVED, False, TriggerState.QUIET),
    "none": (DriftReading(texts=500, input_score="0.03"), True, TriggerState.QUIET),
    "not measured": (DriftReading(texts=3), True, TriggerState.NO_DATA),
}


@pytest.mark.parametrize(("found", "starts", "state"), DRIFTS.values(), ids=DRIFTS.keys())
def test_drift(found: DriftReading, starts: bool, state: TriggerState) -> None:
    assert triggers.drift_reading(found, "0.25", starts).state is state


def reading(trigger: Trigger, state: TriggerState) -> TriggerReading:
    return TriggerReading(trigger=trigger, state=state, message=f"{trigger}: {state}")


FIRED, QUIET = TriggerState.FIRED, TriggerState.QUIET
VERDICTS: dict[str, tuple[dict[Trigger, TriggerState], Trigger | None]] = {
    "nothing fired": ({Trigger.DATA_GROWTH: QUIET, Trigger.SCHEDULED: QUIET}, None),
    "what is away starts nothing": (
        {Trigger.DATA_GROWTH: TriggerState.ERROR, Trigger.ACCURACY_DROP: TriggerState.NO_DATA},
        None,
    ),
    "what is away hides nothing else": (
        {Trigger.DATA_GROWTH: TriggerState.ERROR, Trigger.ACCURACY_DROP: FIRED},
        Trigger.ACCURACY_DROP,
    ),
    "a person is named before all": (
        {Trigger.MANUAL: FIRED, Trigger.DATA_GROWTH: FIRED, Trigger.SCHEDULED: FIRED},
        Trigger.MANUAL,
    ),
    "a cause is named before the schedule": (
        {Trigger.DATA_GROWTH: FIRED, Trigger.SCHEDULED: FIRED},
        Trigger.DATA_GROWTH,
    ),
    "the schedule alone is enough where it always is": (
        {Trigger.DATA_GROWTH: QUIET, Trigger.SCHEDULED: FIRED},
        Trigger.SCHEDULED,
    ),
}


@pytest.mark.parametrize(("states", "cause"), VERDICTS.values(), ids=VERDICTS.keys())
def test_the_verdict(states: dict[Trigger, TriggerState], cause: Trigger | None) -> None:
    found = triggers.verdict(
        [reading(*each) for each in states.items()], Growth(3, 40, "v1.0.0"), MOVED
    )
    assert (found.due, found.trigger) == (cause is not None, cause)
    assert (found.new_samples, found.dataset_samples, found.drift) == (3, 40, MOVED)
    assert found.reason


def test_an_error_is_told_where_nothing_fired() -> None:
    found = triggers.verdict([triggers.failed(Trigger.DRIFT, "away")], None, None)
    assert found.reason == "No trigger fired; not measured: Drift."


def test_a_long_answer_fits_into_the_termination_message() -> None:
    readings = [triggers.failed(trigger, "ä" * 3000) for trigger in Trigger]
    given = CheckResult(reason="ä" * 3000, readings=readings, new_samples=7, drift=MOVED)
    text = given.to_termination_message()
    assert len(text.encode()) <= TERMINATION_LIMIT_BYTES
    read = parse_check_result(text)
    assert read is not None
    assert (read.new_samples, len(read.readings)) == (7, len(Trigger))
    assert parse_check_result("no JSON") is None
