"""Two events that had the same of everything: what is stored of them is the same, however it was folded."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import text

from db import rollups
from db.aggregates import Aggregate
from db.buckets import query_buckets
from db.declared import Declared, declare
from db.engine import Database
from db.labels import OTHER
from db.levels import LEVELS
from db.rows import DELTA, EVENT, SAMPLE
from metrics_dash.ingest.event import Event
from tests.support.rollups import FOREVER, NOON


def everything(database: Database, name: str) -> Any:
    """All that is stored of an event: buckets, splits, keys that are counted as a whole, unique counts."""
    stored = {
        level.name: [
            {key: each[key] for key in each if key not in ("event_name", "inserted_at")}
            for each in query_buckets(name, level.name, *FOREVER, database=database)
        ]
        for level in LEVELS
    }
    with database.reading() as connection:
        rows = connection.execute(
            text(
                "SELECT bucket_type, dimension, bucket_start, value, count, measurements, histograms, uniques "
                "FROM telemetry_splits WHERE event_name = :name ORDER BY 1, 2, 3, 4"
            ),
            {"name": name},
        )
        split = [dict(row) for row in rows.mappings()]
        rows = connection.execute(
            text("SELECT key, since FROM whole_keys WHERE event_name = :n ORDER BY 1"), {"n": name}
        )
        whole = [tuple(row) for row in rows]
        uniques = connection.execute(
            text("SELECT bucket_start, uniques FROM telemetry_buckets WHERE event_name = :n ORDER BY bucket_type, 1"),
            {"n": name},
        )
        return stored, split, whole, [tuple(row) for row in uniques]


def approximately(found: Any) -> Any:
    """Sums depend on the order of adding; all else is exact."""
    stored, split, whole, uniques = found
    for each in (bucket for level in stored.values() for bucket in level):
        each["sum_values"] = {
            key: pytest.approx(value, rel=1e-9, abs=1e-6) for key, value in each["sum_values"].items()
        }
    for row in split:
        for parts in row["measurements"].values():
            parts[1] = None if parts[1] is None else pytest.approx(parts[1], rel=1e-9, abs=1e-6)
    return stored, split, whole, uniques


def assert_twins(database: Database, one: str, other: str) -> None:
    """Both events have the same buckets, splits and wide keys; sums may differ in their last digits."""
    assert everything(database, one) == approximately(everything(database, other))


def declare_twins(database: Database, *names: str) -> None:
    """Declare what ``nasty`` events of these names have."""
    with database.begin() as connection:
        rollups.lock(connection)
        for name in names:
            declare(connection, Declared(unique={name: ["who"]}, split={name: ["land", "few"]}))


def nasty(random: Random, ids: Iterator[int], *, wide: bool, long: bool) -> Event:
    """Anything that an event may be, with values that tie, and that are too many, too long or called as the rest is."""
    values: dict[str, Callable[[], Any]] = {
        "land": lambda: f"l{min(random.randrange(90), random.randrange(90))}",
        "few": lambda: random.choice([None, True, 1, "1", "null", OTHER, "", "a:b", ":", "\\"]),
        "some": lambda: f"s{random.randrange(70)}",
        "who": lambda: random.randrange(400),
        "a:b\\": lambda: random.randrange(3),
        OTHER: lambda: "x",
        "late": lambda: next(ids) if wide else 1,
        **({"long": lambda: random.choice("xyz") * 2000} if long and random.random() < 0.002 else {}),
    }
    metadata = {key: make() for key, make in values.items() if random.random() < 0.7}
    numbers: dict[str, float] = {
        key: random.choice([0, -1.5, random.gauss(0, 1e3), 1e12]) for key in "xyz" if random.random() < 0.5
    }
    known = [
        Aggregate(3, 12.5, 1.0, 9.0, {"scale": 5, "zero": 1, "positive": [0, [1, 0, 1]]}),
        Aggregate(2, None),
    ]
    aggregates = {"g": random.choice(known)} if random.random() < 0.1 else {}
    return Event(
        "a.b",
        numbers,
        metadata,
        NOON + timedelta(seconds=random.choice([random.random() * 60, 60 + random.random() * 60])),
        weight=random.choice([1, 1, 1, 5]),
        kind=random.choice([EVENT, EVENT, EVENT, SAMPLE, DELTA]),
        aggregates=aggregates,
    )
