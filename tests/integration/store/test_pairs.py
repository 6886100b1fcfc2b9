"""Requests that two versions answered."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from store_builders import CANDIDATE, EXPERIMENT, NOW, make_prediction

from pharos_store.log_writing import write_log
from pharos_store.pairs import BOUNDS_MS, PairQuestion, PairTotals, pair_totals
from pharos_store.rows import LabelRow, LogBatch, PredictionRow

QUESTION = PairQuestion(EXPERIMENT, NOW - timedelta(hours=1), NOW + timedelta(hours=1))
FAILED: dict[str, Any] = {"predictions": {}, "error": "Internal"}


def make_pair(
    request: str,
    own: str = "cs.AI",
    copy: str = "cs.AI",
    own_more: dict[str, Any] | None = None,
    copy_more: dict[str, Any] | None = None,
) -> list[PredictionRow]:
    shadow = {"model_version_id": CANDIDATE} | (copy_more or {})
    return [
        make_prediction(request, "outside", own, **(own_more or {})),
        make_prediction(request, "shadow", copy, **shadow),
    ]


def look(engine: Engine, rows: list[PredictionRow], *labels: LabelRow) -> PairTotals:
    write_log(engine, LogBatch(rows, list(labels)))
    return pair_totals(engine, QUESTION)


TRUTH = LabelRow("r1", "cs.AI", NOW)
# Rows, the label if any, and: pairs, agreed, labelled, only_control, only_candidate, errors.
PAIRS: dict[str, tuple[list[PredictionRow], list[LabelRow], tuple[int, ...]]] = {
    "two equal answers": (make_pair("r1"), [], (1, 1, 0, 0, 0, 0)),
    "two answers that differ": (make_pair("r1", "cs.AI", "cs.CL"), [], (1, 0, 0, 0, 0, 0)),
    "both right": (make_pair("r1"), [TRUTH], (1, 1, 1, 0, 0, 0)),
    "both wrong": (make_pair("r1", "cs.CL", "cs.CL"), [TRUTH], (1, 1, 1, 0, 0, 0)),
    "control alone right": (make_pair("r1", "cs.AI", "cs.CL"), [TRUTH], (1, 0, 1, 1, 0, 0)),
    "the shadow alone right": (make_pair("r1", "cs.CL", "cs.AI"), [TRUTH], (1, 0, 1, 0, 1, 0)),
    "a shadow that failed": (make_pair("r1", copy_more=FAILED), [TRUTH], (1, 0, 0, 0, 0, 1)),
    "control failed, which says nothing": (make_pair("r1", own_more=FAILED), [], (0,) * 6),
    "a copy whose own answer is not there": (make_pair("r1")[1:], [], (0,) * 6),
    "a request that was not copied": (make_pair("r1")[:1], [], (0,) * 6),
    "a copy of another experiment": (
        make_pair("r1", copy_more={"experiment_id": None}), [], (0,) * 6,
    ),
    "the shadow's version also serving users": (
        make_pair("r1", own_more={"model_version_id": CANDIDATE}), [], (0,) * 6,
    ),
    "a copy from before": (
        make_pair("r1", copy_more={"created_at": NOW - timedelta(hours=2)}), [], (0,) * 6,
    ),
    "clocks that differ": (
        make_pair("r1", own_more={"created_at": NOW + timedelta(seconds=20)}), [],
        (1, 1, 0, 0, 0, 0),
    ),
}  # fmt: skip


@pytest.mark.requirement("ABT-13")
@pytest.mark.parametrize(("rows", "labels", "expected"), PAIRS.values(), ids=PAIRS)
def test_a_pair_is(
    projected: Engine,
    rows: list[PredictionRow],
    labels: list[LabelRow],
    expected: tuple[int, ...],
) -> None:
    found = look(projected, rows, *labels)
    assert (
        found.pairs,
        found.agreed,
        found.labelled,
        found.only_control,
        found.only_candidate,
        found.errors,
    ) == expected


@pytest.mark.requirement("ABT-13")
def test_latencies_are_cumulative_counts_of_each_side(projected: Engine) -> None:
    own, copy = [4.0, 5.0, 60.0], [5.1, 70.0, 20_000.0]
    rows = [
        row
        for number, (mine, theirs) in enumerate(zip(own, copy, strict=True))
        for row in make_pair(
            f"r{number}", own_more={"latency_ms": mine}, copy_more={"latency_ms": theirs}
        )
    ]
    found = look(projected, rows)
    bounds = (*BOUNDS_MS, float("inf"))
    assert found.control_latency == tuple(sum(ms <= bound for ms in own) for bound in bounds)
    assert found.candidate_latency == tuple(sum(ms <= bound for ms in copy) for bound in bounds)
    assert found.control_latency[0] == 2
    assert found.candidate_latency[-2:] == (2, 3)
