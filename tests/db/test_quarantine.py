"""Quarantine: the bad events of a batch are set aside with what the database said; the others are stored, in order."""

import math
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import text

from db.batches import Batch, days_of
from db.engine import Database, driver_connection
from db.ledger import write_batch_bisecting, write_batches
from db.partitions import ensure_partitions
from db.quarantine import copy_bisecting
from db.rows import Row, encode_row

NOON = datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)


def row(number: int) -> Row:
    return encode_row("game.tick", {"number": number}, {"zone": "ä"}, NOON)


def batch(*rows: Row, batch_id: UUID | None = None) -> Batch:
    return Batch(batch_id or uuid4(), rows)


def refuse(database: Database, *numbers: int) -> None:
    """Have the database refuse events of these numbers."""
    listed = ", ".join(map(str, numbers))
    with database.begin() as connection:
        connection.execute(
            text(
                "ALTER TABLE telemetry_events ADD CONSTRAINT odd "
                f"CHECK ((measurements ->> 'number')::int NOT IN ({listed}))"
            )
        )


def write(database: Database, sent: Batch) -> list[int]:
    """Store a batch, and return the indexes of what went to quarantine."""
    ensure_partitions(database, days_of([sent]))
    with database.begin() as connection:
        return [index for index, _ in write_batch_bisecting(connection, sent).quarantined]


def select(database: Database, statement: str) -> list[Any]:
    with database.reading() as connection:
        return list(connection.execute(text(statement)).scalars())


def stored(database: Database) -> list[int]:
    return select(database, "SELECT (measurements ->> 'number')::int FROM telemetry_events ORDER BY id")


def set_aside(database: Database) -> list[int]:
    return select(
        database, "SELECT (payload::jsonb -> 'measurements' ->> 'number')::int FROM ingest_quarantine ORDER BY 1"
    )


def test_one_row_that_the_database_refuses_goes_to_quarantine_with_its_reason(database: Database) -> None:
    refuse(database, 42)
    sent = batch(*map(row, range(100)))
    assert write(database, sent) == [42]
    assert stored(database) == [number for number in range(100) if number != 42]
    assert set_aside(database) == [42]
    (reason,) = select(database, "SELECT reason FROM ingest_quarantine")
    assert '"odd"' in reason
    with database.begin() as connection:
        (again,) = write_batches(connection, [sent])
    assert again.replayed


@pytest.mark.parametrize("bad", [(0,), (6,), (2, 3), (0, 3, 6), range(7)], ids=str)
def test_each_bad_row_is_found_wherever_it_stands_and_no_good_one_is_lost(
    database: Database, bad: Collection[int]
) -> None:
    refuse(database, *bad)
    assert write(database, batch(*map(row, range(7)))) == list(bad)
    assert stored(database) == [number for number in range(7) if number not in bad]
    assert set_aside(database) == list(bad)


def test_what_is_set_aside_is_the_whole_event(database: Database) -> None:
    refuse(database, 1)
    write(database, batch(row(1)))
    assert select(database, "SELECT payload::jsonb FROM ingest_quarantine") == [
        {
            "event_name": "game.tick",
            "measurements": {"number": 1},
            "metadata": {"zone": "ä"},
            "occurred_at": NOON.isoformat(),
        }
    ]


class Copied:
    """A copy into nothing that fails like the database where a row of these times is among the rows."""

    def __init__(self, failure: Exception, *times: int) -> None:
        self.failure, self.times, self.calls = failure, times, 0

    def __call__(self, driver: psycopg.Connection[Any], batches: Iterable[Sequence[Row]]) -> None:
        self.calls += 1
        if any(row[2] in self.times for rows in batches for row in rows):
            raise self.failure


def bisect(database: Database, sent: Batch, copy: Copied) -> list[int]:
    with database.begin() as connection:
        indexes = list(range(len(sent.rows)))
        return [index for index, _ in copy_bisecting(driver_connection(connection), sent, indexes, copy)]


def at(time: int) -> Row:
    return "a.b", row(1)[1], time


def test_a_time_that_is_no_moment_is_set_aside_as_it_is(database: Database) -> None:
    beyond = 10**30
    assert bisect(database, batch(at(beyond)), Copied(OverflowError("too large"), beyond)) == [0]
    assert select(database, "SELECT payload::jsonb ->> 'occurred_at' FROM ingest_quarantine") == [f"{beyond} ns"]


def test_the_same_event_of_a_batch_is_set_aside_once_however_often_it_is_tried(database: Database) -> None:
    sent, copy = batch(at(1), at(2)), Copied(OverflowError("too large"), 2)
    for _ in range(3):
        assert bisect(database, sent, copy) == [1]
    bisect(database, batch(at(1), at(2)), copy)  # another batch
    assert select(database, "SELECT count(*) FROM ingest_quarantine") == [2]


def test_one_bad_row_costs_so_many_tries_as_the_batch_can_be_halved(database: Database) -> None:
    copy = Copied(OverflowError("too large"), 700)
    assert bisect(database, batch(*map(at, range(1024))), copy) == [700]
    assert copy.calls <= 1 + 2 * math.log2(1024)


@pytest.mark.parametrize("failure", [psycopg.OperationalError("gone"), RuntimeError("unknown")], ids=str)
def test_what_is_not_the_rows_fault_sets_nothing_aside(database: Database, failure: Exception) -> None:
    with pytest.raises(type(failure), match=str(failure)):
        bisect(database, batch(at(1), at(2)), Copied(failure, 2))
    assert select(database, "SELECT count(*) FROM ingest_quarantine") == [0]


def test_of_no_rows_none_is_bad_and_nothing_is_asked(database: Database) -> None:
    copy = Copied(OverflowError())
    assert (bisect(database, batch(), copy), copy.calls) == ([], 0)
