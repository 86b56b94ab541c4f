"""Histograms as buckets keep them: within 1.1 % of every value, merged exactly, the same in Python and in SQL."""

import math
import sys
from collections import Counter
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from db.bins import (
    GREATEST,
    LEAST,
    MOST,
    PER_OCTAVE,
    ZERO_AT,
    bins_of,
    pack,
    packed_sql,
    place_of,
    place_sql,
    unpack,
    values_of,
)
from db.engine import Database
from db.events import insert_events
from db.histograms import SCALE
from metrics_dash.jobs.audit import audit
from metrics_dash.jobs.rollup import roll_up_all
from tests.support.rollups import buckets, event

NUMBERS = st.floats(-1e289, 1e289, allow_nan=False)


def value_of(place: int) -> float:
    return float(values_of(np.array([place]))[0])


@given(NUMBERS.filter(lambda number: abs(number) > 1e-300))
def test_what_stands_for_a_place_is_within_1_1_percent_of_its_values(value: float) -> None:
    assert value_of(place_of(value)) == pytest.approx(value, rel=0.011)


@given(st.lists(NUMBERS, min_size=2, max_size=20))
def test_places_are_in_the_order_of_their_numbers(numbers: list[float]) -> None:
    places = [place_of(number) for number in sorted(numbers)]
    assert places == sorted(places)
    assert place_of(0.0) == place_of(-0.0) == 0


@pytest.mark.parametrize("power", range(-1022, 961, 31))
def test_a_power_of_two_lies_below_its_bound_as_opentelemetry_has_it(power: int) -> None:
    assert place_of(2.0**power) == ZERO_AT + power * PER_OCTAVE == -place_of(-(2.0**power))


def test_the_least_and_the_greatest_number_have_a_place() -> None:
    assert (place_of(5e-324), place_of(sys.float_info.max)) == (LEAST, GREATEST)


def test_sql_puts_every_number_where_python_does(database: Database) -> None:
    random = Random(7)
    numbers = [random.choice((-1, 1)) * 2 ** random.uniform(-1020, 960) for _ in range(2000)]
    numbers += [2.0**power for power in range(-1022, 961)] + [0.0, 5e-324, -5e-324, 1.0, 8.0, 1000.0, 0.001]
    with database.begin() as connection:
        found = connection.execute(
            text(f"SELECT {place_sql('value')} FROM unnest(CAST(:numbers AS double precision[])) AS number (value)"),
            {"numbers": numbers},
        ).scalars()
        assert list(found) == [place_of(number) for number in numbers]
        assert connection.execute(text(f"SELECT {place_sql('CAST(NULL AS double precision)')}")).scalar() is None


def packed(database: Database, rows: list[tuple[int, int]]) -> str:
    columns = "unnest(CAST(:places AS int[]), CAST(:counts AS bigint[])) AS bin (place, count)"
    with database.begin() as connection:
        query = text(packed_sql("one", f"(SELECT 1 AS one, * FROM {columns}) AS bin"))
        values = {"places": [place for place, _ in rows], "counts": [count for _, count in rows]}
        return str(connection.execute(query, values).one().histogram)


def test_counts_of_a_place_are_added_up_and_places_stand_in_order(database: Database) -> None:
    assert (
        packed(database, [(9, 1), (-3, 2), (0, 5), (9, 4), (8, 0)]) == "-3:2 0:5 9:5" == pack({9: 5, 8: 0, 0: 5, -3: 2})
    )
    assert unpack("-3:2 0:5 9:5") == {-3: 2, 0: 5, 9: 5}
    assert unpack("") == {}


def test_of_too_many_places_the_least_are_counted_together_and_none_is_lost(database: Database) -> None:
    rows = [(place, 1) for place in range(ZERO_AT, ZERO_AT + MOST + 100)]
    held = unpack(packed(database, Random(1).sample(rows, len(rows))))
    assert len(held) == MOST
    assert sum(held.values()) == MOST + 100
    assert held[ZERO_AT + 100] == 101
    assert max(held) == ZERO_AT + MOST + 99


DISTRIBUTIONS: dict[str, Any] = {
    "uniform": lambda random: random.uniform(0, 1000),
    "log-normal": lambda random: random.lognormvariate(3, 2),
    "bimodal": lambda random: random.gauss(*random.choice(((20, 2), (900, 50)))),
    "constant": lambda random: 42.0,
    "tiny": lambda random: random.uniform(1, 9) * 1e-300,
    "huge": lambda random: random.uniform(1, 9) * 1e288,
    "negative": lambda random: -random.lognormvariate(1, 1),
    "around zero": lambda random: random.choice((0.0, random.gauss(0, 1))),
}


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_every_level_keeps_the_place_of_every_value(database: Database, name: str) -> None:
    random = Random(name)
    numbers = [DISTRIBUTIONS[name](random) for _ in range(600)]
    insert_events([event(n / 5, ms=number) for n, number in enumerate(numbers)], database=database)
    roll_up_all(database)
    expected = Counter(map(place_of, numbers))
    for level in ("minute", "hour", "day"):
        found = sum((Counter(bucket["histograms"]["ms"]) for bucket in buckets(database, level)), Counter())
        assert found == expected
    assert audit(database) == []


def test_a_weight_counts_in_a_place_and_events_without_the_measurement_do_not(database: Database) -> None:
    insert_events([event(0, ms=8), event(0, hp=0), event(0)], database=database)
    roll_up_all(database)
    (bucket,) = buckets(database, "day")
    assert bucket["histograms"] == {"ms": {ZERO_AT + 3 * PER_OCTAVE: 1}, "hp": {0: 1}}


# From histograms as senders have them


_SIDE = st.tuples(st.integers(-500, 500), st.lists(st.integers(0, 9), max_size=20))


@given(_SIDE, _SIDE, st.integers(0, 9))
def test_an_exponential_histogram_of_this_scale_keeps_every_count(positive: Any, negative: Any, zero: int) -> None:
    found = bins_of({"scale": SCALE, "zero": zero, "positive": positive, "negative": negative})
    expected = {0: zero} if zero else {}
    for (offset, counts), sign in ((positive, 1), (negative, -1)):
        expected |= {sign * (ZERO_AT + 1 + offset + n): count for n, count in enumerate(counts) if count}
    assert found == expected


@given(st.integers(-10, 20), _SIDE, _SIDE)
def test_no_count_of_an_exponential_histogram_is_lost_at_any_scale(scale: int, positive: Any, negative: Any) -> None:
    found = bins_of({"scale": scale, "zero": 1, "positive": positive, "negative": negative})
    assert sum(found.values()) == 1 + sum(positive[1]) + sum(negative[1])
    assert all(place == 0 or LEAST <= abs(place) <= GREATEST for place in found)


def test_of_a_coarser_scale_values_stay_between_the_bounds_of_their_bucket() -> None:
    places = bins_of({"scale": 0, "positive": [3, [100]], "negative": [0, [10]]})
    assert min(place for place in places if place > 0) >= place_of(8)
    assert max(places) <= place_of(16)
    assert min(places) >= place_of(-2)


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=10, unique=True).map(sorted),
    st.lists(st.integers(0, 99), min_size=11, max_size=11),
    st.data(),
)
def test_counts_between_explicit_bounds_stay_there_and_none_is_lost(bounds: Any, counts: Any, data: Any) -> None:
    counts = counts[: len(bounds) + 1]
    only = data.draw(st.integers(0, len(bounds)))
    found = bins_of({"bounds": bounds, "counts": counts})
    assert sum(found.values()) == sum(counts)
    one = bins_of({"bounds": bounds, "counts": [5 if n == only else 0 for n in range(len(counts))]})
    if 0 < only < len(bounds):
        assert place_of(bounds[only - 1]) <= min(one)
    if only < len(bounds):
        assert max(one) <= place_of(bounds[only])
    else:
        assert set(one) == {place_of(bounds[-1])}


def test_the_extremes_bound_what_explicit_bounds_leave_open() -> None:
    histogram = {"bounds": [10, 20], "counts": [8, 0, 8]}
    places = bins_of(histogram, least=9, most=21)
    assert place_of(9) <= min(places)
    assert max(places) <= place_of(21)
    assert bins_of({"bounds": [], "counts": [4]}, least=7, most=7) == {place_of(7): 4}
    assert bins_of({"bounds": [math.inf], "counts": [1, 1]}) == {}


def test_offsets_that_no_number_has_are_held_at_the_ends() -> None:
    far = {"scale": SCALE, "positive": [2**31 - 1, [1]], "negative": [-(2**31), [1]]}
    assert bins_of(far) == {GREATEST: 1, -LEAST: 1}
