"""Rows reach the database once, however often it is away."""

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from uuid import UUID

import pytest

from pharos_api.assignment import Arm
from pharos_api.model import StoreText
from pharos_serving.context import RequestContext
from pharos_serving.drops import DropReason, Drops
from pharos_serving.entries import PredictionEntry, Privacy
from pharos_serving.errors import BatchRefused, StoreAway
from pharos_serving.prediction_log import SpoolingLog
from pharos_serving.shipping import Shipper
from pharos_serving.spool import Spool
from pharos_store.rows import DropRow, LabelRow, LogBatch

NOW = datetime(2026, 11, 23, tzinfo=UTC)
EXPERIMENT = UUID(int=2)


def make_entry(number: int) -> PredictionEntry:
    context = RequestContext(f"r{number}", Arm.CONTROL, experiment_id=EXPERIMENT)
    return PredictionEntry(f"r{number}", context, "text", {"a": 1.0}, 1.0, NOW)


@dataclass(slots=True)
class FakeSink:
    """A database that fails as scripted, refuses some requests for ever, and takes the rest."""

    failures: list[Exception] = field(default_factory=list)
    never: set[str] = field(default_factory=set)
    requests: list[str] = field(default_factory=list)
    labels: list[str | None] = field(default_factory=list)
    drops: dict[UUID, DropRow] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)

    def last_erasure(self) -> datetime | None:
        return NOW if self.forgotten else None

    def without_erased(self, batch: LogBatch) -> LogBatch:
        rows = [row for row in batch.predictions if row.request_id not in self.forgotten]
        return replace(batch, predictions=rows)

    def write(self, batch: LogBatch, *, accept_orphans_before: datetime) -> LogBatch:
        if self.failures:
            raise self.failures.pop(0)
        if self.never & {row.request_id for row in batch.predictions}:
            raise BatchRefused("DataError")
        self.requests += [row.request_id for row in batch.predictions]
        self.labels += [row.label for row in batch.labels]
        self.drops |= {row.id: row for row in batch.drops}
        return LogBatch()

    @property
    def dropped(self) -> dict[tuple[UUID | None, str, str], int]:
        """What the database was told of drops."""
        told: dict[tuple[UUID | None, str, str], int] = {}
        for row in self.drops.values():
            place = (row.experiment_id, row.arm, row.reason)
            told[place] = told.get(place, 0) + row.rows
        return told


@dataclass(slots=True)
class Counted:
    """What the metric was told of drops."""

    reasons: dict[str, int] = field(default_factory=dict)

    def __call__(self, reason: str, arm: str, rows: int) -> None:
        self.reasons[reason] = self.reasons.get(reason, 0) + rows


def make_log(
    folder: Path, sink: FakeSink, counted: Counted, *, queue_limit: int = 1000, limit: int = 1 << 20
) -> SpoolingLog:
    privacy = Privacy(StoreText.FULL, "key", None)
    return SpoolingLog(Spool(folder, limit), sink, privacy, Drops(counted), queue_limit=queue_limit)


def test_rows_and_labels_arrive(tmp_path: Path) -> None:
    sink, counted = FakeSink(), Counted()
    log = make_log(tmp_path, sink, counted)
    log.start()
    for number in range(900):
        assert log.offer(make_entry(number))
    assert log.offer(LabelRow("r1", "a", NOW))
    assert log.stop(10) == 0
    assert sorted(sink.requests) == sorted(f"r{n}" for n in range(900))
    assert (sink.labels, counted.reasons, sink.dropped) == (["a"], {}, {})


def test_rows_stay_on_disk_while_the_database_is_away_and_go_out_later(tmp_path: Path) -> None:
    sink, counted = FakeSink([StoreAway("gone")] * 50), Counted()
    log = make_log(tmp_path, sink, counted)
    log.start()
    for number in range(10):
        log.offer(make_entry(number))
    assert log.stop(2) == 10
    assert sink.requests == []

    back = FakeSink()
    successor = make_log(tmp_path, back, counted)
    assert successor.pending_rows == 10
    successor.start()
    assert successor.stop(10) == 0
    assert sorted(back.requests) == [f"r{n}" for n in range(10)]
    assert counted.reasons == {}


def test_at_the_end_a_database_that_comes_back_in_time_is_waited_for(tmp_path: Path) -> None:
    sink, counted = FakeSink([StoreAway("failing over")] * 4), Counted()
    log = make_log(tmp_path, sink, counted)
    log.start()
    for number in range(10):
        log.offer(make_entry(number))
    assert log.stop(20) == 0
    assert sorted(sink.requests) == [f"r{n}" for n in range(10)]
    assert not sink.failures


def test_a_full_queue_drops_and_the_database_learns_of_it_by_arm(tmp_path: Path) -> None:
    sink, counted = FakeSink(), Counted()
    log = make_log(tmp_path, sink, counted, queue_limit=2)
    assert [log.offer(make_entry(n)) for n in range(5)] == [True, True, False, False, False]
    assert counted.reasons == {"queue-full": 3}
    log.start()
    assert log.stop(10) == 0
    assert sink.dropped == {(EXPERIMENT, "control", "queue-full"): 3}


def test_drops_are_told_by_the_next_process_if_the_database_is_away(tmp_path: Path) -> None:
    log = make_log(tmp_path, FakeSink([StoreAway("gone")] * 50), Counted(), queue_limit=1)
    for number in range(3):
        log.offer(make_entry(number))
    log.start()
    assert log.stop(2) == 2

    back = FakeSink()
    successor = make_log(tmp_path, back, Counted())
    successor.start()
    assert successor.stop(10) == 0
    assert back.requests == ["r0"]
    assert back.dropped == {(EXPERIMENT, "control", "queue-full"): 2}


def test_an_answer_that_was_lost_doubles_no_drops(tmp_path: Path) -> None:
    sink = FakeSink()
    drops = Drops(Counted())
    drops.add(EXPERIMENT, "control", DropReason.QUEUE_FULL, 4)
    for _ in range(2):
        sink.write(LogBatch(drops=drops.unsent()), accept_orphans_before=NOW)
    assert sink.dropped == {(EXPERIMENT, "control", "queue-full"): 4}
    drops.sent(drops.unsent())
    assert drops.unsent() == []


def test_a_full_spool_drops_and_counts_but_keeps_feedback(tmp_path: Path) -> None:
    sink, counted = FakeSink(), Counted()
    log = make_log(tmp_path, sink, counted, limit=300)
    log.offer(make_entry(1))
    log.offer(LabelRow("r1", "a", NOW))
    log.start()
    log.stop(10)
    assert (counted.reasons, sink.requests, sink.labels) == ({"spool-full": 1}, [], ["a"])
    assert sink.dropped == {(EXPERIMENT, "control", "spool-full"): 1}


def test_feedback_is_sent_back_while_the_spool_is_full(tmp_path: Path) -> None:
    log = make_log(tmp_path, FakeSink(), Counted(), limit=0)
    assert not log.offer(LabelRow("r1", "a", NOW))


def test_a_segment_that_cannot_be_read_is_set_aside_and_counted(tmp_path: Path) -> None:
    (tmp_path / "000000000001-3.json").write_text("{")
    sink, counted = FakeSink(), Counted()
    log = make_log(tmp_path, sink, counted)
    log.start()
    assert log.stop(10) == 0
    assert counted.reasons == {"segment-unreadable": 3}
    assert {f.suffix for f in tmp_path.iterdir()} == {".refused"}


def test_a_row_that_the_database_never_takes_costs_no_other_row(tmp_path: Path) -> None:
    sink, counted = FakeSink(never={"r7", "r8", "r31"}), Counted()
    log = make_log(tmp_path, sink, counted)
    for number in range(40):
        log.offer(make_entry(number))
    log.start()
    assert log.stop(10) == 0
    assert set(sink.requests) == {f"r{n}" for n in range(40)} - sink.never
    assert counted.reasons == {"rows-refused": 3}
    assert len(list(tmp_path.glob("*.refused"))) == 3


@pytest.mark.requirement("SEC-14")
def test_a_forgotten_user_is_taken_out_of_what_was_set_aside(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 1 << 20)
    rows = [Privacy(StoreText.FULL, "key", None).row(make_entry(n)) for n in (1, 2)]
    spool.set_aside(LogBatch(predictions=rows))
    spool.set_aside(LogBatch(predictions=rows[:1]))
    (tmp_path / "000000000009-1.refused").write_text("{")
    log = make_log(tmp_path, FakeSink(forgotten={"r1"}), Counted())
    log.start()
    assert log.stop(10) == 0
    (left,) = tmp_path.glob("*.refused")
    assert '"r2"' in left.read_text()
    assert '"r1"' not in left.read_text()


@pytest.mark.requirement("SEC-14")
def test_each_erasure_is_told_once_to_whoever_else_remembers_texts(tmp_path: Path) -> None:
    told: list[str] = []
    sink = FakeSink([StoreAway("gone")], forgotten={"r1"})
    log = make_log(tmp_path, sink, Counted())
    for number in range(3):
        log.offer(make_entry(number))
    log.start(lambda: told.append("an erasure"))
    assert log.stop(10) == 0
    assert told == ["an erasure"]


@pytest.mark.requirement("SEC-14")
def test_what_a_killed_process_had_half_written_does_not_stay(tmp_path: Path) -> None:
    (tmp_path / "000000000004-1.draft").write_text('{"predictions": [{"input_text": "ada wro')
    Spool(tmp_path, 1 << 20)
    assert list(tmp_path.iterdir()) == []


@dataclass(slots=True)
class HeldSink:
    """Refuses every prediction, and keeps its first caller waiting until it is let go."""

    entered: Event = field(default_factory=Event)
    let_go: Event = field(default_factory=Event)
    drops: list[DropRow] = field(default_factory=list)

    def last_erasure(self) -> datetime | None:
        return None

    def without_erased(self, batch: LogBatch) -> LogBatch:
        return batch

    def write(self, batch: LogBatch, *, accept_orphans_before: datetime) -> LogBatch:
        self.entered.set()
        assert self.let_go.wait(10)
        if batch.predictions:
            raise BatchRefused("DataError")
        self.drops += batch.drops
        return LogBatch()


def test_what_the_last_round_gives_up_is_told_in_that_round(tmp_path: Path) -> None:
    spool, sink, drops = Spool(tmp_path, 1 << 20), HeldSink(), Drops(Counted())
    refused = LogBatch(predictions=[Privacy(StoreText.FULL, "key", None).row(make_entry(1))])
    spool.append(refused)
    shipper = Shipper(spool, sink, drops)
    shipper.start()
    assert sink.entered.wait(10)
    spool.append(refused)
    shipper.stop(0)
    sink.let_go.set()
    shipper.stop(10)
    assert (sum(row.rows for row in sink.drops), drops.unsent()) == (2, [])


def test_a_segment_of_an_older_release_is_read(tmp_path: Path) -> None:
    label = {"request_id": "r1", "label": "a", "created_at": NOW.isoformat()}
    old = {"predictions": [], "labels": [label]}
    (tmp_path / "000000000001-1.json").write_text(json.dumps(old))
    spool = Spool(tmp_path, 1 << 20)
    (segment,) = spool.segments()
    assert spool.read(segment) == LogBatch(labels=[LabelRow("r1", "a", NOW)])


def test_what_has_to_wait_stays_and_keeps_its_size_right(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 1 << 20)
    rows = [Privacy(StoreText.FULL, "", None).row(make_entry(n)) for n in range(3)]
    spool.append(LogBatch(rows))
    (segment,) = spool.segments()
    spool.replace(segment, LogBatch(rows[:1]))
    assert (spool.rows, spool.read(segment)) == (1, LogBatch(rows[:1]))
    spool.replace(segment, LogBatch())
    assert (spool.rows, spool.segments()) == (0, [])
