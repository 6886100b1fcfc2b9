"""Both arms of an experiment, summed up in the database, beside the same sums in plain Python."""

import random
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid5

import pytest
from sqlalchemy import Engine
from store_builders import EXPERIMENT, NOW, SPACE, make_prediction

from pharos_api.assignment import Arm, assign, bucket
from pharos_api.metrics import Slice
from pharos_store.confusion import ClassTotals
from pharos_store.labels import GroupTotals, LabelQuestion, LabelTotals, label_totals
from pharos_store.log_writing import write_log
from pharos_store.rows import DropRow, LabelRow, LogBatch, PredictionRow

MATURE = NOW - timedelta(hours=1)
QUESTION = LabelQuestion(EXPERIMENT, NOW, exposure=2500)
IN_CANDIDATE, IN_CONTROL = 0, 5000


def make_row(request: str, arm: str, user: int, **change: object) -> PredictionRow:
    line = {"candidate": IN_CANDIDATE, "control": IN_CONTROL}
    values = {"user_id": UUID(int=user), "created_at": MATURE, "bucket": line.get(arm)}
    return make_prediction(request, arm, **(values | change))


def look(
    engine: Engine, rows: list[PredictionRow], labels: list[LabelRow] | None = None
) -> LabelTotals:
    write_log(engine, LogBatch(rows, labels or []))
    return label_totals(engine, QUESTION)


def test_an_empty_log_says_nothing(projected: Engine) -> None:
    assert look(projected, []) == LabelTotals({}, (), 0, 0)


def test_an_arm_has_its_users_and_rows_and_what_is_mature_and_labelled(projected: Engine) -> None:
    rows = [
        make_row("mature", "control", 1),
        make_row("labelled", "control", 1),
        make_row("young", "control", 2, created_at=NOW),
        make_row("young-labelled", "control", 2, created_at=NOW),
        make_row("other", "candidate", 3),
    ]
    reports = [LabelRow(name, "cs.AI", NOW) for name in ("labelled", "young-labelled")]
    found = look(projected, rows, reports).arms["control"]
    assert (found.users, found.rows, found.mature, found.labelled) == (2, 4, 2, 1)


NOT_COUNTED = {
    "a user outside of the arms": {"arm": "outside"},
    "a tester's pin": {"arm": "pinned"},
    "a shadow's copy": {"arm": "shadow"},
    "nobody in particular": {"user_id": None},
    "another experiment": {"experiment_id": None},
}


@pytest.mark.parametrize("change", NOT_COUNTED.values(), ids=NOT_COUNTED)
def test_is_not_counted(projected: Engine, change: dict[str, object]) -> None:
    row = replace(make_row("r1", "control", 1), **change)
    found = look(projected, [row], [LabelRow("r1", "cs.AI", NOW, True)])
    assert found == LabelTotals({}, (), 0, 0)


def test_rows_that_were_lost_are_counted_by_arm(projected: Engine) -> None:
    lost = [
        DropRow(UUID(int=n), EXPERIMENT if n < 3 else None, arm, "queue-full", n, NOW)
        for n, arm in enumerate(["control", "candidate", "candidate", "candidate"])
    ]
    write_log(projected, LogBatch([make_row("r1", "control", 1)], [], lost))
    arms = label_totals(projected, QUESTION).arms
    assert {arm: (found.rows, found.dropped) for arm, found in arms.items()} == {
        "control": (1, 0),
        "candidate": (0, 3),
    }


def test_a_user_in_both_arms_is_multiple_exposure(projected: Engine) -> None:
    rows = [
        make_row("r1", "control", 1),
        make_row("r2", "candidate", 1),
        make_row("r3", "candidate", 2),
    ]
    found = look(projected, rows)
    assert (found.multiple, found.arms["control"].users, found.arms["candidate"].users) == (1, 1, 2)


# At 2,500 buckets an arm: candidate [0, 2500), control [5000, 7500).
BUCKETS = {
    "the candidate's first": ("candidate", 0, 0),
    "the candidate's last": ("candidate", 2499, 0),
    "beyond the candidate's": ("candidate", 2500, 1),
    "a control's on the candidate": ("candidate", 5000, 1),
    "the control's first": ("control", 5000, 0),
    "the control's last": ("control", 7499, 0),
    "before the control's": ("control", 4999, 1),
    "beyond the control's": ("control", 7500, 1),
    "none, from an older server": ("control", None, 0),
}


@pytest.mark.requirement("ABT-10")
@pytest.mark.parametrize(("arm", "place", "count"), BUCKETS.values(), ids=BUCKETS)
def test_a_row_whose_bucket_is_not_its_arms_contradicts_the_split(
    projected: Engine, arm: str, place: int | None, count: int
) -> None:
    assert look(projected, [make_row("r1", arm, 1, bucket=place)]).contradictions == count


def test_a_failed_answer_is_neither_right_nor_wrong(projected: Engine) -> None:
    failed = make_row("r1", "control", 1, predictions={}, error="Internal")
    found = look(projected, [failed], [LabelRow("r1", "cs.AI", NOW)])
    assert (found.arms["control"].labelled, found.groups) == (1, ())


@pytest.mark.requirement("ABT-12", "ABT-13")
def test_sums_are_those_of_plain_python(projected: Engine) -> None:
    """300 users of whom the busy ones are also the more often right: clusters matter."""
    rows, labels = simulated(random.Random(7), users=300)
    found = look(projected, rows, labels)
    assert set(found.groups) == set(in_python(rows, labels))
    assert list(found.classes) == classes_in_python(rows, labels)
    assert found.contradictions == found.multiple == 0
    assert set(found.arms) == {"control", "candidate"}


GROUPS = {
    "none": ((), {""}),
    "labels": ((Slice.LABEL,), {"", "label=cs.AI"}),
    "segments": ((Slice.SEGMENT,), {"", "segment=mobile"}),
}


@pytest.mark.parametrize(("slices", "groups"), GROUPS.values(), ids=GROUPS)
def test_slices_are_those_asked_for(
    projected: Engine, slices: tuple[Slice, ...], groups: set[str]
) -> None:
    row = make_row("r1", "control", 1, segment="mobile")
    write_log(projected, LogBatch([row], [LabelRow("r1", "cs.AI", NOW)]))
    found = label_totals(projected, replace(QUESTION, slices=slices))
    assert {one.group for one in found.groups} == groups


def simulated(draw: random.Random, users: int) -> tuple[list[PredictionRow], list[LabelRow]]:
    rows, labels = [], []
    for number in range(users):
        user, eager = f"user-{number}", draw.random()
        arm = assign("salt", user, 2500)
        for visit in range(1 + int(eager * 8)):
            request = f"{user}/{visit}"
            truth, right = draw.choice(["cs.AI", "cs.CL"]), draw.random() < 0.4 + eager / 2
            rows.append(
                make_prediction(
                    request,
                    arm.value,
                    truth if right else "cs.CV",
                    user_id=uuid5(SPACE, user),
                    bucket=bucket("salt", user),
                    segment=draw.choice(["mobile", "desktop", None]),
                    created_at=MATURE if draw.random() < 0.9 else NOW,
                    error="Internal" if draw.random() < 0.05 else None,
                )
            )
            said, liked = draw.random() < 0.6, draw.choice([True, False, None])
            if said or liked is not None:
                labels.append(LabelRow(request, truth if said else None, NOW, liked))
    return rows, labels


def in_python(rows: list[PredictionRow], labels: list[LabelRow]) -> list[GroupTotals]:
    reports = {report.request_id: report for report in labels}
    values: dict[tuple[str, str, str], dict[UUID | None, list[float]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for row in rows:
        report = reports.get(row.request_id)
        if report is None or row.created_at >= NOW or row.arm == Arm.OUTSIDE:
            continue
        groups = ["", f"segment={row.segment}" if row.segment else None]
        groups.append(f"label={report.label}" if report.label else None)
        for group in filter(lambda one: one is not None, groups):
            if report.label and not row.error:
                right = max(row.predictions, key=row.predictions.__getitem__) == report.label
                values["accuracy", row.arm, str(group)][row.user_id].append(float(right))
            if report.satisfaction is not None:
                liked = float(report.satisfaction)
                values["satisfaction", row.arm, str(group)][row.user_id].append(liked)
    return [
        GroupTotals(*place, len(users), *sums([(len(v), sum(v)) for v in users.values()]))
        for place, users in values.items()
    ]


def classes_in_python(rows: list[PredictionRow], labels: list[LabelRow]) -> list[ClassTotals]:
    """Each mature answer counts for its label and for itself."""
    reports = {report.request_id: report.label for report in labels}
    counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in rows:
        label = reports.get(row.request_id)
        if not label or row.created_at >= NOW or row.error or row.arm == Arm.OUTSIDE:
            continue
        answer = max(row.predictions, key=row.predictions.__getitem__)
        counts[row.arm, label][0] += 1
        counts[row.arm, answer][1] += 1
        counts[row.arm, label][2] += answer == label
    return [ClassTotals(*place, *found) for place, found in sorted(counts.items())]


def sums(pairs: list[tuple[float, float]]) -> list[float]:
    terms = [(n, s, n * n, n * s, s * s) for n, s in pairs]
    return [float(sum(column)) for column in zip(*terms, strict=True)]
