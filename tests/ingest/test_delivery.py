"""A group of batches, written in one transaction."""

import time
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy import text

from db.batches import Batch
from db.engine import Database
from db.partitions import partition_name
from db.rows import encode_row
from metrics_dash.ingest.delivery import Delivery
from metrics_dash.ingest.tally import FLUSH, Tally

NOW = datetime.now(UTC)


def batch(*numbers: float) -> Batch:
    return Batch(uuid4(), [encode_row("game.tick", {"n": n}, {}, NOW) for n in numbers])


def delivery(database: Database, tally: Tally | None = None) -> Delivery:
    return Delivery(database, name_quota=10, clock=time.monotonic, tally=tally or Tally())


def execute(database: Database, statement: str) -> None:
    with database.begin() as connection:
        connection.execute(text(statement))


def test_a_group_is_stored_and_the_flush_counted(database: Database) -> None:
    tally = Tally()
    written = delivery(database, tally).write([batch(1), batch(2, 3)], time.monotonic())
    assert [each.lost_rows for each in written] == [0, 0]
    assert tally.times(FLUSH)[0] == 1


def test_a_partition_that_was_dropped_meanwhile_is_made_again(database: Database) -> None:
    one = delivery(database)
    one.write([batch(1)], time.monotonic())
    execute(database, f"DROP TABLE {partition_name(NOW.date())}")
    assert one.write([batch(2)], time.monotonic())[0].lost_rows == 0


def test_a_refused_row_is_set_aside_and_named(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    execute(database, "ALTER TABLE telemetry_events ADD CONSTRAINT even CHECK (measurements ->> 'n' <> '1')")
    one = delivery(database)
    one.write([batch(0)], time.monotonic())
    written = one.bisect(batch(0, 1, 2), time.monotonic())
    assert [index for index, _ in written.quarantined] == [1]
    assert "event 1 of batch" in caplog.text
