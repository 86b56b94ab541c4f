"""What events name: who names too much is known, and a name is given back when nothing uses it any more."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from db.engine import Database
from db.event_keys import crowded_events, forget_keys
from db.events import insert_events
from db.fold import KEYS_PER_EVENT
from db.whole import VALUES_AT_ONCE
from metrics_dash.jobs.retention import purge
from metrics_dash.jobs.rollup import roll_up_all, run_pass
from tests.support.rollups import NOON, event

DAY = timedelta(days=1)


def named(database: Database, table: str = "event_keys") -> list[str]:
    """The events of which any key is kept."""
    with database.begin() as connection:
        return list(connection.execute(text(f"SELECT DISTINCT event_name FROM {table} ORDER BY 1")).scalars())


def crowded(database: Database) -> list[str]:
    with database.begin() as connection:
        return crowded_events(connection)


def send_keys(database: Database, name: str, keys: int, *, of: str = "measurements") -> None:
    """Send events that name so many different measurements, or metadata keys, between them."""
    names = [f"k{number}" for number in range(keys)]
    parts = [dict.fromkeys(names[start : start + 64], 1) for start in range(0, keys, 64)]
    insert_events([{**event(0, name), of: part} for part in parts], database=database)


@pytest.mark.parametrize("of", ["measurements", "metadata"])
def test_an_event_is_crowded_with_its_first_key_too_many(database: Database, of: str) -> None:
    send_keys(database, "a.full", KEYS_PER_EVENT, of=of)
    send_keys(database, "a.crowded", KEYS_PER_EVENT + 1, of=of)
    roll_up_all(database)
    assert crowded(database) == ["a.crowded"]


def test_crowded_events_are_named_once_each_and_in_order(database: Database) -> None:
    for name in ("b.b", "a.a"):
        for of in ("measurements", "metadata"):
            send_keys(database, name, KEYS_PER_EVENT + 1, of=of)
    roll_up_all(database)
    assert crowded(database) == ["a.a", "b.b"]


@pytest.mark.parametrize("rest", ["telemetry_buckets", "rollup_dirty", "rollup_failures"])
def test_whatever_is_left_of_an_event_keeps_its_keys(database: Database, rest: str) -> None:
    ids = [event(name="a.b", metadata={"who": number}, ms=1) for number in range(VALUES_AT_ONCE + 1)]
    insert_events(ids, database=database)
    roll_up_all(database)
    with database.begin() as connection:
        for table in ("rollup_dirty", "rollup_failures"):
            more, values = (", reason, next_try_at", ", '', 'infinity'") if table == "rollup_failures" else ("", "")
            columns = f"level, event_name, bucket_start{more}"
            connection.execute(text(f"INSERT INTO {table} ({columns}) VALUES ('day', 'a.b', now(){values})"))
        for table in {"telemetry_buckets", "rollup_dirty", "rollup_failures"} - {rest}:
            connection.execute(text(f"DELETE FROM {table}"))
        forget_keys(connection)
    assert named(database) == named(database, "whole_keys") == ["a.b"]
    with database.begin() as connection:
        connection.execute(text(f"DELETE FROM {rest}"))
        forget_keys(connection)
    assert named(database) == named(database, "whole_keys") == []


def test_the_keys_of_an_event_are_given_back_with_its_last_bucket(database: Database) -> None:
    insert_events([event(0, metadata={"k": 1}, ms=1), event(24 * 60, "c.d", n=1)], database=database)
    run_pass(database)
    with database.begin() as connection:
        connection.execute(text("UPDATE ingest_batches SET committed_at = committed_at - interval '1 hour'"))
    purge(database, {"raw": DAY, "minute": DAY, "hour": DAY, "day": 2 * DAY}, NOON + 2 * DAY)
    assert named(database) == ["a.b", "c.d"]
    purge(database, dict.fromkeys(("raw", "minute", "hour", "day"), DAY), NOON + 2 * DAY)
    assert named(database) == ["c.d"]
