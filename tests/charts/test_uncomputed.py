"""Which buckets a chart lacks: those of its event and window, of the level it is read from and of finer ones."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from db.failures import UncomputedBucket
from db.levels import BUCKET_TYPES, WIDTHS, BucketType
from metrics_dash.charts.data import Uncomputed
from metrics_dash.charts.timerange.parse import TimeRange
from metrics_dash.charts.timerange.steps import DAY as DAYS
from metrics_dash.charts.timerange.steps import HOUR, MINUTE, Step
from metrics_dash.charts.timerange.windows import Window
from metrics_dash.charts.uncomputed import uncomputed_in

NAME = "a.b"
NOON = datetime(2026, 1, 10, 12, tzinfo=UTC)
MIDNIGHT = NOON.replace(hour=0)
DAY = timedelta(days=1)
MOMENT = timedelta(microseconds=1)
STEPS: dict[BucketType, Step] = {"minute": MINUTE, "hour": HOUR, "day": DAYS}


def bucket(level: str, start: datetime = NOON, name: str = NAME, *, since: datetime = NOON) -> UncomputedBucket:
    return UncomputedBucket(level, name, start, since, 1, "22003: overflow", False)


def window(source: BucketType, start: datetime = MIDNIGHT, end: datetime = MIDNIGHT + DAY) -> Window:
    return Window(start, end, STEPS[source], ZoneInfo("UTC"), TimeRange(start, end), source=source)


@pytest.mark.parametrize("level", BUCKET_TYPES)
@pytest.mark.parametrize("drawn", BUCKET_TYPES)
def test_a_bucket_belongs_to_charts_of_its_level_and_of_coarser_ones(level: BucketType, drawn: BucketType) -> None:
    found = uncomputed_in(window(drawn), [NAME], [bucket(level, MIDNIGHT)])
    assert (found is not None) == (WIDTHS[level] <= WIDTHS[drawn])


def test_days_that_are_added_up_from_hours_lack_what_the_hours_lack() -> None:
    asked = TimeRange(MIDNIGHT, MIDNIGHT + DAY)
    days = Window(MIDNIGHT, MIDNIGHT + DAY, DAYS, ZoneInfo("Europe/Berlin"), asked, source="hour")
    assert uncomputed_in(days, [NAME], [bucket("day", MIDNIGHT)]) is None
    assert uncomputed_in(days, [NAME], [bucket("hour")]) is not None


@pytest.mark.parametrize("level", BUCKET_TYPES)
def test_a_bucket_counts_where_any_moment_of_it_is_in_the_window(level: BucketType) -> None:
    start, width = MIDNIGHT, WIDTHS[level]
    inside = [(start + width - MOMENT, start + 2 * DAY), (start - DAY, start + MOMENT)]
    outside = [(start + width, start + 2 * DAY), (start - DAY, start)]
    for window_start, end in inside:
        assert uncomputed_in(window(level, window_start, end), [NAME], [bucket(level, start)]) is not None
    for window_start, end in outside:
        assert uncomputed_in(window(level, window_start, end), [NAME], [bucket(level, start)]) is None


def test_each_is_counted_once_and_the_longest_known_is_named() -> None:
    earlier = NOON - timedelta(hours=3)
    buckets = [bucket("minute"), bucket("hour", since=earlier), bucket("minute", name="c.d", since=NOON - DAY)]
    assert uncomputed_in(window("hour"), [NAME], buckets) == Uncomputed(2, earlier)


def test_a_chart_that_lacks_nothing_says_nothing() -> None:
    assert uncomputed_in(window("day"), [NAME], []) is None
    assert uncomputed_in(window("day"), [NAME], [bucket("minute", name="c.d")]) is None
