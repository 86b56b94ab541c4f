"""What deeper buckets answer: a percentile over thirty days, and one split by fifty values, each from an empty cache.

Of one event there is a measurement of which no two values are the same, spread as times that requests take are, and a
dimension of fifty values, each in about every minute of the last day.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from benchmarks.harness import fresh_database, milliseconds, vacuum
from benchmarks.table import Row
from db.engine import Database
from db.partitions import ensure_partitions
from metrics_dash.catalog import parse_catalog
from metrics_dash.charts.queries import Queries
from metrics_dash.jobs.rollup import roll_up_all
from metrics_dash.settings import load_settings

VALUES = 50
PERCENTILE_GOAL_MS, SPLIT_GOAL_MS = 20.0, 30.0
EVENT, MEASUREMENT, DIMENSION = "bench.request", "duration_ms", "route"
SETTINGS = load_settings({})
CATALOG = parse_catalog(f"""
[events."{EVENT}"]
kind = "timing"
measurements.{MEASUREMENT} = {{ unit = "ms" }}
dimensions = ["{DIMENSION}"]

[[tabs]]
id = "bench"
title = "Bench"

[[tabs.charts]]
id = "requests"
title = "Requests"
event = "{EVENT}"
show = "count"
""")
# A median of 55 ms, of which one in a hundred takes half a second.
_FILL = text(f"""
INSERT INTO telemetry_events (event_name, measurements, metadata, occurred_at)
SELECT '{EVENT}', jsonb_build_object('{MEASUREMENT}', round(exp(4 + random_normal())::numeric, 3)),
    jsonb_build_object('{DIMENSION}', '/api/v1/things/' || number % {VALUES}),
    CAST(:start AS timestamptz) + number * (CAST(:length AS interval) / CAST(:count AS int))
FROM generate_series(0, :count - 1) AS number
""")
_MARK = text("""
INSERT INTO rollup_dirty (level, event_name, bucket_start)
SELECT DISTINCT 'minute', event_name, date_bin('1 minute', occurred_at, 'epoch') FROM telemetry_events
""")


def run(quick: bool = False) -> list[Row]:
    """The median of 41 answers each; ``quick``: of a tenth of the events."""
    count = 30_000 if quick else 300_000
    with fresh_database() as database:
        now = datetime.now(UTC)
        _fill(database, now, count)
        month = milliseconds(lambda: _ask(database, now, "30d", "p99", None))
        day = milliseconds(lambda: _ask(database, now, "24h", "p95", DIMENSION))
    return [
        _row("p99 over 30 d, not cached", month, PERCENTILE_GOAL_MS),
        _row(f"p95 split by {VALUES} values at 24 h, not cached", day, SPLIT_GOAL_MS),
    ]


def _fill(database: Database, now: datetime, count: int) -> None:
    """Store and roll up so many events of a month, and as many of its last day."""
    ensure_partitions(database, ((now - timedelta(days=number)).date() for number in range(31)))
    with database.begin() as connection:
        for length in (timedelta(days=30), timedelta(days=1)):
            connection.execute(_FILL, {"start": now - length, "length": length, "count": count})
        connection.execute(_MARK)
    roll_up_all(database, declared=CATALOG.declared)
    vacuum(database, "telemetry_buckets", "telemetry_splits", "rollup_dirty")


def _ask(database: Database, now: datetime, length: str, show: str, split_by: str | None) -> None:
    queries = Queries(database, CATALOG, SETTINGS, clock=lambda: now)
    data = queries.series(EVENT, MEASUREMENT, show, queries.window(length), split_by)
    assert data.series


def _row(name: str, took: float, goal: float) -> Row:
    return Row(name, took, "ms", "", None, f"≤ {goal:g} ms", took <= goal)
