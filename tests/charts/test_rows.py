"""Rows of buckets in the order of a grid: a gap where there is none, and nothing counted twice."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from db.series_reads import Bins, Rows
from metrics_dash.charts.rows import aggregate, align, together
from tests.support.charts import uniques

GAP = float("nan")
MEASURED = Rows(
    np.array([300, 100, 200]),
    np.array([3.0, 1.0, 2.0]),
    sum=np.array([30.0, 10.0, GAP]),
    min=np.array([1.0, 4.0, GAP]),
    max=np.array([9.0, 6.0, GAP]),
    values=np.array([3.0, 1.0, GAP]),
    splits={"yes": (np.array([200, 300]), np.array([2.0, 1.0]))},
)
NOTHING = Rows(np.array([], dtype=np.int64), np.array([]))


def starts(*moments: int) -> NDArray[np.int64]:
    return np.array(moments, dtype=np.int64)


def same(found: Any, expected: list[float]) -> bool:
    return bool(np.array_equal(found, np.array(expected), equal_nan=True))


def test_rows_come_in_the_order_of_the_grid_and_a_missing_one_is_a_gap() -> None:
    aligned = align(MEASURED, starts(0, 100, 200, 300, 400))
    assert same(aligned.start, [0, 100, 200, 300, 400])
    assert same(aligned.count, [GAP, 1, 2, 3, GAP])
    assert same(aligned.sum, [GAP, 10, GAP, 30, GAP])
    assert same(aligned.min, [GAP, 4, GAP, 1, GAP])
    assert same(aligned.max, [GAP, 6, GAP, 9, GAP])
    assert same(aligned.values, [GAP, 1, GAP, 3, GAP])


def test_every_value_of_a_split_lies_on_the_same_grid() -> None:
    at, counts = align(MEASURED, starts(100, 200, 300)).splits["yes"]
    assert same(at, [100, 200, 300])
    assert same(counts, [GAP, 2, 1])


def test_no_rows_are_gaps_all_along_and_no_grid_is_no_rows() -> None:
    aligned = align(NOTHING, starts(100, 200))
    assert same(aligned.count, [GAP, GAP])
    assert (aligned.sum, aligned.splits) == (None, {})
    assert len(align(MEASURED, starts()).count) == 0


@given(st.dictionaries(st.integers(0, 50), st.integers(1, 9), max_size=20), st.sets(st.integers(0, 50), max_size=20))
def test_each_bucket_of_the_grid_gets_its_own_count(stored: dict[int, int], grid: set[int]) -> None:
    rows = Rows(np.array(list(stored), dtype=np.int64), np.array(list(stored.values()), dtype=float))
    asked = sorted(grid)
    assert same(align(rows, np.array(asked, dtype=np.int64)).count, [stored.get(at, GAP) for at in asked])


def test_many_buckets_add_up_to_one() -> None:
    one = aggregate(align(MEASURED, starts(100, 200, 300, 400)), 4)
    assert [float(part[0]) for part in (one.start, one.count)] == [100, 6]
    assert one.sum is not None
    assert one.min is not None
    assert one.max is not None
    assert one.values is not None
    assert [float(part[0]) for part in (one.sum, one.min, one.max, one.values)] == [40, 1, 9, 4]


def test_only_the_first_buckets_are_taken() -> None:
    one = aggregate(align(MEASURED, starts(100, 200, 300)), 2)
    assert one.max is not None
    assert (float(one.count[0]), float(one.max[0])) == (3, 6)


@pytest.mark.parametrize("upto", [0, 1])
def test_where_nothing_was_measured_there_is_no_extreme(upto: int) -> None:
    one = aggregate(align(MEASURED, starts(400)), upto)
    assert one.min is not None
    assert np.isnan(one.min[0])
    assert one.count[0] == 0


def test_what_is_only_counted_has_no_values() -> None:
    one = aggregate(Rows(starts(100, 200), np.array([1.0, 2.0])), 2)
    assert (one.sum, one.min, one.max, one.values) == (None, None, None, None)
    assert one.count[0] == 3


def test_parts_of_a_bucket_are_put_together() -> None:
    """Counts and sums add up, extremes are the furthest, histograms and different values are of all."""
    hundred = np.array([100], dtype=np.int64)
    one = Rows(hundred, np.array([2.0]), np.array([6.0]), np.array([1.0]), np.array([5.0]), np.array([2.0]))
    other = Rows(hundred, np.array([3.0]), np.array([GAP]), np.array([GAP]), np.array([GAP]), np.array([GAP]))
    whole = together([replace(one, bins=Bins(hundred, np.array([7]), np.array([2]))), other, one])
    assert [float(part[0]) for part in (whole.count, whole.sum, whole.min, whole.max, whole.values)] == [7, 12, 1, 5, 4]
    assert whole.bins is not None
    assert (whole.bins.place.tolist(), whole.bins.count.tolist()) == ([7], [2])
    kept = together([replace(one, uniques=uniques((100, None))), replace(one, uniques=uniques((100, None)))]).uniques
    assert kept is not None
    assert (kept.start.tolist(), kept.known.tolist()) == ([100, 100], [False, False])
