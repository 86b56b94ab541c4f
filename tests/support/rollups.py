"""Events around a noon, the buckets made of them, and the oracle that buckets are held against."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, text

from db.batches import Batch
from db.buckets import query_buckets
from db.engine import Database
from db.ledger import write_batches
from db.levels import LEVELS
from db.partitions import ensure_partitions
from db.rows import encode_row

NOON = datetime(2026, 1, 10, 12, tzinfo=UTC)
FOREVER = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))


def event(
    minute: float = 0, name: str = "a.b", metadata: dict[str, Any] | None = None, **measurements: float
) -> dict[str, Any]:
    return {
        "event_name": name,
        "measurements": measurements,
        "metadata": metadata or {},
        "occurred_at": NOON + timedelta(minutes=minute),
    }


def buckets(database: Database, level: str = "minute", name: str = "a.b") -> list[dict[str, Any]]:
    return query_buckets(name, level, *FOREVER, database=database)


def counts(database: Database, level: str = "minute", name: str = "a.b") -> dict[datetime, int]:
    return {bucket["bucket_start"]: bucket["count"] for bucket in buckets(database, level, name)}


def marks(database: Database) -> list[tuple[str, datetime]]:
    with database.begin() as connection:
        rows = connection.execute(text("SELECT level, bucket_start FROM rollup_dirty ORDER BY id"))
        return [(level, start.astimezone(UTC)) for level, start in rows]


@contextmanager
def transaction(database: Database) -> Iterator[Connection]:
    """A connection of its own whose transaction the test ends itself."""
    with database.engine.connect() as connection:
        connection.begin()
        yield connection
        if connection.in_transaction():
            connection.rollback()


def write_uncommitted(connection: Connection, database: Database, *events: dict[str, Any]) -> None:
    """What a flush does, up to its COMMIT."""
    ensure_partitions(database, {each["occurred_at"].date() for each in events})
    rows = [encode_row(e["event_name"], e["measurements"], e["metadata"], e["occurred_at"]) for e in events]
    write_batches(connection, [Batch(uuid4(), rows)])


def assert_every_level_is_a_group_by_over_raw(database: Database, but: str = "") -> None:
    """The oracle: statements as plain as can be. ``but``: a name whose raw events are gone."""
    for level in LEVELS:
        with database.begin() as connection:
            expected = connection.execute(
                text(
                    "SELECT event_name, date_bin(:width, occurred_at, 'epoch'), sum(weight) FROM telemetry_events "
                    "WHERE event_name <> :but GROUP BY 1, 2 ORDER BY 1, 2"
                ),
                {"width": level.width, "but": but},
            ).fetchall()
            stored = connection.execute(
                text(
                    "SELECT event_name, bucket_start, count FROM telemetry_buckets WHERE bucket_type = :level "
                    "AND event_name <> :but ORDER BY 1, 2"
                ),
                {"level": level.name, "but": but},
            ).fetchall()
            assert stored == expected
            expected = connection.execute(
                text(
                    "SELECT event_name, date_bin(:width, occurred_at, 'epoch'), key, sum(weight), "
                    "sum(weight * value::float8), min(value::float8), max(value::float8), "
                    "(array_agg(value::float8 ORDER BY occurred_at DESC, value::float8 DESC))[1] "
                    "FROM telemetry_events, jsonb_each_text(measurements) WHERE event_name <> :but "
                    "GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
                ),
                {"width": level.width, "but": but},
            ).fetchall()
            stored = connection.execute(
                text(
                    "SELECT event_name, bucket_start, key, value::bigint, (sum_values ->> key)::float8, "
                    "(min_values ->> key)::float8, (max_values ->> key)::float8, (last_values -> key ->> 1)::float8 "
                    "FROM telemetry_buckets, jsonb_each_text(value_counts) WHERE bucket_type = :level "
                    "AND event_name <> :but ORDER BY 1, 2, 3"
                ),
                {"level": level.name, "but": but},
            ).fetchall()
            assert [row[:4] + row[5:] for row in stored] == [row[:4] + row[5:] for row in expected]
            assert [row[4] for row in stored] == pytest.approx([row[4] for row in expected])
