"""Daily partitions of the prediction log, on PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from alembic import command
from sqlalchemy import Engine, create_engine, text
from store_builders import NOW, make_prediction, project, stored

from pharos_store.connecting import open_engine
from pharos_store.log_writing import write_log
from pharos_store.partitions import DAYS_AHEAD, ensure_days, partition_name
from pharos_store.retention import purge_before
from pharos_store.rows import LogBatch
from pharos_store.upgrading import _config, upgrade

BACK_THEN = NOW - timedelta(days=400)


@pytest.fixture
def server(postgres_url: str) -> Engine:
    """PostgreSQL alone, with an empty schema of this release."""
    engine = open_engine(postgres_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    upgrade(postgres_url)
    project(engine)
    return engine


def days(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return set(
            connection.scalars(
                text("SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r'")
            )
        )


def today(engine: Engine) -> date:
    with engine.connect() as connection:
        found: date = connection.scalar(text("SELECT (now() AT TIME ZONE 'UTC')::date"))
    return found


def test_the_upgrade_makes_the_days_to_come(server: Engine) -> None:
    ahead = [today(server) + timedelta(days=n) for n in range(DAYS_AHEAD + 1)]
    assert days(server) == {partition_name(day) for day in ahead}


def test_a_row_of_a_day_that_nobody_made_makes_it_and_the_next(server: Engine) -> None:
    write_log(server, LogBatch([make_prediction("r1", created_at=BACK_THEN)]))
    wanted = {partition_name(BACK_THEN.date() + timedelta(days=n)) for n in range(2)}
    assert wanted <= days(server)
    assert [row["created_at"] for row in stored(server)] == [BACK_THEN]


def test_a_row_lies_in_its_own_day_at_both_ends_of_it(server: Engine) -> None:
    midnight = BACK_THEN.replace(hour=0)
    ends = [midnight, midnight + timedelta(days=1) - timedelta(microseconds=1)]
    rows = [make_prediction(f"r{n}", created_at=at) for n, at in enumerate(ends)]
    write_log(server, LogBatch(rows))
    name = partition_name(midnight.date())
    with server.connect() as connection:
        assert connection.scalar(text(f"SELECT count(*) FROM {name}")) == 2


def test_writers_that_need_the_same_new_day_make_it_once(server: Engine) -> None:
    def write(number: int) -> LogBatch:
        return write_log(server, LogBatch([make_prediction(f"r{number}", created_at=BACK_THEN)]))

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(write, range(8))) == [LogBatch()] * 8
    assert len(stored(server)) == 8


def test_a_new_day_waits_for_no_reader(server: Engine) -> None:
    with server.begin() as reader:
        reader.execute(text("SELECT count(*) FROM prediction_logs"))
        with server.begin() as writer:
            writer.execute(text("SET LOCAL statement_timeout = '2s'"))
            ensure_days(writer, [BACK_THEN.date()])
    assert partition_name(BACK_THEN.date()) in days(server)


def test_a_purge_drops_whole_days(server: Engine) -> None:
    old = [make_prediction(f"r{n}", created_at=BACK_THEN) for n in range(3)]
    write_log(server, LogBatch([*old, make_prediction("new")]))
    assert purge_before(server, NOW - timedelta(days=30)) == 3
    assert partition_name(BACK_THEN.date()) not in days(server)
    assert [row["request_id"] for row in stored(server)] == ["new"]


def test_a_day_that_is_asked_for_alone_is_read_alone(server: Engine) -> None:
    write_log(
        server, LogBatch([make_prediction("r1"), make_prediction("r2", created_at=BACK_THEN)])
    )
    with server.connect() as connection:
        plan = connection.scalars(
            text("EXPLAIN SELECT * FROM prediction_logs WHERE created_at >= :moment"),
            {"moment": NOW},
        )
        words = " ".join(plan)
    assert partition_name(BACK_THEN.date()) not in words
    assert partition_name(NOW.date()) in words


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_rows_and_labels_of_the_first_schema_are_kept(
    kind: str, request: pytest.FixtureRequest
) -> None:
    if kind == "sqlite":
        url = f"sqlite:///{request.getfixturevalue('tmp_path')}/old.db"
    else:
        url = str(request.getfixturevalue("postgres_url"))
    old = create_engine(open_engine(url).url)
    with old.begin() as connection:
        if kind == "postgresql":
            connection.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        command.upgrade(_config(connection), "0001")
        for number in range(3):
            connection.execute(text(OLD_ROW), {"request": f"r{number}", "id": f"{number:032x}"})
        connection.execute(text(OLD_LABEL))
    upgrade(url)
    rows = stored(old)
    assert [(row["request_id"], row["label"]) for row in rows] == [
        ("r0", "a"), ("r1", "a"), ("r2", "a"),
    ]  # fmt: skip
    assert {row["bucket"] for row in rows} == {None}
    with old.begin() as connection:
        assert connection.execute(
            text("SELECT label, label_at = created_at FROM feedback")
        ).all() == [("a", True)]
    upgrade(url)
    assert stored(old) == rows
    old.dispose()


OLD_ROW = """
    INSERT INTO prediction_logs (id, input_text, predictions, latency_ms, created_at, request_id,
        arm, predicted, label, label_at, text_hash, text_length)
    VALUES (:id, 'text', '{}', 1.5, '2026-11-22 10:00:00', :request,
        'control', 'a', 'a', '2026-11-22 11:00:00', '', 4)
"""
OLD_LABEL = """
    INSERT INTO feedback (request_id, label, created_at) VALUES ('r0', 'a', '2026-11-22 11:00:00')
"""
