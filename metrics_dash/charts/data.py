"""What the queries answer with: plain frozen records of numbers, free to be cached and shared."""

import base64
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import PlainSerializer, PlainValidator

from db import annotations, filters
from metrics_dash.catalog import Chart, Tab
from metrics_dash.charts.timerange.grid import Milliseconds
from metrics_dash.charts.timerange.parse import Comparison
from metrics_dash.charts.timerange.windows import TabWindows, Window

# What somebody says of a moment or a span, and what charts are filtered by, as they are called outside of the
# database's room; and how many annotations are told.
Annotation: TypeAlias = annotations.Annotation
Filter: TypeAlias = filters.Filter
ANNOTATIONS_AT_MOST = annotations.CHARTED_AT_MOST
State = Literal[
    "data", "never_seen", "none_in_range", "among_others", "unsplit", "too_many", "past_retention", "failing"
]


Bound = Literal["least", "most", "about"]
"""What a number is that is not certain: it is at least that, at most, or about."""


def _bytes_of(array: NDArray[Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def _array_of(kind: str) -> PlainValidator:
    def read(data: object) -> NDArray[Any]:
        if isinstance(data, str):
            return np.frombuffer(base64.b64decode(data, validate=True), dtype=kind)
        raise ValueError("no array as bytes")

    return PlainValidator(read)


# How an array is cached (``metrics_dash.charts.records``): as its bytes; what is read back is read-only.
_AS_BYTES = PlainSerializer(_bytes_of)
Values = Annotated[NDArray[np.float64], _array_of("<f8"), _AS_BYTES]


class QueryError(ValueError):
    """A question that has no answer, such as the average of an event without a measurement. Quotes the value.

    ``parameter``: what of the question can't be, where one thing is to blame.
    """

    def __init__(self, message: str, parameter: str | None = None) -> None:
        super().__init__(message)
        self.parameter = parameter


class QueriesUnavailableError(RuntimeError):
    """The database can't be asked just now. The message holds no secret."""


@dataclass(frozen=True)
class Series:
    """One line of a chart.

    ``t``: bucket starts, int64 epoch ms. ``v``: values, float64, NaN is a gap. ``low`` and ``high``: the extremes of a
    gauge's samples in each bucket, else None. Arrays are read-only and of equal length. ``total``: of a value of a
    split over the whole range, as the chart's headline is over all of them. ``rest``: it is of all other values.
    ``before``, ``comparable`` and ``change``: in a table of values, what the value had in the time that the headline is
    held against, what of it is held against that, and how it has changed, as the headline has it.
    """

    name: str
    t: Annotated[Milliseconds, _array_of("<i8"), _AS_BYTES]
    v: Values
    low: Values | None = None
    high: Values | None = None
    total: float | None = None
    rest: bool = False
    before: float | None = None
    comparable: float | None = None
    change: float | None = None

    def __post_init__(self) -> None:
        if any(array is not None and array.shape != self.t.shape for array in (self.v, self.low, self.high)):
            raise ValueError(f"the arrays of the series {self.name!r} are not of one length")


@dataclass(frozen=True)
class Density:
    """How many values of a measurement a heatmap's buckets hold: arrays of equal length.

    ``bucket``: the place of the bucket in the series' ``t``. ``value``: about what value it is (``db.bins``), float64.
    ``count``: how many of them there are in that bucket.
    """

    bucket: Annotated[NDArray[np.int64], _array_of("<i8"), _AS_BYTES]
    value: Values
    count: Annotated[NDArray[np.int64], _array_of("<i8"), _AS_BYTES]


@dataclass(frozen=True)
class Headline:
    """The number above a chart.

    ``label``: what it is: total, average, overall, latest, minimum, maximum, median, 95th percentile. ``previous``: the
    same of the period before, as far as its buckets stand opposite complete ones. ``comparable``: what is held against
    it, the same of complete buckets. ``change``: relative, 0.1 is +10 %. None where there is none. ``against``: what
    that period is. ``counted``: of how many series it is and how many there are, where some are hidden.
    """

    value: float | None
    label: str
    previous: float | None = None
    change: float | None = None
    against: Comparison = "period"
    counted: tuple[int, int] | None = None
    comparable: float | None = None


@dataclass(frozen=True)
class Doubt:
    """What is not certain of a chart through a filter, as rarer values are counted together and its own may be one.

    ``bound``: what its numbers are then. ``starts``: of the buckets whose number is in doubt (epoch ms). ``events``:
    of how many events in the range it is not known; zero where nobody counts them.
    """

    bound: Bound
    starts: Annotated[Milliseconds, _array_of("<i8"), _AS_BYTES]
    events: int


@dataclass(frozen=True)
class Uncomputed:
    """How many buckets of a chart can't be computed, and since when that is known (aware UTC)."""

    buckets: int
    since: datetime


@dataclass(frozen=True)
class Interval:
    """A stretch of time (aware UTC) in which ``count`` events were refused, and the reasons given."""

    start: datetime
    end: datetime
    count: int
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChartData:
    """What a chart shows in a window.

    ``state``: ``data``; ``never_seen``; ``none_in_range`` (then ``last_seen`` is the start of the last bucket that has
    any, None while nothing is rolled up); ``among_others`` (``only``, or the filter's value, is not told apart);
    ``unsplit`` (there are events, of a time before the dimension was declared, or of a key that is counted as a whole);
    ``too_many`` (raw events, which several filters at once are read from); ``past_retention`` (from ``held_from`` on
    there are buckets); ``failing`` (``error`` says why, without secrets).
    ``held_from``: from when on the buckets of this resolution are held, None for as long as there have been any.
    ``previous``: the series of the comparison (``compare``), with the time of the buckets that they are compared with.
    ``only``: the one value of its split that it shows. ``density``: of a heatmap all values.
    ``partly``: in some buckets its filter can't tell its value from others; they are gaps. ``doubt``: what that makes
    of other buckets, and of the number above. ``beside``: filtered by its own split, the most frequent of all values.
    ``uncomputed``: its buckets in this window that can't be computed and show what they held before, or nothing.
    ``unfinished_from``: the start (epoch ms) of the first bucket that events may still come to, None where all is
    complete. ``refused``: when events of its own names were refused, as far as their names are known. ``whole_since``:
    from when on the key that it is split or filtered by is counted as a whole (aware UTC), where that is before the
    end.
    """

    chart: Chart
    window: Window
    series: tuple[Series, ...]
    state: State
    last_seen: datetime | None = None
    held_from: datetime | None = None
    headline: Headline = Headline(None, "")
    previous: tuple[Series, ...] = ()
    unfinished_from: int | None = None
    error: str | None = None
    uncomputed: Uncomputed | None = None
    compare: Comparison | None = None
    refused: tuple[Interval, ...] = ()
    only: str | None = None
    density: Density | None = None
    whole_since: datetime | None = None
    partly: bool = False
    doubt: Doubt | None = None
    beside: tuple[str, ...] = ()

    @cached_property
    def greatest(self) -> float:
        """The greatest size of any value that it draws, zero where there is none. Found once: all of a picture asks."""
        drawn = [part for one in (*self.series, *self.previous) for part in (one.v, one.high) if part is not None]
        drawn += [] if self.density is None else [self.density.value]
        sizes = (np.abs(part[np.isfinite(part)]) for part in drawn)
        return max((float(size.max()) for size in sizes if size.size), default=0.0)

    def label(self, name: str) -> str:
        """Return a series' name for people: a bare ``true`` says nothing without what it is about, an empty value
        nothing at all."""
        if not name:
            return "(empty)"
        if name in ("true", "false", "null") and self.chart.split_by:
            return f"{self.chart.split_by}: {name}"
        return name


@dataclass(frozen=True)
class TabData:
    """All charts of a tab in one window, and through when the pipeline is complete (aware UTC).

    ``refused``: when events of whatever name were refused.
    ``annotations``: those that touch the window, oldest first; of more than ``ANNOTATIONS_AT_MOST``, the newest.
    """

    tab: Tab
    window: Window
    charts: tuple[ChartData, ...]
    complete_through: datetime
    refused: tuple[Interval, ...] = ()
    compare: Comparison | None = None
    annotations: tuple[Annotation, ...] = ()

    @property
    def where(self) -> Filter | None:
        """What those of its charts are filtered by that follow a filter."""
        found = [chart.chart.where for chart in self.charts if chart.chart.where is not None]
        return max(found, key=lambda where: len(where.also), default=None)

    def answers(self, tab: Tab, windows: TabWindows, compare: Comparison | None) -> bool:
        """Whether this is what was asked: the same tab, windows and comparison, and a chart for each of the tab's."""
        asked = (tab, windows.lines, compare, [(chart, windows.of(chart.draw)) for chart in tab.charts])
        return asked == (self.tab, self.window, self.compare, [(each.chart, each.window) for each in self.charts])

    def chart(self, chart_id: str) -> ChartData:
        """Return the chart of that id; ``KeyError`` names an unknown one."""
        for chart in self.charts:
            if chart.chart.id == chart_id:
                return chart
        raise KeyError(chart_id)
