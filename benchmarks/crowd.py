"""A tab among many events: at 1,000 event names with days of minutes each, beside the same tab at eleven names.

Both stores have the same buckets of the tab's events, minute after minute, as a rollup writes them; in the one those of
all others, copies under other names, lie between. Five days are 6.2 million rows and 8 GB. ``CROWD_DAYS=14`` in the
environment makes the fourteen that minutes are kept by default: 17 million rows, 21 GB, and many minutes to fill.
"""

import os
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from benchmarks.harness import events, fresh_database, pair, store, vacuum
from benchmarks.table import Row
from db.engine import Database
from db.schema import telemetry_buckets
from metrics_dash.catalog import load_catalog
from metrics_dash.charts.queries import Queries
from metrics_dash.jobs.rollup import roll_up_all
from metrics_dash.settings import load_settings

GOAL = 1.1
DAYS = 5
# So many that nearly every minute has some of each.
EVENTS_A_DAY = 300_000
COPIES = 91
CATALOG = load_catalog()
SETTINGS = load_settings({})

# Unlogged, as only reading is measured.
_KEEP = """
CREATE UNLOGGED TABLE one_day AS SELECT * FROM telemetry_buckets WHERE bucket_type IN ('minute', 'five');
TRUNCATE telemetry_buckets;
ALTER TABLE telemetry_buckets SET UNLOGGED
"""
_CHANGED = {
    "event_name": "event_name || CASE copy WHEN 0 THEN '' ELSE '.c' || copy END",
    "bucket_start": "bucket_start - CAST(:ago AS interval)",
}
_COLUMNS = [column.name for column in telemetry_buckets.columns]
_FILL = text(f"""
INSERT INTO telemetry_buckets ({", ".join(_COLUMNS)})
SELECT {", ".join(_CHANGED.get(name, name) for name in _COLUMNS)}
FROM (
    SELECT *, generate_series(0, :copies - 1) AS copy
    FROM (SELECT * FROM one_day ORDER BY bucket_start OFFSET 0) AS minute
) AS copied
""")
# Copied with their minutes, so that none is to be folded but those that are not over.
_FOLDED = text("DELETE FROM stale_fives WHERE bucket_start < clock_timestamp() - interval '1 hour'")


def run(quick: bool = False) -> list[Row]:
    """Refreshes of two tabs at 24 h from an empty cache, of either store in turn; ``quick``: of a day and 99 names."""
    days = 1 if quick else int(os.environ.get("CROWD_DAYS", DAYS))
    share = 10 if quick else 1
    count, copies = EVENTS_A_DAY // share, COPIES // share
    now = datetime.now(UTC)
    with fresh_database() as few, fresh_database() as many:
        _fill(few, count, days, 1)
        size = _fill(many, count, days, copies)
        return [
            _compare(few, many, tab, now, f"{copies * len(CATALOG.events):,} event names, {size:,} minutes and fives")
            for tab in ("server", "auth")
        ]


def _fill(database: Database, count: int, days: int, copies: int) -> int:
    """Fill days of minutes; how many rows that makes."""
    store(database, events(count, minutes=24 * 60))
    roll_up_all(database, declared=CATALOG.declared)
    with database.begin() as connection:
        for statement in _KEEP.split(";"):
            connection.exec_driver_sql(statement)
    filled = 0
    for ago in reversed(range(days)):
        with database.begin() as connection:
            filled += connection.execute(_FILL, {"copies": copies, "ago": timedelta(days=ago)}).rowcount
            connection.execute(_FOLDED)
    vacuum(database, "telemetry_buckets", "rollup_dirty")
    return filled


def _compare(few: Database, many: Database, tab: str, now: datetime, size: str) -> Row:
    ours, theirs = pair(lambda: _ask(many, tab, now), lambda: _ask(few, tab, now))
    ratio = ours / theirs
    name = f"refresh of tab {tab}, 24h, not cached, at {size}"
    beside = f"at {len(CATALOG.events)} names {theirs:.3g} ms"
    return Row(name, ours, "ms", beside, ratio, f"≤ {GOAL} ×", ratio <= GOAL)


def _ask(database: Database, tab: str, now: datetime) -> None:
    queries = Queries(database, CATALOG, SETTINGS, clock=lambda: now)
    queries.tab(tab, queries.window("24h"))
