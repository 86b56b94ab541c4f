"""The watermark: honest about what waits, by arrival and never by an event's own time."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import text

from db.collectors import beat, transaction_time
from db.engine import Database
from db.events import insert_events
from db.jobs import tidy
from db.status import PipelineStatus, pipeline_status
from metrics_dash.jobs.rollup import run_pass
from tests.support.rollups import NOON, event


def status(database: Database) -> PipelineStatus:
    with database.reading() as connection:
        return pipeline_status(connection)


def heartbeat(
    database: Database, seen_ago: float = 0, oldest_ago: float | None = None, identity: UUID | None = None
) -> datetime:
    """Beat as a collector; returns the server's time of it."""
    with database.begin() as connection:
        now = transaction_time(connection)
        beat(
            connection,
            identity or uuid4(),
            host="here",
            pid=7,
            seen_at=now - timedelta(seconds=seen_ago),
            oldest_buffered_at=None if oldest_ago is None else now - timedelta(seconds=oldest_ago),
            accounting={"offered": 3},
        )
    return now.astimezone(UTC)


def test_an_idle_pipeline_is_complete_until_now(database: Database) -> None:
    found = status(database)
    assert found.complete_through == found.now
    assert (found.dirty, found.oldest_dirty_at, found.collectors, found.raw_floor) == (0, None, (), None)


def test_a_mark_that_waits_holds_the_watermark_and_a_pass_lets_it_go(database: Database) -> None:
    before = status(database).now
    insert_events([event(0), event(60)], database=database)
    waiting = status(database)
    assert waiting.dirty == 2
    assert waiting.oldest_dirty_at is not None
    assert before <= waiting.complete_through == waiting.oldest_dirty_at <= waiting.now
    run_pass(database)
    assert status(database).complete_through > waiting.now


def test_a_late_event_does_not_set_the_watermark_back(database: Database) -> None:
    before = status(database).complete_through
    insert_events([event(-60 * 24 * 300)], database=database)
    assert status(database).complete_through >= before


def test_the_oldest_event_in_a_live_collectors_buffer_holds_the_watermark(database: Database) -> None:
    heartbeat(database, 0)
    now = heartbeat(database, 1, oldest_ago=12)
    assert status(database).complete_through == now - timedelta(seconds=12)


def test_an_idle_collector_vouches_for_the_time_until_its_heartbeat(database: Database) -> None:
    now = heartbeat(database, 4)
    assert status(database).complete_through == now - timedelta(seconds=4)


def test_a_silent_collector_without_events_holds_nothing_up(database: Database) -> None:
    heartbeat(database, 31)
    found = status(database)
    assert found.complete_through == found.now
    assert [each.live for each in found.collectors] == [False]


def test_a_silent_collector_with_events_holds_the_watermark_for_as_long_as_nobody_knows_that_they_are_lost(
    database: Database,
) -> None:
    now = heartbeat(database, 3 * 86400, oldest_ago=3 * 86400 + 5)
    with database.begin() as connection:
        tidy(connection)
    found = status(database)
    assert found.complete_through == now - timedelta(seconds=3 * 86400 + 5)
    assert [(each.live, each.counts) for each in found.collectors] == [(False, True)]


def test_every_heartbeat_is_told_with_its_accounting(database: Database) -> None:
    identity = uuid4()
    heartbeat(database, identity=identity)
    (collector,) = status(database).collectors
    assert (collector.collector_id, collector.host, collector.pid) == (identity, "here", 7)
    assert collector.accounting == {"offered": 3}
    assert collector.live


def test_times_are_utc_whatever_the_session_says(database: Database) -> None:
    insert_events([event()], database=database)
    with database.begin() as connection:
        connection.execute(text("SET LOCAL TimeZone = 'America/St_Johns'"))
        connection.execute(
            text("UPDATE retention_floors SET recompute_floor = :noon WHERE level = 'raw'"), {"noon": NOON}
        )
        found = pipeline_status(connection)
    assert found.raw_floor == NOON
    assert found.complete_through.tzinfo is found.now.tzinfo is UTC
