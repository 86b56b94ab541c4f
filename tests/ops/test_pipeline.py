"""What the pipeline page shows, from the application's own events through its own buckets."""

from datetime import UTC, datetime, timedelta

import numpy as np
from sqlalchemy import text

from db.engine import Database
from db.events import insert_events
from db.whole import VALUES_AT_ONCE
from metrics_dash.catalog import load_catalog
from metrics_dash.charts.queries import Queries
from metrics_dash.ingest.collector import Collector
from metrics_dash.ingest.event import Event
from metrics_dash.ingest.reports import REPORT_SECONDS, Reporter
from metrics_dash.jobs.rollup import roll_up_all
from metrics_dash.ops.pipeline import TAB, overview
from metrics_dash.settings import load_settings
from tests.support.charts import statements


def report(database: Database) -> datetime:
    """A process reports once: what it was sent, what it refused, how long it took. Return the minute that it is of."""
    collector, now = Collector(database, flush_interval=0.01), [0.0]
    collector.start()
    reporter = Reporter(collector, lambda: {"lag_s": 0.5, "dirty": 4.0}, lambda: now[0])
    collector.tally.receive("realm-1", "otlp", 12_000)
    collector.tally.took("callback", 0.05)
    collector.tally.took("callback", 0.15)
    collector.reject(7)
    now[0] = REPORT_SECONDS
    reporter.turn()
    # However long it takes: stopping gives up after a while, on a busy machine too.
    assert collector.flush(180)
    collector.stop()
    roll_up_all(database)
    with database.reading() as connection:
        found = connection.execute(
            text("SELECT DISTINCT bucket_start FROM telemetry_buckets WHERE bucket_type = 'minute'")
        )
        minute: datetime = found.scalar_one()
    return minute.astimezone(UTC)


def test_it_is_one_statement_of_its_own_buckets_and_what_is_stored(database: Database) -> None:
    # A minute that has just begun is not drawn yet; in the next one the reported one is over.
    now = report(database) + timedelta(seconds=90)
    settings = load_settings({})
    queries = Queries(database, load_catalog(), settings, clock=lambda: now)
    found = overview(queries, database, settings)()
    assert set(found.charts) == {chart.id for chart in TAB.charts}
    totals = {key: chart.headline.value for key, chart in found.charts.items()}
    assert totals["ways"] == 12_000
    assert totals["reasons"] == 7
    assert [series.name for series in found.charts["ways"].series if np.nansum(series.v) > 0] == ["otlp realm-1"]
    assert totals["callback_ms"] == 100
    assert totals["callback_ms-most"] == 150
    assert totals["dirty"] == 4
    levels = {level.name: level for level in found.store.levels}
    assert list(levels) == ["raw", "minute", "hour", "day"]
    assert levels["minute"].rows == 4
    assert levels["raw"].kept == 2
    assert found.store.sizes.partitions >= 1
    look = overview(queries, database, settings)
    look()
    with statements(database) as sent:
        look()
    assert sent == []


def test_it_tells_which_keys_are_counted_as_a_whole(database: Database) -> None:
    now = datetime.now(UTC)
    ids = [{"event_name": "a.b", "occurred_at": now, "metadata": {"who": n}} for n in range(VALUES_AT_ONCE + 1)]
    insert_events(ids, database=database)
    roll_up_all(database)
    found = overview(Queries(database, load_catalog(), load_settings({})), database, load_settings({}))()
    assert [(each.event_name, each.key) for each in found.store.whole] == [("a.b", "who")]


def test_an_empty_store_has_a_pipeline_too(database: Database) -> None:
    settings = load_settings({})
    found = overview(Queries(database, load_catalog(), settings), database, settings)()
    assert found.charts["ways"].state == "never_seen"
    assert found.collectors == ()


def test_what_a_report_is_made_of_are_plain_events(database: Database) -> None:
    collector = Collector(database)
    collector.tally.receive("web", "json", 3)
    reporter = Reporter(collector, dict)
    collector.tally.receive("web", "json", 2)
    first, *_ = reporter.events()
    assert first == Event("metrics_dash.ingest", {}, {"sender": "web", "format": "json", "way": "json web"}, weight=2)
