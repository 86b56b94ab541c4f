"""What a process says of itself: one row for each sender, reason and process an interval, by its own pipeline."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from db.batches import Batch
from db.engine import Database
from db.events import query_events
from db.rows import encode_row
from metrics_dash.ingest.collector import Collector
from metrics_dash.ingest.reports import REPORT_SECONDS, Reporter
from metrics_dash.jobs.rollup import roll_up_all


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def collector(database: Database) -> Iterator[Collector]:
    collector = Collector(database, flush_interval=0.01, name_quota=2)
    collector.start()
    yield collector
    collector.stop()


@pytest.fixture
def reporter(collector: Collector, clock: Clock) -> Reporter:
    return Reporter(collector, lambda: {"lag_s": 1.5, "dirty": 3.0}, clock)


def report(collector: Collector, reporter: Reporter, clock: Clock) -> None:
    clock.now += REPORT_SECONDS
    reporter.turn()
    assert collector.flush(30)


def stored(database: Database, name: str) -> list[dict[str, Any]]:
    now = datetime.now(UTC)
    return query_events(name, now - timedelta(hours=1), now + timedelta(minutes=5), database=database)


def counted(database: Database, name: str) -> dict[str, float]:
    """What the buckets count of an event, by key and value."""
    roll_up_all(database)
    with database.reading() as connection:
        rows = connection.execute(
            text("SELECT metadata_counts FROM telemetry_buckets WHERE event_name = :name AND bucket_type = 'day'"),
            {"name": name},
        )
        return {key: value for row in rows for key, value in row.metadata_counts.items()}


def test_senders_are_counted_by_their_events_and_reported_in_a_row_each(
    database: Database, collector: Collector, reporter: Reporter, clock: Clock
) -> None:
    for _ in range(50):
        collector.tally.receive("realm-1", "otlp", 100)
    collector.tally.receive("web", "json", 7)
    for _ in range(9):
        collector.offer("some.thing", {}, {})
    report(collector, reporter, clock)
    assert len(stored(database, "metrics_dash.ingest")) == 3
    told = counted(database, "metrics_dash.ingest")
    assert told["sender:realm-1"] == told["format:otlp"] == told["way:otlp realm-1"] == 5000
    assert told["way:json web"] == 7
    assert told["sender:this program"] == 9


def test_what_it_says_of_itself_is_not_counted_as_sent(
    database: Database, collector: Collector, reporter: Reporter, clock: Clock
) -> None:
    report(collector, reporter, clock)
    report(collector, reporter, clock)
    assert stored(database, "metrics_dash.ingest") == []
    assert len(stored(database, "metrics_dash.process")) == 2


def test_what_was_refused_of_a_batch_is_its_senders_and_not_this_programs(
    database: Database, collector: Collector, reporter: Reporter, clock: Clock
) -> None:
    row = encode_row("some.thing", {}, {}, datetime.now(UTC))
    collector.tally.receive("web", "json", 4)
    collector.submit_batch(Batch(uuid4(), [row, row], [0, 2], [(1, "bad"), (3, "bad")])).wait(30)
    collector.offer("x y", {}, {})
    report(collector, reporter, clock)
    report(collector, reporter, clock)
    told = counted(database, "metrics_dash.ingest")
    assert (told["sender:web"], told["sender:this program"]) == (4, 1)


def test_refusals_are_counted_by_reason(
    database: Database, collector: Collector, reporter: Reporter, clock: Clock
) -> None:
    collector.reject(300)
    collector.offer("x y", {}, {})
    report(collector, reporter, clock)
    assert counted(database, "metrics_dash.refused")["reason:invalid"] == 301


def test_work_is_reported_as_its_aggregate_and_viewers_once_each(
    database: Database, collector: Collector, reporter: Reporter, clock: Clock
) -> None:
    for seconds in (0.1, 0.2, 0.6):
        collector.tally.took("callback", seconds)
        collector.tally.saw("ann", wall=False)
    collector.tally.saw("hall", wall=True)
    report(collector, reporter, clock)
    (row,) = stored(database, "metrics_dash.process")
    spent = row["aggregates"]["callback_ms"]
    assert (spent["count"], spent["sum"], spent["min"], spent["max"]) == pytest.approx((3, 900, 100, 600))
    assert row["measurements"] == {"buffered": 0, "spooled": 0, "viewers": 1, "walls": 1, "lag_s": 1.5, "dirty": 3}
    assert (collector.tally.viewers, collector.tally.walls) == (1, 1)


def test_an_interval_is_reported_once(
    database: Database, collector: Collector, reporter: Reporter, clock: Clock
) -> None:
    reporter.turn()
    report(collector, reporter, clock)
    reporter.turn()
    assert collector.flush(30)
    assert len(stored(database, "metrics_dash.process")) == 1


def test_its_names_cost_nobody_a_name_of_the_quota(
    database: Database, collector: Collector, reporter: Reporter, clock: Clock
) -> None:
    collector.tally.receive("web", "json", 1)
    collector.reject()
    report(collector, reporter, clock)
    for name in ("some.thing", "other.thing"):
        assert collector.offer(name, {}, {})
    assert collector.flush(30)
    assert all(stored(database, name) for name in ("some.thing", "other.thing"))


def test_where_there_is_no_room_nothing_breaks(database: Database, clock: Clock) -> None:
    collector = Collector(database, buffer_events=1)
    collector.offer("some.thing", {}, {})
    reporter = Reporter(collector, dict, clock)
    collector.tally.receive("web", "json", 1)
    clock.now = REPORT_SECONDS
    reporter.turn()


def test_a_request_of_no_event_is_nothing_to_report(
    collector: Collector, reporter: Reporter, clock: Clock, database: Database
) -> None:
    collector.tally.receive("web", "json", 0)
    report(collector, reporter, clock)
    assert stored(database, "metrics_dash.ingest") == []
    assert len(stored(database, "metrics_dash.process")) == 1
