"""Daily partitions, made on demand and ahead."""

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from db.engine import Database
from db.events import insert_events, query_events
from db.faults import Fault, classify, lacks_partition
from db.partitions import (
    attached_partitions,
    ensure_partitions,
    ensure_partitions_ahead,
    forget_partitions,
    partition_name,
)

DAY = date(2026, 1, 31)
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def partitions(database: Database) -> set[str]:
    with database.reading() as connection:
        return attached_partitions(connection)


def execute(database: Database, statement: str, **values: object) -> None:
    with database.begin() as connection:
        connection.execute(text(statement), values)


def test_a_day_gets_one_partition_however_often_it_is_asked_for(database: Database) -> None:
    assert ensure_partitions(database, [DAY, DAY]) == 1
    forget_partitions(database)
    assert ensure_partitions(database, [DAY]) == 0
    assert partitions(database) == {"telemetry_events_20260131"}


def test_a_partition_is_the_utc_day_whatever_zone_the_session_is_in(database: Database) -> None:
    execute(database, f"ALTER DATABASE {database.url.database} SET timezone = 'Pacific/Auckland'")
    database.dispose()
    ensure_partitions(database, [DAY])
    edges = [datetime(2026, 1, 31, tzinfo=UTC), datetime(2026, 1, 31, 23, 59, 59, 999999, tzinfo=UTC)]
    insert_events([("a.b", {}, {}, edge) for edge in edges])
    with database.reading() as connection:
        assert connection.execute(text(f"SELECT count(*) FROM {partition_name(DAY)}")).scalar() == 2
    assert [event["occurred_at"] for event in query_events("a.b", edges[0], edges[1] + timedelta(seconds=1))] == edges
    assert query_events("a.b", edges[0], edges[1])[0]["occurred_at"].utcoffset() == timedelta(0)


def test_today_and_the_next_two_days_are_made_ahead(database: Database) -> None:
    assert ensure_partitions_ahead(database, NOON) == 3
    assert partitions(database) == {partition_name(DAY + timedelta(days=n)) for n in range(3)}
    assert ensure_partitions_ahead(database, NOON) == 0


def test_no_partition_is_made_below_the_floor(database: Database) -> None:
    floor = datetime(2026, 1, 31, tzinfo=UTC)
    execute(database, "UPDATE retention_floors SET ingest_floor = :floor WHERE level = 'raw'", floor=floor)
    assert ensure_partitions(database, [DAY - timedelta(days=1), DAY]) == 1
    assert partitions(database) == {partition_name(DAY)}


def test_many_threads_may_ask_for_the_same_days_at_once(database: Database) -> None:
    other = Database(database.dsn())
    days = [DAY + timedelta(days=n) for n in range(5)]
    made: list[int] = []
    threads = [
        threading.Thread(target=lambda each=each: made.append(ensure_partitions(each, days)))
        for each in (database, other) * 3
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.dispose()
    assert len(made) == 6
    assert partitions(database) == {partition_name(day) for day in days}


def test_a_detached_table_of_that_day_is_attached_again(database: Database) -> None:
    insert_events([("a.b", {}, {}, NOON)])
    execute(database, f"ALTER TABLE telemetry_events DETACH PARTITION {partition_name(DAY)}")
    forget_partitions(database)
    assert ensure_partitions(database, [DAY]) == 1
    assert len(query_events("a.b", NOON, NOON + timedelta(seconds=1))) == 1


def test_inserts_elsewhere_go_on_while_a_partition_is_attached(database: Database) -> None:
    insert_events([("a.b", {}, {}, NOON)])
    with database.begin() as writer:
        writer.execute(text("INSERT INTO telemetry_events (event_name, occurred_at) VALUES ('a.b', :at)"), {"at": NOON})
        assert ensure_partitions(database, [DAY + timedelta(days=1)]) == 1


def test_a_lacking_partition_is_told_apart_from_a_violated_check(database: Database) -> None:
    insert = "INSERT INTO telemetry_events (event_name, occurred_at) VALUES ('a.b', :at)"
    with pytest.raises(Exception) as lacking:
        execute(database, insert, at=NOON)
    assert lacks_partition(lacking.value)
    assert classify(lacking.value) is Fault.SCHEMA
    ensure_partitions(database, [DAY])
    execute(database, "ALTER TABLE telemetry_events ADD CHECK (event_name <> 'a.b')")
    with pytest.raises(Exception) as violated:
        execute(database, insert, at=NOON)
    assert not lacks_partition(violated.value)
    assert classify(violated.value) is Fault.DATA
