"""Raw events in and out of the database."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import uuid4

import pytest
from sqlalchemy import text

from db.batches import Batch, days_of
from db.buckets import purge_buckets_before, query_buckets
from db.engine import Database
from db.events import insert_events, query_events
from db.ledger import write_batches
from db.partitions import ensure_partitions, purge_events_before
from db.rows import InvalidEventError, Row, encode_row, to_nanoseconds

NOON = datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)


def row(number: int = 0, *, name: str = "game.tick", at: datetime = NOON) -> Row:
    return encode_row(name, {"number": number}, {"zone": "ä"}, at)


def store(database: Database, *batches: Batch) -> list[object]:
    ensure_partitions(database, days_of(batches))
    with database.begin() as connection:
        return list(write_batches(connection, batches))


def numbers(database: Database, name: str = "game.tick") -> list[int]:
    start, end = NOON - timedelta(days=400), NOON + timedelta(days=400)
    return sorted(e["measurements"]["number"] for e in query_events(name, start, end, 10**6, database=database))


def dirty(database: Database) -> list[tuple[str, str, datetime]]:
    with database.reading() as connection:
        rows = connection.execute(text("SELECT level, event_name, bucket_start FROM rollup_dirty ORDER BY 2, 3"))
        return [(level, name, start.astimezone(UTC)) for level, name, start in rows]


def raise_floor(database: Database, floor: datetime) -> None:
    with database.begin() as connection:
        connection.execute(text("UPDATE retention_floors SET ingest_floor = :floor"), {"floor": floor})


def test_an_event_comes_back_as_it_went_in(database: Database) -> None:
    event = ("game.login", {"ms": 1.5, "tries": 2}, {"ok": True, "who": 'Zoë\\n"', "guild": None, "x": 0.1}, NOON)
    assert insert_events([event]) == 1
    (found,) = query_events("game.login", NOON, NOON + timedelta(microseconds=1))
    assert (found["event_name"], found["measurements"], found["metadata"], found["occurred_at"]) == event


def test_an_event_may_be_a_mapping_with_only_a_name(database: Database) -> None:
    before = datetime.now(UTC)
    insert_events([{"event_name": "game.tick"}])
    (found,) = query_events("game.tick", before, before + timedelta(minutes=1))
    assert (found["measurements"], found["metadata"]) == ({}, {})


def test_inserting_nothing_stores_nothing(database: Database) -> None:
    assert insert_events([]) == 0


def test_one_invalid_event_is_named_and_none_is_stored(database: Database) -> None:
    with pytest.raises(InvalidEventError, match=r"event 1: .*nan"):
        insert_events([("a.b", {"x": 1}, {}, NOON), ("a.b", {"x": float("nan")}, {}, NOON)])
    assert query_events("a.b", NOON, NOON + timedelta(hours=1)) == []


@pytest.mark.parametrize("occurred_at", ["2026-01-31T12:00:00Z", None, NOON.replace(tzinfo=None)])
def test_a_time_that_is_no_moment_is_named(database: Database, occurred_at: object) -> None:
    with pytest.raises(InvalidEventError, match="event 0: occurred_at: "):
        insert_events([{"event_name": "a.b", "occurred_at": occurred_at}])


@pytest.mark.parametrize("events", [{"event_name": "a.b"}, ["a.b"], [("a.b", {}, {})], [None]])
def test_what_is_no_event_is_quoted(database: Database, events: Any) -> None:
    with pytest.raises(InvalidEventError, match=r"event 0: .* is neither a mapping nor a tuple of event_name, "):
        insert_events(events)


def test_a_moment_without_a_zone_is_refused_wherever_one_is_asked_for(database: Database) -> None:
    naive: Any = NOON.replace(tzinfo=None)
    for ask in (
        lambda: query_events("a.b", naive, NOON),
        lambda: query_buckets("a.b", "hour", NOON, naive),
        lambda: purge_events_before(naive),
        lambda: purge_buckets_before("minute", naive),
        lambda: query_events("a.b", cast(Any, "2026-01-31"), NOON),
    ):
        with pytest.raises(ValueError, match="is not a datetime with a time zone"):
            ask()


def test_events_are_read_oldest_first_within_a_half_open_range(database: Database) -> None:
    moments = [NOON + timedelta(hours=hours) for hours in (3, 1, 0, 2)]
    insert_events([("a.b", {"n": n}, {}, moment) for n, moment in enumerate(moments)])
    found = query_events("a.b", NOON, NOON + timedelta(hours=3), limit=2)
    assert [event["measurements"]["n"] for event in found] == [2, 1]
    assert len(query_events("a.b", NOON, NOON + timedelta(hours=3))) == 3


def test_a_batch_marks_each_minute_of_each_name_once(database: Database) -> None:
    later = NOON + timedelta(minutes=1)
    store(database, Batch(uuid4(), [row(1), row(2), row(3, at=later), row(4, name="game.login")]))
    minute = NOON.replace(second=0, microsecond=0)
    assert dirty(database) == [
        ("minute", "game.login", minute),
        ("minute", "game.tick", minute),
        ("minute", "game.tick", minute + timedelta(minutes=1)),
    ]


def test_a_batch_that_was_committed_before_is_not_written_again(database: Database) -> None:
    batch = Batch(uuid4(), [row(1), row(2)])
    store(database, batch)
    (again,) = store(database, batch)
    assert again.replayed
    assert numbers(database) == [1, 2]
    assert len(dirty(database)) == 1


def test_the_same_batch_twice_in_one_transaction_is_stored_once(database: Database) -> None:
    batch = Batch(uuid4(), [row(1)])
    written = store(database, batch, Batch(uuid4(), [row(2)]), batch)
    assert [each.replayed for each in written] == [False, False, True]
    assert numbers(database) == [1, 2]


def test_a_batch_that_was_rolled_back_leaves_no_trace(database: Database) -> None:
    batch = Batch(uuid4(), [row(1)])
    ensure_partitions(database, days_of([batch]))
    with database.engine.connect() as connection:
        write_batches(connection, [batch])
        connection.rollback()
    assert numbers(database) == []
    assert not store(database, batch)[0].replayed


def test_events_below_every_floor_are_set_aside_and_the_rest_is_stored(database: Database) -> None:
    raise_floor(database, NOON)
    (written,) = store(database, Batch(uuid4(), [row(1), row(2, at=NOON - timedelta(microseconds=1)), row(3)]))
    assert written.too_old == (1,)
    assert numbers(database) == [1, 3]
    assert insert_events([("a.b", {}, {}, NOON - timedelta(days=1)), ("a.b", {}, {}, NOON)]) == 1


def test_the_floor_stays_while_a_batch_is_being_written(database: Database) -> None:
    batch = Batch(uuid4(), [row(1)])
    ensure_partitions(database, days_of([batch]))
    with database.begin() as writer, database.engine.connect() as purger:
        write_batches(writer, [batch])
        locked = "SELECT 1 FROM retention_floors WHERE level = 'raw' FOR UPDATE SKIP LOCKED"
        assert purger.execute(text(locked)).first() is None


def test_names_are_recorded_when_they_are_first_stored(database: Database) -> None:
    insert_events([("b.b", {}, {}, NOON), ("a.a", {}, {}, NOON)])
    insert_events([("a.a", {}, {}, NOON)])
    with database.reading() as connection:
        assert list(connection.execute(text("SELECT event_name FROM event_names ORDER BY 1")).scalars()) == [
            "a.a",
            "b.b",
        ]


def test_wide_rows_survive_the_binary_format(database: Database) -> None:
    wide = encode_row("a.b", {f"m{n}": n / 7 for n in range(64)}, {"text": "x" * 16_000}, NOON)
    store(database, Batch(uuid4(), [wide, row(1, name="a.b")]))
    first, second = query_events("a.b", NOON, NOON + timedelta(seconds=1))
    assert first["measurements"] == {f"m{n}": n / 7 for n in range(64)}
    assert len(first["metadata"]["text"]) == 16_000
    assert second["metadata"] == {"zone": "ä"}


def test_a_moment_before_the_epoch_keeps_its_microsecond(database: Database) -> None:
    assert to_nanoseconds(datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)) == -1000
