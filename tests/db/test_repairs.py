"""Marks for buckets that are doubted: each once, and none below what they are made of."""

from datetime import timedelta

from sqlalchemy import text

from db.engine import Database
from db.events import insert_events
from db.levels import LEVELS
from db.repairs import mark_between, mark_buckets
from metrics_dash.jobs.rollup import roll_up_all
from tests.support.rollups import NOON, event

MINUTE, HOUR, DAY = LEVELS


def marks(database: Database) -> list[tuple[str, str, object]]:
    with database.reading() as connection:
        rows = connection.execute(text("SELECT level, event_name, bucket_start FROM rollup_dirty ORDER BY 1, 2, 3"))
        return [tuple(row) for row in rows]


def test_a_bucket_is_marked_once_however_often_it_is_named(database: Database) -> None:
    with database.begin() as connection:
        assert mark_buckets(connection, HOUR, [("a.b", NOON), ("a.b", NOON)]) == 1
    assert marks(database) == [("hour", "a.b", NOON)]


def test_nothing_below_the_floor_of_what_it_is_made_of_is_marked(database: Database) -> None:
    with database.begin() as connection:
        connection.execute(
            text("UPDATE retention_floors SET recompute_floor = :noon WHERE level = 'raw'"), {"noon": NOON}
        )
        before = NOON - timedelta(minutes=1)
        assert mark_buckets(connection, MINUTE, [("a.b", before), ("a.b", NOON)]) == 1
        assert mark_buckets(connection, HOUR, [("a.b", before)]) == 1


def test_a_span_marks_what_is_stored_and_what_it_is_made_of(database: Database) -> None:
    insert_events([event(0, "a.kept"), event(1, "a.lost"), event(30, "a.later")], database=database)
    roll_up_all(database)
    with database.begin() as connection:
        connection.execute(text("DELETE FROM telemetry_buckets WHERE event_name = 'a.lost'"))
        connection.execute(text("UPDATE telemetry_buckets SET event_name = 'a.odd' WHERE event_name = 'a.kept'"))
        assert mark_between(connection, MINUTE, NOON, NOON + timedelta(minutes=30)) == 3
        assert mark_between(connection, HOUR, NOON, NOON + timedelta(hours=1)) == 2
    assert {name for level, name, _ in marks(database) if level == "minute"} == {"a.kept", "a.lost", "a.odd"}
    assert {name for level, name, _ in marks(database) if level == "hour"} == {"a.odd", "a.later"}
