"""Unique counts of charts: each value once in whatever range, zero without events, a gap where nobody counted."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from db import declared
from db.engine import Database
from db.registers import REGISTERS, Kept, count
from db.rollups import lock
from db.series_reads import Rows
from metrics_dash.charts.queries import Queries
from metrics_dash.charts.rows import aggregate
from metrics_dash.charts.uniques import unique
from tests.db.test_registers import hashes
from tests.support.charts import SESSION, at, recorded_since, store, uniques

NOON = at("2026-03-10T12:00+00:00")
SECOND = np.array([1.0])


def declare(database: Database) -> None:
    with database.begin() as connection:
        lock(connection)
        declared.declare(connection, declared.Declared(unique={SESSION: ["account_id"]}))


def sessions(*people: tuple[float, Any]) -> Iterable[Any]:
    return ((SESSION, NOON + timedelta(minutes=minute), {}, {"account_id": who}) for minute, who in people)


@pytest.mark.parametrize("length", ["1h", "24h", "7d", "30d"])
def test_a_player_counts_once_in_every_range(database: Database, queries: Queries, length: str) -> None:
    declare(database)
    store(database, *sessions((0, 1), (1, 1), (20, 1), (20, 2), (-50, 2)))
    data = queries.chart("unique-players", queries.window(length))
    assert data.headline.value == 2
    assert data.headline.label == "different"
    assert np.nanmax(data.series[0].v) <= 2


@pytest.mark.parametrize("people", [128, 129, 5000])
def test_many_players_are_counted_within_what_is_promised(database: Database, queries: Queries, people: int) -> None:
    declare(database)
    store(database, *sessions(*((-(number % 50), f"player {number}") for number in range(people))))
    data = queries.chart("unique-players", queries.window("6h"))
    # So many that registers take every letter that they have in practice; of so few, exactly.
    assert data.headline.value == pytest.approx(people, rel=0 if people <= 128 else 0.07)


def test_buckets_put_together_count_a_value_once() -> None:
    rows = Rows(
        np.array([0, 1]), np.array([3.0, 2.0]), uniques=uniques((0, hashes(1, 2)), (1, hashes(2)), (1, hashes(3)))
    )
    assert unique(rows, SECOND).tolist() == [2, 2]
    assert unique(aggregate(rows, 2), SECOND).tolist() == [3]


def test_what_was_not_declared_for_a_part_is_not_known() -> None:
    rows = Rows(np.array([0, 1]), np.array([3.0, 2.0]), uniques=uniques((0, hashes(1)), (0, None), (1, hashes(2))))
    assert unique(rows, SECOND) == pytest.approx([np.nan, 1], nan_ok=True)
    assert np.isnan(unique(aggregate(rows, 2), SECOND)).all()


def test_without_events_there_is_nobody_and_before_the_declaration_a_gap(database: Database, queries: Queries) -> None:
    store(database, *sessions((0, 1)))
    recorded_since(database, NOON - timedelta(days=2))
    window = queries.window("1h")
    at_noon = int(np.flatnonzero(queries.chart("unique-players", window).series[0].t == NOON.timestamp() * 1000)[0])
    values = queries.chart("unique-players", window).series[0].v
    assert np.isnan(values[at_noon])
    assert values[at_noon - 1] == 0
    declare(database)
    store(database, *sessions((1, 1)))


def test_what_is_compared_may_have_an_hour_twice() -> None:
    rows = Rows(
        np.array([0, 5, 5, 9]), np.array([1.0, 2.0, 2.0, 1.0]), uniques=uniques((5, hashes(1, 2)), (0, hashes(3)))
    )
    assert unique(rows, SECOND) == pytest.approx([1, 2, 2, np.nan], nan_ok=True)


@pytest.mark.parametrize("seed", range(20))
def test_all_buckets_at_once_count_as_each_by_itself(seed: int) -> None:
    """Buckets made of any number of parts, with hashes, registers, nothing, or of before the declaration."""
    random = np.random.default_rng(seed)
    starts = np.arange(0, 50, 5)

    def part() -> Kept | None:
        kind = random.integers(6)
        if kind == 0:
            return None
        if kind == 1:
            return random.integers(0, 12, REGISTERS).astype(np.uint8)
        return random.integers(0, 400, random.integers(0, 60))

    kept = [(int(start), part()) for start in random.choice(np.append(starts, 77), 40)]
    rows = Rows(starts, np.ones(len(starts)), uniques=uniques(*kept))

    def expected(those: set[int]) -> float:
        found = [each for start, each in kept if start in those]
        told = [each for each in found if each is not None]
        return np.nan if not found or len(told) < len(found) else count(told)

    assert unique(rows, SECOND) == pytest.approx([expected({start}) for start in starts.tolist()], nan_ok=True)
    for upto in (1, 4, 10):
        whole = expected(set(starts[:upto].tolist()))
        assert unique(aggregate(rows, upto), SECOND) == pytest.approx([whole], nan_ok=True)
