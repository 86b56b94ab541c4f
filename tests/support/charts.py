"""Events for charts: stored, rolled up, and looked at."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import event, text

from db.engine import Database
from db.events import insert_events
from db.registers import Kept
from db.series_reads import Uniques
from metrics_dash.charts import records
from metrics_dash.charts.data import ChartData, Series
from metrics_dash.charts.queries import Queries
from metrics_dash.charts.timerange.grid import from_milliseconds
from metrics_dash.charts.timerange.steps import DAY
from metrics_dash.jobs.rollup import roll_up_all

LOGIN = "bezgelor.auth.login_complete"
SESSION = "bezgelor.realm.session_start"
PLAYERS = "bezgelor.server.players"
KILLED = "bezgelor.creature.killed"
REFUSED = "metrics_dash.collector.refused"
BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 10, 12, 34, 56, tzinfo=UTC)
TICK = datetime(2026, 3, 10, 12, 34, 50, tzinfo=UTC)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def store(database: Database, *events: tuple[str, datetime, dict[str, float], dict[str, Any]]) -> None:
    """Store events and roll them up."""
    insert_events([(name, numbers, data, moment) for name, moment, numbers, data in events], database=database)
    roll_up_all(database)


def logins(moment: datetime, number: int, **data: Any) -> list[tuple[str, datetime, dict[str, float], dict[str, Any]]]:
    return [(LOGIN, moment + timedelta(milliseconds=each), {"duration_ms": 100.0}, data) for each in range(number)]


def players(moment: datetime, *samples: float) -> list[tuple[str, datetime, dict[str, float], dict[str, Any]]]:
    return [(PLAYERS, moment + timedelta(seconds=each), {"online": value}, {}) for each, value in enumerate(samples)]


def recorded_since(database: Database, moment: datetime) -> None:
    """Make every event one that was first recorded then, as if its first buckets were no longer kept."""
    with database.begin() as connection:
        connection.execute(text("UPDATE event_names SET first_seen_at = :t"), {"t": moment})


def wait_behind(database: Database, moment: datetime) -> None:
    """Make the pipeline complete through ``moment`` only: something that arrived then waits to be rolled up."""
    with database.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO rollup_dirty (level, event_name, bucket_start, marked_at) VALUES ('minute', 'x', :t, :t)"
            ),
            {"t": moment},
        )


def purged_below(database: Database, level: str, moment: datetime) -> None:
    with database.begin() as connection:
        connection.execute(
            text("DELETE FROM telemetry_buckets WHERE bucket_type = :level AND bucket_start < :moment"),
            {"level": level, "moment": moment},
        )
        connection.execute(
            text("UPDATE retention_floors SET ingest_floor = :moment, recompute_floor = :moment WHERE level = :level"),
            {"level": level, "moment": moment},
        )


def break_bucket(database: Database, name: str) -> None:
    """Put a text where a number belongs."""
    with database.begin() as connection:
        connection.execute(
            text('UPDATE telemetry_buckets SET sum_values = \'{"xp_reward": "much"}\' WHERE event_name = :name'),
            {"name": name},
        )


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """The statements that a block sends."""
    sent: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith("BEGIN"):
            sent.append(statement)

    event.listen(database.read_engine, "before_cursor_execute", note)
    yield sent
    event.remove(database.read_engine, "before_cursor_execute", note)


def value_at(series: Series, moment: datetime) -> float:
    return float(series.v[[from_milliseconds(t) for t in series.t].index(moment)])


def assert_same(one: ChartData, other: ChartData) -> None:
    assert (one.state, one.headline, one.unfinished_from) == (other.state, other.headline, other.unfinished_from)
    for mine, theirs in zip(one.series, other.series, strict=True):
        assert mine.name == theirs.name
        np.testing.assert_array_equal(mine.t, theirs.t)
        np.testing.assert_array_equal(mine.v, theirs.v)


def days_of(queries: Queries, zone: str, start: str, end: str) -> ChartData:
    window = queries.window(start=start, end=end, zone=ZoneInfo(zone), step=DAY)
    assert not window.days_are_utc
    return queries.chart("login-rate", window)


class ByteStore:
    """A cache that keeps bytes, as Redis does."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def get(self, key: str) -> Any:
        return records.load(self.kept[key]) if key in self.kept else None

    def set(self, key: str, value: Any, timeout: int | None = None) -> None:
        self.kept[key] = records.dump(value)


class BrokenStore:
    """A cache that is down."""

    def get(self, key: str) -> Any:
        raise ConnectionError(key)

    def set(self, key: str, value: Any, timeout: int | None = None) -> None:
        raise ConnectionError(key)


def uniques(*kept: tuple[int, Kept | None]) -> Uniques:
    """What a bucket that begins then keeps of its values; None where the key was not declared."""
    hashes = [each if each is not None and each.dtype == np.int64 else np.zeros(0, dtype=np.int64) for _, each in kept]
    return Uniques(
        np.array([start for start, _ in kept], dtype=np.int64),
        np.array([each is not None for _, each in kept], dtype=np.bool_),
        np.array([len(each) for each in hashes], dtype=np.int64),
        np.concatenate([np.zeros(0, dtype=np.int64), *hashes]),
        tuple((start, each) for start, each in kept if each is not None and each.dtype == np.uint8),
    )
