"""Refreshing a tab, server side: from the cache, and from the database beside the bare SQL for the same rows."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import cycle
from typing import Any

import psycopg
from sqlalchemy import event, text

from benchmarks.harness import events, fresh_database, milliseconds, pair, store, vacuum
from benchmarks.table import Row
from db.engine import Database
from metrics_dash.catalog import Tab, load_catalog
from metrics_dash.charts.queries import Queries
from metrics_dash.charts.timerange.compared import comparison_edges
from metrics_dash.charts.timerange.grid import from_milliseconds
from metrics_dash.charts.timerange.windows import Window, bucket_edges
from metrics_dash.ingest.event import Event
from metrics_dash.jobs.rollup import roll_up_all
from metrics_dash.settings import load_settings

CACHED_GOAL_MS = 2.0
UNCACHED_GOAL_MS = 10.0
RATIO_GOAL = 1.3
GROWTH_GOAL = 1.1
DOZEN, DOZEN_GOAL_MS = 12, 15.0
VIEWERS = 100
CATALOG = load_catalog()
SETTINGS = load_settings({})

_BARE = """
SELECT bucket_start, count, (sum_values->>%(measurement)s)::float8, (min_values->>%(measurement)s)::float8,
    (max_values->>%(measurement)s)::float8, (value_counts->>%(measurement)s)::float8
FROM telemetry_buckets
WHERE event_name = %(event)s AND bucket_type = %(level)s AND bucket_start >= %(start)s AND bucket_start < %(end)s
ORDER BY bucket_start
"""
_BARE_COUNT = """
SELECT bucket_start, count FROM telemetry_buckets
WHERE event_name = %(event)s AND bucket_type = %(level)s AND bucket_start >= %(start)s AND bucket_start < %(end)s
ORDER BY bucket_start
"""
# Of the period before: a gauge's latest bucket, and of everything else the sums.
_BARE_LATEST = _BARE + "DESC LIMIT 1"
_BARE_TOTAL = """
SELECT sum(count), sum((sum_values->>%(measurement)s)::float8), min((min_values->>%(measurement)s)::float8),
    max((max_values->>%(measurement)s)::float8), sum((value_counts->>%(measurement)s)::float8)
FROM telemetry_buckets
WHERE event_name = %(event)s AND bucket_type = %(level)s AND bucket_start >= %(start)s AND bucket_start < %(end)s
"""
_BARE_SPLIT = """
SELECT bucket_start, entry.key, entry.value::float8
FROM telemetry_buckets, jsonb_each_text(metadata_counts) AS entry
WHERE event_name = %(event)s AND bucket_type = %(level)s AND bucket_start >= %(start)s AND bucket_start < %(end)s
    AND starts_with(entry.key, %(split)s) ORDER BY bucket_start
"""


def run(quick: bool = False) -> list[Row]:
    """The figures; ``quick``: a tenth of the raw rows."""
    raw = 10_000 if quick else 100_000
    with fresh_database() as database:
        now = datetime.now(UTC)
        _fill(database, raw // 5, minutes=30 * 24 * 60)
        _fill(database, raw, minutes=24 * 60)
        _sample_gauges(database, now)
        rows = [row for length in ("1h", "24h", "30d") for row in _refresh(database, "server", length, now)]
        rows += _refresh(database, "auth", "24h", now)[1:]
        rows.append(_dozen(database, now))
        _fold_again(database)
        before = _uncached(database, "server", "24h", now)
        _fill(database, 9 * raw, minutes=24 * 60)
        rows.append(_growth(before, _uncached(database, "server", "24h", now)))
        rows.append(_statements(database, now))
    return rows


def _fill(database: Database, count: int, minutes: int) -> None:
    """Store and roll up realistic events of all names over the last minutes."""
    _store(database, events(count, minutes=minutes))


def _sample_gauges(database: Database, now: datetime) -> None:
    """A sample of each gauge for each minute of the last two days, so that no bucket of a chart is missing."""
    gauges = {chart.event: chart.measurement for chart in CATALOG.tab("server").charts}
    minutes = [now - timedelta(minutes=number) for number in range(2 * 24 * 60)]
    samples = [Event(name, {value: 100.0 + m.minute}, {}, m) for m in minutes for name, value in gauges.items()]
    _store(database, samples)


def _fold_again(database: Database) -> None:
    """Make the buckets of the last day anew, minute by minute, as passes do and as more raw rows will: those of one
    event then lie on many pages, where what was stored at once lies on a few."""
    with database.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO rollup_dirty (level, event_name, bucket_start) SELECT 'minute', event_name, bucket_start "
                "FROM telemetry_buckets WHERE bucket_type = 'minute' AND bucket_start >= now() - interval '1 day' "
                "ORDER BY bucket_start"
            )
        )
    _roll_up(database)


def _store(database: Database, everything: list[Event]) -> None:
    store(database, everything)
    _roll_up(database)


def _roll_up(database: Database) -> None:
    roll_up_all(database)
    vacuum(database, "telemetry_buckets", "rollup_dirty")


def _queries(database: Database, now: datetime) -> Queries:
    return Queries(database, CATALOG, SETTINGS, clock=lambda: now)


def _refresh(database: Database, tab: str, length: str, now: datetime) -> list[Row]:
    warm = _queries(database, now)
    cached = milliseconds(lambda: warm.tab(tab, warm.window(length)))
    window = warm.window(length)
    # Alternating, so that whatever else the machine does falls on both alike.
    uncached, bare = pair(lambda: _ask(database, tab, length, now), _bare(database, CATALOG.tab(tab), window))
    ratio = uncached / bare
    name = f"refresh of tab {tab}, {length} ({window.step.key})"
    return [
        Row(f"{name}, cached", cached, "ms", "", None, f"≤ {CACHED_GOAL_MS:g} ms", cached <= CACHED_GOAL_MS),
        Row(
            f"{name}, not cached",
            uncached,
            "ms",
            f"bare SQL for the same rows: {bare:.1f} ms",
            ratio,
            f"≤ {UNCACHED_GOAL_MS:g} ms and ≤ {RATIO_GOAL:g} ×",
            uncached <= UNCACHED_GOAL_MS and ratio <= RATIO_GOAL,
        ),
    ]


def _dozen(database: Database, now: datetime) -> Row:
    """A tab of twelve charts, as many as the default catalog has and more over, from an empty cache."""
    charts = [replace(chart, id=f"n{number}") for number, chart in zip(range(DOZEN), cycle(CATALOG.charts()))]
    catalog = replace(CATALOG, tabs=(Tab(id="dozen", title="A dozen", charts=tuple(charts)),))

    def ask() -> None:
        queries = Queries(database, catalog, SETTINGS, clock=lambda: now)
        queries.tab("dozen", queries.window("24h"))

    took = milliseconds(ask)
    goal = f"≤ {DOZEN_GOAL_MS:g} ms"
    return Row("a tab of 12 charts, 24h, not cached", took, "ms", "", None, goal, took <= DOZEN_GOAL_MS)


def _ask(database: Database, tab: str, length: str, now: datetime) -> None:
    """A refresh with an empty cache: the pipeline's status and the tab."""
    queries = _queries(database, now)
    queries.tab(tab, queries.window(length))


def _uncached(database: Database, tab: str, length: str, now: datetime) -> float:
    return milliseconds(lambda: _ask(database, tab, length, now))


def _bare(database: Database, tab: Tab, window: Window) -> Callable[[], None]:
    """Plain statements, one after the other, over a connection that is open already: for each chart the rows that it
    draws, and the period before that its headline is compared with.
    """
    edges = bucket_edges(window)
    earlier = comparison_edges(window, "period")
    when = {"level": window.source, "start": from_milliseconds(edges[0]), "end": from_milliseconds(edges[-1])}
    before = {"start": from_milliseconds(earlier[0]), "end": from_milliseconds(earlier[-1])}
    questions = []
    for chart in tab.charts:
        asked = {**when, "event": chart.event, "measurement": chart.measurement, "split": f"{chart.split_by}:"}
        questions.append((_BARE if chart.measurement else _BARE_COUNT, asked))
        questions.append((_BARE_LATEST if chart.kind == "gauge" else _BARE_TOTAL, {**asked, **before}))
        if chart.split_by:
            questions.append((_BARE_SPLIT, asked))
    connection = psycopg.connect(database.dsn(), prepare_threshold=None)

    def ask() -> None:
        for statement, asked in questions:
            connection.execute(statement, asked).fetchall()
        connection.rollback()

    return ask


def _growth(before: float, after: float) -> Row:
    ratio = after / before
    goal = f"≤ {GROWTH_GOAL:g} ×"
    name = "refresh of tab server, 24h, not cached, at ten times the raw rows"
    return Row(name, after, "ms", f"at the raw rows above: {before:.1f} ms", ratio, goal, ratio <= GROWTH_GOAL)


def _statements(database: Database, now: datetime) -> Row:
    one, many = (_count(database, now, viewers) for viewers in (1, VIEWERS))
    name = f"SQL statements a tick with {VIEWERS} viewers"
    return Row(name, many, "", f"with one viewer: {one}", many / one, "equal", many == one)


def _count(database: Database, now: datetime, viewers: int) -> int:
    queries = _queries(database, now)
    with _counted(database) as sent, ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: queries.tab("auth", queries.window("24h")), range(viewers)))
    return len(sent)


@contextmanager
def _counted(database: Database) -> Iterator[list[str]]:
    sent: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith("BEGIN"):
            sent.append(statement)

    event.listen(database.read_engine, "before_cursor_execute", note)
    yield sent
    event.remove(database.read_engine, "before_cursor_execute", note)
