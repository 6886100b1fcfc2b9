"""Rows reach the database once, however often it is away."""

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from pharos_api.model import StoreText
from pharos_serving.context import RequestContext
from pharos_serving.entries import PredictionEntry, Privacy
from pharos_serving.errors import BatchRefused, StoreAway
from pharos_serving.prediction_log import SpoolingLog
from pharos_serving.spool import Spool
from pharos_store.rows import LabelRow, LogBatch

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def make_entry(number: int) -> PredictionEntry:
    context = RequestContext(f"r{number}")
    return PredictionEntry(UUID(int=number), f"r{number}", context, "text", {"a": 1.0}, 1.0, NOW)


@dataclass(slots=True)
class FakeSink:
    """A database that fails as scripted, then takes everything."""

    failures: list[Exception] = field(default_factory=list)
    ids: list[UUID] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    asked: threading.Event = field(default_factory=threading.Event)

    def write(self, batch: LogBatch, *, accept_orphans_before: datetime) -> LogBatch:
        self.asked.set()
        if self.failures:
            raise self.failures.pop(0)
        self.ids += [row.id for row in batch.predictions]
        self.labels += [row.label for row in batch.labels]
        return LogBatch()


@dataclass(slots=True)
class Drops:
    counted: dict[str, int] = field(default_factory=dict)

    def __call__(self, reason: str, rows: int) -> None:
        self.counted[reason] = self.counted.get(reason, 0) + rows


def make_log(
    folder: Path, sink: FakeSink, drops: Drops, *, queue_limit: int = 1000, limit: int = 1 << 20
) -> SpoolingLog:
    privacy = Privacy(StoreText.FULL, "key", None)
    spool = Spool(folder, limit)
    return SpoolingLog(spool, sink, privacy, queue_limit=queue_limit, on_drop=drops)


def test_rows_and_labels_arrive(tmp_path: Path) -> None:
    sink, drops = FakeSink(), Drops()
    log = make_log(tmp_path, sink, drops)
    log.start()
    for number in range(900):
        log.offer(make_entry(number))
    log.offer(LabelRow("r1", "a", NOW))
    assert log.stop(10) == 0
    assert sorted(sink.ids) == [UUID(int=n) for n in range(900)]
    assert (sink.labels, drops.counted) == (["a"], {})


def test_rows_stay_on_disk_while_the_database_is_away_and_go_out_later(tmp_path: Path) -> None:
    sink, drops = FakeSink([StoreAway("gone")] * 50), Drops()
    log = make_log(tmp_path, sink, drops)
    log.start()
    for number in range(10):
        log.offer(make_entry(number))
    assert log.stop(10) == 10
    assert sink.ids == []

    back = FakeSink()
    successor = make_log(tmp_path, back, drops)
    assert successor.pending_rows == 10
    successor.start()
    assert successor.stop(10) == 0
    assert sorted(back.ids) == [UUID(int=n) for n in range(10)]
    assert drops.counted == {}


def test_a_full_queue_drops_and_counts(tmp_path: Path) -> None:
    drops = Drops()
    log = make_log(tmp_path, FakeSink(), drops, queue_limit=2)
    for number in range(5):
        log.offer(make_entry(number))
    assert drops.counted == {"queue-full": 3}


def test_a_full_spool_drops_and_counts(tmp_path: Path) -> None:
    sink, drops = FakeSink(), Drops()
    log = make_log(tmp_path, sink, drops, limit=100)
    log.offer(make_entry(1))
    log.start()
    log.stop(10)
    assert (drops.counted, sink.ids) == ({"spool-full": 1}, [])


def test_a_segment_that_cannot_be_read_or_stored_is_set_aside_and_counted(tmp_path: Path) -> None:
    (tmp_path / "000000000001-3.json").write_text("{")
    sink, drops = FakeSink([BatchRefused("DataError")]), Drops()
    log = make_log(tmp_path, sink, drops)
    log.offer(make_entry(1))
    log.start()
    assert log.stop(10) == 0
    assert drops.counted == {"segment-unreadable": 1, "rows-refused": 1}
    assert {f.suffix for f in tmp_path.iterdir()} == {".refused"}


def test_what_has_to_wait_stays_and_keeps_its_size_right(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 1 << 20)
    rows = [Privacy(StoreText.FULL, "", None).row(make_entry(n)) for n in range(3)]
    spool.append(LogBatch(rows))
    (segment,) = spool.segments()
    spool.replace(segment, LogBatch(rows[:1]))
    assert (spool.rows, spool.read(segment)) == (1, LogBatch(rows[:1]))
    spool.replace(segment, LogBatch())
    assert (spool.rows, spool.segments()) == (0, [])
