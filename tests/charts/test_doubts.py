"""What a number is where its filter can't tell all of the value's events from others."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from db.filters import Filter
from db.series_filtered import Doubts
from db.series_reads import Rows
from metrics_dash.catalog import Chart, load_catalog
from metrics_dash.charts.data import Bound, Headline
from metrics_dash.charts.doubts import both, bounded, bounds_at, doubt_of, doubts_row, row_bounds, unsplit
from tests.support.figures import chart_data

STARTS = np.array([0, 60, 120], dtype=np.int64)
CHART = replace(load_catalog().chart("login-rate"), where=Filter("success", "true"))


def doubts(*starts: int, events: int = 2, lowest: float = np.nan) -> Doubts:
    many = len(starts)
    return Doubts(np.array(starts, dtype=np.int64), np.full(many, events), np.full(many, lowest))


def rows(found: Doubts | None, *unknown: int) -> Rows:
    return Rows(STARTS, np.ones(3), unknown=np.array(unknown, dtype=np.int64), doubts=found)


def bound(show: Any, *, without: bool = False, lowest: float = np.nan) -> Bound:
    chart = replace(CHART, show=show, where=Filter("success", "true", without))
    found = doubt_of(chart, rows(doubts(60, lowest=lowest)), STARTS)
    assert found is not None
    return found.bound


@pytest.mark.parametrize("show", ["count", "rate", "max"])
def test_what_more_events_can_only_raise_is_at_least_of_the_value_and_at_most_of_all_others(show: str) -> None:
    assert (bound(show), bound(show, without=True)) == ("least", "most")


def test_what_is_estimated_is_no_bound() -> None:
    assert (bound("unique"), bound("unique", without=True)) == ("about", "about")


def test_a_minimum_is_the_other_way_round() -> None:
    assert (bound("min"), bound("min", without=True)) == ("most", "least")


def test_a_sum_is_a_bound_only_where_nothing_that_may_be_missing_is_below_zero() -> None:
    assert [bound("sum", lowest=lowest) for lowest in (0, 3, -1, np.nan)] == ["least", "least", "about", "about"]
    assert bound("sum", lowest=0, without=True) == "most"


@pytest.mark.parametrize("show", ["avg", "p50", "p99", "ratio"])
def test_what_may_lie_on_either_side_is_about(show: str) -> None:
    assert (bound(show), bound(show, without=True)) == ("about", "about")


def test_buckets_that_are_gaps_and_those_outside_are_in_no_doubt_but_their_events_count() -> None:
    found = doubt_of(CHART, rows(doubts(0, 60, 999), 0), STARTS)
    assert found is not None
    assert (found.starts.tolist(), found.events) == ([60], 6)
    assert doubt_of(CHART, rows(doubts()), STARTS) is None
    assert doubt_of(CHART, rows(None), STARTS) is None
    assert doubt_of(replace(CHART, where=None), rows(doubts(60)), STARTS) is None


def test_of_a_split_the_rest_alone_is_in_doubt() -> None:
    chart: Chart = replace(CHART, split_by="success", where=Filter("success", "x", without=True))
    found = doubt_of(chart, rows(doubts(60)), STARTS)
    assert found is not None
    assert found.starts.tolist() == []
    data = chart_data("login-results", [1.0], [2.0], names=("true", "other"))
    series = (data.series[0], replace(data.series[1], rest=True))
    told = replace(data, series=series, doubt=found)
    assert [doubts_row(told, one) for one in series] == [False, True]
    assert row_bounds(told) == ["", "at most"]


def test_a_bucket_says_what_its_number_is() -> None:
    found = doubt_of(CHART, rows(doubts(60)), STARTS)
    data = replace(chart_data("login-rate", [1.0, 2.0, 3.0]), doubt=found)
    assert bounds_at(data, STARTS) == ["", "at least", ""]
    assert bounds_at(replace(data, doubt=None), STARTS) == ["", "", ""]


def test_a_number_in_doubt_has_not_changed_by_anything_that_can_be_said() -> None:
    number = Headline(5, "total", 4, 0.25)
    assert bounded(number, None, rows(doubts()), None) == number
    certain = replace(number, previous=None, change=None)
    assert bounded(number, doubt_of(CHART, rows(doubts(60)), STARTS)) == certain
    assert bounded(number, None, rows(doubts(60))) == certain
    assert bounded(number, None, rows(None, 60)) == certain


def test_what_is_not_split_is_unknown_whatever_is_in_doubt() -> None:
    assert unsplit(rows(doubts(0), 0, 60)).tolist() == [60]
    assert unsplit(rows(None, 60)).tolist() == [60]


def test_two_things_that_are_divided_are_in_the_doubts_of_both() -> None:
    found = both(doubts(0), doubts(60, events=5))
    assert found is not None
    assert (found.start.tolist(), found.events.tolist()) == ([0, 60], [2, 5])
    assert both(None, None) is None
    only = both(None, doubts(0))
    assert only is not None
    assert only.start.tolist() == [0]
