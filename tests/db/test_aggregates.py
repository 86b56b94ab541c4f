"""Aggregates as a row holds them: checked, because buckets add them up, and bounded."""

import math
from typing import Any

import orjson
import pytest

from db.aggregates import NO_AGGREGATES, Aggregate, encode_aggregates
from db.rows import MAX_JSON_BYTES, MAX_MEASUREMENTS, MAX_WEIGHT, InvalidEventError


def test_an_aggregate_is_what_is_known_of_it() -> None:
    histogram = {"scale": 3, "positive": [0, [1, 2]]}
    aggregates = {"ms": Aggregate(3, 12.5, 1, 9, histogram), "bytes": Aggregate(2, 7)}
    assert orjson.loads(encode_aggregates(aggregates)) == {
        "ms": {
            "count": 3,
            "sum": 12.5,
            "min": 1,
            "max": 9,
            "histogram": histogram,
            "bins": "40003:1 40006:1 40008:1",
        },
        "bytes": {"count": 2, "sum": 7},
    }
    assert encode_aggregates({}) == NO_AGGREGATES


@pytest.mark.parametrize("count", [0, -1, MAX_WEIGHT + 1])
def test_a_count_is_one_that_can_be_added_up(count: int) -> None:
    with pytest.raises(InvalidEventError, match="count"):
        encode_aggregates({"ms": Aggregate(count, 1)})


@pytest.mark.parametrize("part", ["sum", "min", "max"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e290])
def test_no_part_leaves_what_can_be_added_up(part: str, value: float) -> None:
    parts: dict[str, Any] = {"sum": 1.0, part: value}
    with pytest.raises(InvalidEventError, match=part):
        encode_aggregates({"ms": Aggregate(3, **parts)})


def test_more_measurements_than_an_event_has_are_refused() -> None:
    with pytest.raises(InvalidEventError, match="more than 64"):
        encode_aggregates({f"m{n}": Aggregate(1, 1) for n in range(MAX_MEASUREMENTS + 1)})


def test_a_name_that_cant_be_stored_is_refused() -> None:
    with pytest.raises(InvalidEventError, match="NUL"):
        encode_aggregates({"a\0": Aggregate(1, 1)})


@pytest.mark.parametrize(
    "histogram",
    [{"bounds": [1], "counts": [2**62, 2**62]}, {"scale": 5, "zero": 2**62, "positive": [0, [2**61, 2**61]]}],
)
def test_counts_that_would_overflow_once_added_up_are_refused(histogram: dict[str, Any]) -> None:
    with pytest.raises(InvalidEventError, match="histogram"):
        encode_aggregates({"ms": Aggregate(3, 1, histogram=histogram)})


def test_a_histogram_that_is_too_long_is_left_out_as_its_sender_has_it_first() -> None:
    histogram = {"bounds": list(range(MAX_JSON_BYTES)), "counts": [3, *[0] * MAX_JSON_BYTES]}
    assert orjson.loads(encode_aggregates({"ms": Aggregate(3, 0, 0, 0, histogram)})) == {
        "ms": {"count": 3, "sum": 0, "min": 0, "max": 0, "bins": "0:3"}
    }


def test_a_histogram_that_is_too_long_in_every_way_is_left_out_and_the_rest_kept() -> None:
    histogram = {"scale": 5, "positive": [-2000, [1] * 4000]}
    assert orjson.loads(encode_aggregates({"ms": Aggregate(3, 1, 0, 1, histogram)})) == {
        "ms": {"count": 3, "sum": 1, "min": 0, "max": 1}
    }
