"""GPU hours of a month: each run counted once, whatever comes and goes."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from decide_builders import PLATFORM
from retraining_builders import policy, retraining

from pharos_api.retraining import RetrainingStatus
from pharos_api.trainingrun import StepName, StepStatus, TrainingRun, TrainingRunPhase
from pharos_operator.decide.decision import Platform
from pharos_operator.decide.retraining.gpu_hours import (
    counted,
    gpus_of,
    month_of,
    over_budget,
    used_s,
)

MIDNIGHT = datetime(2026, 12, 1, tzinfo=UTC)
VIENNA_WINTER = timezone(timedelta(hours=1))
FOUR = {"train": {"limits": {"nvidia.com/gpu": "4"}}}
UTC_MEASURE = (PLATFORM, UTC)


def trained_for(hours: float, ended: datetime, uid: str = "a", **spec: Any) -> TrainingRun:
    step = StepStatus(
        name=StepName.TRAIN, started_at=ended - timedelta(hours=hours), finished_at=ended
    )
    run = retraining(
        uid, steps=[step], finished_at=ended, phase=TrainingRunPhase.SUCCEEDED, started_at=ended
    )
    asked = type(run.spec).model_validate(run.spec.to_json() | spec)
    return run.model_copy(update={"spec": asked})


def test_a_run_counts_in_the_month_of_its_end_in_the_policys_time_zone() -> None:
    late = MIDNIGHT - timedelta(minutes=30)
    assert (month_of(late, UTC), month_of(late, VIENNA_WINTER)) == ("2026-11", "2026-12")
    run = trained_for(2, late)
    in_utc = counted(RetrainingStatus(), [run], "2026-12", UTC_MEASURE)
    in_vienna = counted(RetrainingStatus(), [run], "2026-12", (PLATFORM, VIENNA_WINTER))
    assert (in_utc.gpu_seconds, in_vienna.gpu_seconds) == (0, 2 * 3600)


def test_runs_that_are_gone_stay_in_the_sum_and_none_counts_twice() -> None:
    first, second = trained_for(2, MIDNIGHT, "a"), trained_for(1, MIDNIGHT, "b")
    status = counted(RetrainingStatus(), [first], "2026-12", UTC_MEASURE)
    status = counted(status, [first, second], "2026-12", UTC_MEASURE)
    status = counted(status, [second], "2026-12", UTC_MEASURE)
    assert counted(status, [second], "2026-12", UTC_MEASURE) == status
    assert (status.gpu_seconds, len(status.counted)) == (3 * 3600, 1)


def test_a_run_that_is_tried_again_counts_what_it_used_more() -> None:
    status = counted(RetrainingStatus(), [trained_for(2, MIDNIGHT)], "2026-12", UTC_MEASURE)
    again = counted(status, [trained_for(5, MIDNIGHT)], "2026-12", UTC_MEASURE)
    assert again.gpu_seconds == 5 * 3600


def test_a_month_with_nothing_new_in_it_writes_nothing() -> None:
    before = RetrainingStatus(month="2026-11", gpu_seconds=7)
    assert counted(before, [], "2026-12", UTC_MEASURE) == before


DEFAULT = Platform(
    "pharos", "file:///a", "j", "s", job_defaults=(("train", {"limits": {"nvidia.com/gpu": "2"}}),)
)
HELD = {
    "one pod's limit": ({}, PLATFORM, StepName.TRAIN, 1),
    "all pods of a training together": ({"trainer": {"nodes": 2}} | {"resources": FOUR}, PLATFORM, StepName.TRAIN, 8),  # noqa: E501
    "all pods of a search": (
        {
            "search": {"trials": 4, "timeout": "1h", "parallelism": 3},
            "resources": {"search": {"limits": {"nvidia.com/gpu": "1"}}},
        },
        PLATFORM,
        StepName.SEARCH,
        3,
    ),
    "the installation's, where the run says nothing": ({"resources": {}}, DEFAULT, StepName.TRAIN, 2),  # noqa: E501
    "none where nobody says": ({"resources": {}}, PLATFORM, StepName.TRAIN, 0),
    "none of what is no number": (
        {"resources": {"train": {"limits": {"nvidia.com/gpu": "many"}}}},
        PLATFORM,
        StepName.TRAIN,
        0,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HELD)
def test_gpus_of_a_step(name: str) -> None:
    spec, platform, step, gpus = HELD[name]
    assert gpus_of(step, trained_for(1, MIDNIGHT, **spec).spec, platform) == gpus


def test_use_is_gpus_times_seconds_of_what_has_ended() -> None:
    run = trained_for(1.5, MIDNIGHT, resources=FOUR)
    assert used_s(run, PLATFORM) == 4 * 5400
    running = StepStatus(name=StepName.TRAIN, started_at=MIDNIGHT)
    still = run.model_copy(update={"status": run.status.model_copy(update={"steps": [running]})})
    assert used_s(still, PLATFORM) == 0


@pytest.mark.parametrize(
    ("allowed", "used_h", "fits"),
    [("8", 0, True), ("8", 4, True), ("8", 4.1, False), ("3.9", 0, False), (None, 99, True)],
)
def test_a_run_fits_as_long_as_its_worst_case_does(
    allowed: str | None, used_h: float, fits: bool
) -> None:
    rule = policy(**({} if allowed is None else {"maxGpuHoursPerMonth": allowed}))
    spec = trained_for(1, MIDNIGHT).spec
    assert (over_budget(rule, int(used_h * 3600), spec, PLATFORM) == "") is fits
