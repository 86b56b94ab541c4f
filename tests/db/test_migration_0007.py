"""Migration 0007, on a table in use: nothing is rewritten, a reader is waited for, and older versions go on writing."""

import threading
from typing import Any

from sqlalchemy import text

from db.engine import Database
from db.migrate import migrate
from metrics_dash.jobs.audit import audit
from metrics_dash.jobs.rollup import roll_up_all
from tests.support.older import store_unchecked
from tests.support.rollups import buckets, event


def execute(database: Database, statement: str) -> Any:
    with database.begin() as connection:
        return connection.execute(text(statement))


def test_rows_of_before_are_one_event_each_and_no_file_is_written_anew(empty_database: Database) -> None:
    migrate(empty_database, "0006")
    store_unchecked(empty_database, [event(ms=1), event(ms=2)])
    file = "SELECT pg_relation_filenode(inhrelid) FROM pg_inherits WHERE inhparent = 'telemetry_events'::regclass"
    before = execute(empty_database, file).scalar_one()
    migrate(empty_database, "0007")
    assert execute(empty_database, file).scalar_one() == before
    # As the previous version does, while both run.
    store_unchecked(empty_database, [event(ms=3)])
    rows = execute(empty_database, "SELECT DISTINCT weight, kind, aggregates FROM telemetry_events").all()
    assert [tuple(row) for row in rows] == [(1, "event", {})]
    migrate(empty_database)
    roll_up_all(empty_database)
    assert audit(empty_database) == []
    (bucket,) = buckets(empty_database)
    assert (bucket["count"], bucket["sum_values"]) == (3, {"ms": 6})


def test_a_reader_of_the_table_is_waited_for_and_writers_wait_for_nobody_meanwhile(empty_database: Database) -> None:
    migrate(empty_database, "0006")
    store_unchecked(empty_database, [event()])
    with empty_database.engine.connect() as reader:
        reader.begin()
        reader.execute(text("SELECT count(*) FROM telemetry_events"))
        migration = threading.Thread(target=migrate, args=(empty_database, "0007"))
        migration.start()
        for _ in range(3):
            store_unchecked(empty_database, [event()])
        reader.rollback()
    migration.join(60)
    assert execute(empty_database, "SELECT sum(weight) FROM telemetry_events").scalar_one() == 4


def test_the_way_back_keeps_the_rows(empty_database: Database) -> None:
    migrate(empty_database, "0007")
    store_unchecked(empty_database, [event()])
    execute(empty_database, "UPDATE telemetry_events SET weight = 9")
    migrate(empty_database, "0006")
    assert execute(empty_database, "SELECT count(*) FROM telemetry_events").scalar_one() == 1
    migrate(empty_database, "0007")
    assert execute(empty_database, "SELECT weight FROM telemetry_events").scalar_one() == 1
