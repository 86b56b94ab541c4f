"""Reading buckets through a filter."""

from datetime import UTC, datetime, timedelta
from itertools import product

import numpy as np
import pytest

from db import declared
from db.engine import Database
from db.events import insert_events
from db.filters import Filter
from db.rollups import lock
from db.series import read_series
from db.series_reads import Read, Rows
from metrics_dash.jobs.rollup import roll_up_all

START = datetime(2026, 3, 10, 12, tzinfo=UTC)
MINUTE = 60_000
FIRST = round(START.timestamp() * 1000)
EDGES = {
    "plain": None,
    "of one length": tuple(FIRST + 2 * MINUTE * place for place in range(4)),
    "uneven": (FIRST, FIRST + MINUTE, FIRST + 6 * MINUTE),
}


@pytest.fixture
def stored(database: Database) -> Database:
    """Minutes with a value, with another one, without any, and with nothing at all."""
    with database.begin() as connection:
        lock(connection)
        declared.declare(connection, declared.Declared(split={"test.a": ["zone"]}))
    zones = {0: ["north", "south", "south"], 1: ["south"], 2: [None], 4: ["north", "north", None]}
    insert_events(
        [
            {
                "event_name": "test.a",
                "measurements": {"x": 1 + minute},
                "metadata": {} if zone is None else {"zone": zone},
                "occurred_at": START + timedelta(minutes=minute),
            }
            for minute, those in zones.items()
            for zone in those
        ],
        database=database,
    )
    roll_up_all(database)
    return database


def read(database: Database, where: Filter, measurement: str | None, edges: tuple[int, ...] | None) -> Rows:
    asked = Read("test.a", "minute", FIRST, FIRST + 6 * MINUTE, measurement, edges=edges, where=where)
    with database.reading() as connection:
        (rows,), _ = read_series(connection, [asked])
    return rows


def counts(rows: Rows) -> dict[int, float]:
    return dict(sorted(((start - FIRST) // MINUTE, count) for start, count in zip(rows.start, rows.count, strict=True)))


@pytest.mark.parametrize(
    ("without", "shape", "expected"),
    [
        (False, "plain", {0: 1, 4: 2}),
        (True, "plain", {0: 2, 1: 1, 2: 1, 4: 1}),
        (False, "of one length", {0: 1, 4: 2}),
        (True, "of one length", {0: 3, 2: 1, 4: 1}),
        (False, "uneven", {0: 1, 1: 2}),
        (True, "uneven", {0: 2, 1: 3}),
    ],
)
def test_a_bucket_has_what_the_filter_leaves_and_none_where_that_is_nothing(
    stored: Database, without: bool, shape: str, expected: dict[int, float]
) -> None:
    where = Filter("zone", "north", without)
    for measurement in (None, "x"):
        rows = read(stored, where, measurement, EDGES[shape])
        assert counts(rows) == expected
        assert not len(rows.unknown)


def test_a_measurement_is_of_the_same_events(stored: Database) -> None:
    rows = read(stored, Filter("zone", "south"), "x", (FIRST, FIRST + 6 * MINUTE))
    assert (rows.sum, rows.min, rows.max, rows.values) == ([4], [1], [2], [3])


def test_reads_of_several_filters_and_none_are_one_statement(stored: Database) -> None:
    asked = [
        Read("test.a", "minute", FIRST, FIRST + 6 * MINUTE, measurement, edges=edges, where=where)
        for where, measurement, edges in product(
            (None, Filter("zone", "north"), Filter("zone", "north", without=True)), (None, "x"), EDGES.values()
        )
    ]
    with stored.reading() as connection:
        answers, _ = read_series(connection, asked)
    totals = [float(np.sum(rows.count)) for rows in answers]
    assert totals == [8] * 6 + [3] * 6 + [5] * 6


def test_an_unsplit_part_makes_the_whole_of_a_longer_bucket_unknown(database: Database) -> None:
    early = {"event_name": "test.a", "measurements": {"x": 1}, "metadata": {"zone": "north"}, "occurred_at": START}
    insert_events([early], database=database)
    roll_up_all(database)
    rows = read(database, Filter("zone", "north"), "x", (FIRST, FIRST + 6 * MINUTE))
    assert rows.doubts is not None
    assert (len(rows.start), rows.unknown.tolist(), len(rows.doubts.start)) == (0, [FIRST], 0)
    assert counts(read(database, Filter("zone", "north"), None, None)) == {0: 1}
