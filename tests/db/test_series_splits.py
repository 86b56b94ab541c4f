"""Reading splits: of each value what is read of all, and of the rest what is left."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from db.engine import Database
from db.events import insert_events
from db.series import read_series
from db.series_reads import Bins, Read, Rows
from metrics_dash.jobs.rollup import roll_up_all
from tests.db.test_splits import declare
from tests.support.rollups import NOON, event

MINUTE = 60_000
START = int(NOON.timestamp() * 1000)
READ = Read("a.b", "minute", START, START + 60 * MINUTE, "x", split_by="land", split_values=2, apart=True)


@pytest.fixture
def stored(database: Database) -> Database:
    """Three values of which the rarest has the greatest sum, and events without any."""
    declare(database, "land", unique=["who"])
    lands = ["de"] * 6 + ["fr"] * 4 + ["it"] * 2 + [None] * 3
    insert_events(
        [
            event(
                n, metadata={"who": n % 4, **({} if land is None else {"land": land})}, x=100.0 if land == "it" else n
            )
            for n, land in enumerate(lands)
        ],
        database=database,
    )
    roll_up_all(database)
    return database


def read(database: Database, *reads: Read) -> list[Rows]:
    with database.reading() as connection:
        return read_series(connection, reads)[0]


@pytest.mark.parametrize(
    "edges",
    [None, (0, 30, 60), (0, 7, 60)],
    ids=["plain", "of one length", "of several"],
)
def test_values_and_the_rest_are_all_there_is(stored: Database, edges: tuple[int, ...] | None) -> None:
    bounds = None if edges is None else tuple(START + edge * MINUTE for edge in edges)
    (rows,) = read(stored, replace(READ, edges=bounds))
    assert set(rows.apart) == {"de", "fr", None}
    for part in ("count", "sum", "values"):
        total = sum(getattr(each, part).sum() for each in rows.apart.values())
        assert total == getattr(rows, part).sum()
    assert {value: part.count.sum() for value, part in rows.apart.items()} == {"de": 6, "fr": 4, None: 5}
    rest = rows.apart[None]
    assert rest.max is not None
    assert rest.max.max() == 100
    assert set(rest.start.tolist()) <= set(rows.start.tolist())


def test_values_may_go_by_their_sums(stored: Database) -> None:
    (rows,) = read(stored, replace(READ, summed=True))
    assert set(rows.apart) == {"it", "fr", None}


def test_extremes_are_read_where_they_are_asked_for(stored: Database) -> None:
    whole, sums = read(stored, READ, replace(READ, extremes=False))
    assert set(sums.apart) == set(whole.apart)
    for value, part in sums.apart.items():
        other = whole.apart[value]
        assert (part.min, part.max) == (None, None)
        assert other.min is not None
        assert sorted(zip(part.start, part.count, strict=True)) == sorted(zip(other.start, other.count, strict=True))
        assert part.sum is not None
        assert other.sum is not None
        assert sorted(part.sum) == sorted(other.sum)


def in_each(bins: Bins | None) -> Counter[tuple[int, int]]:
    """How many values are in each bucket's places."""
    assert bins is not None
    found: Counter[tuple[int, int]] = Counter()
    for start, place, count in zip(bins.start.tolist(), bins.place.tolist(), bins.count.tolist(), strict=True):
        found[start, place] += count
    return Counter({where: count for where, count in found.items() if count})


def test_histograms_and_unique_counts_come_with_their_values(stored: Database) -> None:
    placed, unique = read(stored, replace(READ, placed=True), replace(READ, measurement="who", unique=True))
    bins = {value: in_each(part.bins) for value, part in placed.apart.items()}
    assert {value: sum(each.values()) for value, each in bins.items()} == {"de": 6, "fr": 4, None: 5}
    # Those of the rest are what the named ones leave of all: none is left where they have them.
    assert bins["de"] + bins["fr"] + bins[None] == in_each(placed.bins)
    assert min(bins[None].values()) > 0
    kept = {value: part.uniques for value, part in unique.apart.items() if part.uniques is not None}
    assert {value: len(each.start) for value, each in kept.items()} == {"de": 6, "fr": 4, None: 5}
    assert all(each.known.all() for each in kept.values())


def test_a_split_that_nobody_declared_has_no_values(stored: Database) -> None:
    whole, other = read(
        stored,
        replace(READ, split_by="who"),
        replace(READ, end=START + int(timedelta(minutes=3).total_seconds()) * 1000),
    )
    assert whole.apart == {}
    assert whole.count.sum() == 15
    assert {value: part.count.sum() for value, part in other.apart.items()} == {"de": 3}


def test_totals_are_of_every_value_and_of_no_bucket(stored: Database) -> None:
    whole = replace(READ, apart=False, totals=True, split_values=10, edges=(START, START + 60 * MINUTE))
    (rows,) = read(stored, whole)
    assert {name: (at.tolist(), counts.tolist()) for name, (at, counts) in rows.splits.items()} == {
        "de": ([START], [6]),
        "fr": ([START], [4]),
        "it": ([START], [2]),
    }
    (first,) = read(stored, replace(whole, split_values=1))
    assert list(first.splits) == ["de"]
    (later,) = read(stored, replace(whole, start=START + 4 * MINUTE, edges=(START + 4 * MINUTE, START + 60 * MINUTE)))
    assert [counts.tolist() for _, counts in later.splits.values()] == [[4], [2], [2]]
