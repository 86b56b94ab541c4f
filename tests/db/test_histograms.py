"""Histograms as they come: finer scales come down exactly, and what one has gained is a histogram again."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from db.histograms import SCALE, difference, scaled_down

_SIDE = st.tuples(st.integers(-500, 500), st.lists(st.integers(0, 9), max_size=20)).map(list)


def total(histogram: Any) -> int:
    sides = (histogram.get(side, [0, []])[1] for side in ("positive", "negative"))
    return int(histogram.get("zero", 0)) + sum(map(sum, sides))


def test_neighbours_are_added_up_below_zero_too() -> None:
    fine = {"scale": SCALE + 1, "zero": 1, "positive": [-3, [1, 2, 3, 4, 5]]}
    # Of the indexes -3, -2, -1, 0 and 1: halves are -2, -1, -1, 0 and 0.
    assert scaled_down(fine) == {"scale": SCALE, "zero": 1, "positive": [-2, [1, 5, 9]]}


def test_what_is_as_coarse_already_stays() -> None:
    coarse = {"scale": 2, "zero": 0, "positive": [0, [1]]}
    assert scaled_down(coarse) is coarse


@given(st.integers(SCALE + 1, 20), _SIDE, _SIDE)
def test_no_value_is_lost_on_the_way_down(scale: int, positive: Any, negative: Any) -> None:
    fine = {"scale": scale, "zero": 2, "positive": positive, "negative": negative}
    assert total(scaled_down(fine)) == total(fine)


@given(st.integers(0, 8), st.integers(0, 8), _SIDE, _SIDE)
def test_a_difference_is_what_was_added_also_at_another_scale(one: int, other: int, before: Any, added: Any) -> None:
    old = {"scale": one, "zero": 1, "positive": before}
    coarse = min(one, other)
    old_there, more_there = (
        dict(scaled_down({"scale": 8, "zero": 0, "positive": side}, coarse)).get("positive", [0, []])
        for side in (before, added)
    )
    old = {"scale": coarse, "zero": 1, "positive": old_there}
    summed: dict[int, int] = {}
    for offset, counts in (old_there, more_there):
        for place, count in enumerate(counts):
            summed[offset + place] = summed.get(offset + place, 0) + count
    first = min(summed, default=0)
    new = {"scale": coarse, "zero": 4, "positive": [first, [summed.get(first + n, 0) for n in range(
        max(summed, default=-1) - first + 1)]]}  # fmt: skip
    gained = difference(new, old)
    assert gained is not None
    assert gained["zero"] == 3
    assert total(gained) - 3 == sum(more_there[1])


def test_explicit_bounds_are_compared_where_they_are_the_same() -> None:
    old, new = {"bounds": [1, 5], "counts": [1, 2, 3]}, {"bounds": [1, 5], "counts": [1, 4, 3]}
    assert difference(new, old) == {"bounds": [1, 5], "counts": [0, 2, 0]}
    assert difference({**new, "bounds": [1, 6]}, old) is None
    assert difference(old, new) is None
    assert difference(new, None) is difference(None, old) is None
    assert difference({"scale": 1, "zero": 0}, old) is None
