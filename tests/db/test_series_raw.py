"""Reading raw events through several filters: as the rollup counts them, and no more of them than are cheap."""

from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from db import declared, series_raw
from db.aggregates import Aggregate
from db.batches import Batch
from db.engine import Database
from db.filters import Filter
from db.ledger import write_batches
from db.partitions import ensure_partitions
from db.rollups import lock
from db.rows import KINDS
from db.series import read_series
from db.series_reads import Read, Rows
from metrics_dash.charts.percentiles import percentile
from metrics_dash.charts.uniques import unique
from metrics_dash.ingest.event import Event, check_event
from metrics_dash.jobs.rollup import roll_up_all
from tests.support.rollups import NOON

MINUTE = 60_000
FIRST = round(NOON.timestamp() * 1000)
EDGES = tuple(FIRST + MINUTE * place for place in range(0, 31, 2))
UNEVEN = (FIRST, FIRST + 3 * MINUTE, FIRST + 10 * MINUTE, FIRST + 30 * MINUTE)
HISTOGRAM = {"scale": 5, "zero": 0, "positive": [0, [4, 0, 6]]}


def made(seed: int, number: int = 400) -> list[Event]:
    """Events, samples and deltas of several weights, with measurements and aggregates, in three dimensions."""
    random = Random(seed)
    found = []
    for _ in range(number):
        metadata: dict[str, Any] = {"who": random.randrange(300)} if random.random() < 0.8 else {}
        metadata |= {"land": random.choice(["de", "fr", True, None, 7])} if random.random() < 0.9 else {}
        metadata |= {"tier": random.choice("abc")} if random.random() < 0.9 else {}
        more: dict[str, Any] = {"weight": random.choice([1, 1, 1, 10]), "kind": random.choice(KINDS)}
        if random.random() < 0.2:
            more["aggregates"] = {"x": Aggregate(10, 11.0, 1.0, 1.06, HISTOGRAM)}
        measured = {"x": round(random.uniform(-5, 50), 2)} if random.random() < 0.7 and "aggregates" not in more else {}
        found.append(Event("a.b", measured, metadata, NOON + timedelta(seconds=1800 * random.random()), **more))
    return found


@pytest.fixture
def stored(database: Database) -> Database:
    with database.begin() as connection:
        lock(connection)
        declared.declare(connection, declared.Declared(unique={"a.b": ["who"]}, split={"a.b": ["land", "tier"]}))
    events = made(seed=3)
    batch = Batch(uuid4(), [check_event(each, NOON + timedelta(days=1), timedelta(days=9000)) for each in events])
    ensure_partitions(database, {NOON.date()})
    with database.begin() as connection:
        write_batches(connection, [batch])
    roll_up_all(database)
    return database


def read(database: Database, *asked: Read) -> list[Rows]:
    with database.reading() as connection:
        return read_series(connection, asked)[0]


def by_start(rows: Rows, values: Any) -> dict[int, float]:
    return {
        start: value
        for start, value in sorted(zip(rows.start.tolist(), values.tolist(), strict=True))
        if value == value
    }


@pytest.mark.parametrize("edges", [EDGES, UNEVEN], ids=["of one length", "uneven"])
@pytest.mark.parametrize("value", ["de", "true", "null", "7", "nowhere"])
@pytest.mark.parametrize("without", [False, True], ids=["only", "without"])
def test_raw_events_say_what_buckets_say(stored: Database, edges: tuple[int, ...], value: str, without: bool) -> None:
    where = Filter("land", value, without)
    raw = replace(where, also=(Filter("tier", "nothing is called so", without=True),))
    shape = Read("a.b", "minute", edges[0], edges[-1], edges=edges)
    counted, measured = replace(shape, where=where), replace(shape, measurement="x", placed=True, where=where)
    once = replace(shape, measurement="who", unique=True, where=where)
    for bucketed in (counted, measured, once):
        of_buckets, of_events = read(stored, bucketed, replace(bucketed, where=raw))
        for name in ("count", "sum", "min", "max", "values"):
            one, other = getattr(of_buckets, name), getattr(of_events, name)
            if one is not None:
                told = by_start(of_buckets, one)
                assert by_start(of_events, other) == pytest.approx(told), name
        if bucketed is measured:
            for percent in (50, 95):
                told = by_start(of_buckets, percentile(of_buckets, percent))
                assert by_start(of_events, percentile(of_events, percent)) == told
        if bucketed is once:
            told = by_start(of_buckets, unique(of_buckets, np.ones(0)))
            assert {k: v for k, v in by_start(of_events, unique(of_events, np.ones(0))).items() if v} == {
                k: v for k, v in told.items() if v
            }


def test_every_filter_holds(stored: Database) -> None:
    events = [each for each in made(seed=3) if each.kind == "event"]
    where = Filter("land", "de", also=(Filter("tier", "a", without=True), Filter("tier", "b", without=True)))
    (rows,) = read(stored, Read("a.b", "minute", FIRST, EDGES[-1], edges=EDGES, where=where))
    mine = [e for e in events if e.metadata.get("land") == "de" and e.metadata.get("tier") not in ("a", "b")]
    assert rows.count.sum() == sum(each.weight for each in mine) > 0


def test_where_there_are_too_many_none_is_read(stored: Database) -> None:
    where = Filter("land", "de", also=(Filter("tier", "a"),))
    asked = [
        Read("a.b", "minute", FIRST, EDGES[-1], measurement, edges=EDGES, where=where, placed=measurement == "x")
        for measurement in (None, "x")
    ]
    assert [rows.too_many for rows in read(stored, *asked)] == [False, False]
    with stored.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE telemetry_buckets SET count = {series_raw.MOST_EVENTS + 1} WHERE bucket_type = 'hour'"
        )
    assert [(rows.too_many, len(rows.start)) for rows in read(stored, *asked)] == [(True, 0), (True, 0)]
