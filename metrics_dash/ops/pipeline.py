"""What the pipeline page shows: who sends, what is refused, how long work takes, what is stored and what goes next.

All of what happens over time comes from the application's own events through its own buckets
(``metrics_dash.ingest.reports``); the rest is asked of the database, and how large it is once a minute.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from cachetools import TTLCache, cached
from sqlalchemy import Connection

from db.collectors import INGEST_EVENT, PROCESS_EVENT, REFUSALS_EVENT, REPAIRS_EVENT
from db.engine import Database
from db.floors import read_floors
from db.jobs import last_run
from db.levels import LEVEL_NAMES
from db.reading import ask
from db.sizes import Sizes, count_rows, read_sizes
from db.status import CollectorStatus
from db.whole import WholeKey, whole_keys
from metrics_dash.catalog import Chart, Tab
from metrics_dash.charts.data import ChartData
from metrics_dash.charts.queries import Queries
from metrics_dash.jobs.retention import purge, retention_periods
from metrics_dash.settings import Settings

SIZES_SECONDS = 60
RANGE = "24h"

# Title and unit of what is sampled once a minute, and whether it is a state at that moment or work that was done.
SAMPLES: Mapping[str, tuple[str, str, bool]] = {
    "lag_s": ("Lag", "s", True),
    "buffered": ("Buffer", "", True),
    "spooled": ("On disk", "", True),
    "dirty": ("Buckets to recompute", "", True),
    "flush_ms": ("Flush", "ms", False),
    "rollup_ms": ("Rollup pass", "ms", False),
    "callback_ms": ("Callback", "ms", False),
    "viewers": ("Viewers", "", True),
    "walls": ("Walls", "", True),
}


def _charts() -> tuple[Chart, ...]:
    ways = Chart("ways", "Events in", INGEST_EVENT, "count", "counter", split_by="way", dimensions=("way",))
    reasons = Chart("reasons", "Refused", REFUSALS_EVENT, "count", "counter", split_by="reason", dimensions=("reason",))
    sampled = (
        Chart(key, title, PROCESS_EVENT, "avg", "gauge" if is_state else "timing", measurement=key, unit=unit)
        for key, (title, unit, is_state) in SAMPLES.items()
    )
    most = (
        Chart(f"{key}-most", title, PROCESS_EVENT, "max", "timing", measurement=key, unit=unit)
        for key, (title, unit, is_state) in SAMPLES.items()
        if not is_state
    )
    repaired = Chart("repaired", "Repaired", REPAIRS_EVENT, "count", "counter", split_by="level", dimensions=("level",))
    return ways, reasons, repaired, *sampled, *most


TAB = Tab(id="pipeline", title="Pipeline", charts=_charts())


@dataclass(frozen=True, slots=True)
class Level:
    """What is stored of a level: ``rows`` (of raw events an estimate), since when; ``kept`` is how long in days, and
    ``goes`` how many partitions or buckets the next purge takes."""

    name: str
    rows: int
    since: datetime | None
    kept: float
    goes: int
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Store:
    """What is stored: how large everything is, and the levels from raw to day. ``audited``: when slices of it were last
    compared, and how that went. ``whole``: the keys that are counted as a whole, the newest first."""

    sizes: Sizes
    levels: tuple[Level, ...]
    audited: tuple[datetime, str] | None = None
    whole: tuple[WholeKey, ...] = ()


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The pipeline at one moment, and in the last 24 hours by chart id. ``capacity``: events that a process buffers."""

    now: datetime
    complete_through: datetime
    dirty: int
    collectors: tuple[CollectorStatus, ...]
    charts: Mapping[str, ChartData]
    store: Store
    capacity: int


def overview(queries: Queries, database: Database, settings: Settings) -> Callable[[], Pipeline]:
    """Return who answers with the pipeline as it is. Raises ``QueriesUnavailableError``, ``SQLAlchemyError``."""
    store = cached(TTLCache(1, SIZES_SECONDS))(lambda: _store(database, settings))

    def look() -> Pipeline:
        moment = queries.moment()
        data = queries.charts(TAB, queries.window(RANGE, moment=moment), moment=moment)
        status = moment.status
        charts = {chart.chart.id: chart for chart in data.charts}
        return Pipeline(
            moment.now,
            status.complete_through,
            status.dirty,
            status.collectors,
            charts,
            store(),
            settings.buffer_events,
        )

    return look


def _store(database: Database, settings: Settings) -> Store:
    def question(
        connection: Connection,
    ) -> tuple[Sizes, dict[str, int], dict[str, datetime | None], tuple[datetime, str] | None, tuple[WholeKey, ...]]:
        since = {level: floor.recompute for level, floor in read_floors(connection).items()}
        audited, whole = last_run(connection, "audit"), tuple(whole_keys(connection))
        return read_sizes(connection), count_rows(connection), since, audited, whole

    sizes, rows, since, audited, whole = ask(database, question)
    due = {level.level: level for level in purge(database, settings, dry_run=True).levels}
    periods = retention_periods(settings)
    levels = (
        Level(
            name, rows.get(name, 0), since[name], periods[name].total_seconds() / 86400, due[name].removed,
            due[name].reason if due[name].outcome in ("held", "blocked", "refused") else "",
        )
        for name in LEVEL_NAMES
    )  # fmt: skip
    return Store(sizes, tuple(levels), audited, whole)
