"""From a chart's rows to what it shows. Pure functions; ``queries`` says what the values mean."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

import numpy as np
from numpy.typing import NDArray

from db.collectors import REFUSED_EVENT
from db.series import Read, Rows, Seen
from metrics_dash.catalog import Chart, Show
from metrics_dash.chartdata import ChartData, Headline, Interval, Series, State, Values
from metrics_dash.timerange import (
    LENGTHS,
    NO_BUCKET,
    Comparison,
    Held,
    Milliseconds,
    Window,
    bucket_edges,
    comparison_edges,
    from_milliseconds,
    to_milliseconds,
)

TOP_VALUES = 8
"""How many values of a split have a series of their own."""
_LEAST_ELAPSED = 0.1
"""The part of a bucket that must have passed before a rate is worth drawing."""

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Aggregate:
    """How a bucket is shown: its value from its rows and seconds, its value without events, the headline's label."""

    value: Callable[[Rows, Values], Values]
    empty: float
    label: str


def _part(name: str) -> Callable[[Rows, Values], Values]:
    return lambda rows, seconds: cast(Values, getattr(rows, name))


def _rate(rows: Rows, seconds: Values) -> Values:
    return _divide(rows.count, seconds)


def _average(rows: Rows, seconds: Values) -> Values:
    return _divide(cast(Values, rows.sum), cast(Values, rows.values))


def _divide(numerator: Values, denominator: Values) -> Values:
    quotient: Values = np.divide(numerator, denominator, out=np.full(len(numerator), np.nan), where=denominator > 0)
    return quotient


AGGREGATES: Mapping[Show, Aggregate] = {
    "count": Aggregate(_part("count"), 0.0, "total"),
    "sum": Aggregate(_part("sum"), 0.0, "total"),
    "rate": Aggregate(_rate, 0.0, "average"),
    "avg": Aggregate(_average, np.nan, "average"),
    "min": Aggregate(_part("min"), np.nan, "minimum"),
    "max": Aggregate(_part("max"), np.nan, "maximum"),
}


# The buckets of a window


@dataclass(frozen=True)
class Grid:
    """A window's buckets (or those they are compared with), of equal length.

    ``starts``: epoch ms. ``seconds``: how long each has been counting. ``known``: held and complete, so that no events
    means none happened. ``complete``: how many of the first are complete.
    """

    starts: Milliseconds
    seconds: Values
    known: Flags
    complete: int


def make_grid(edges: Milliseconds, ends: Milliseconds, held_from: datetime | None, complete_through: datetime) -> Grid:
    """The grid of buckets from ``edges[:-1]`` to ``ends``; ``held_from`` None means for ever."""
    starts, complete_ms = edges[:-1], to_milliseconds(complete_through)
    finished = ends <= complete_ms
    lengths = ends - starts
    elapsed = np.minimum(ends, complete_ms) - starts
    seconds = np.where(elapsed >= _LEAST_ELAPSED * lengths, elapsed, 0) / 1000
    held = np.full(len(starts), True) if held_from is None else starts >= to_milliseconds(held_from)
    exists = starts != NO_BUCKET
    return Grid(starts, seconds, finished & held & exists, int(np.count_nonzero(finished)))


def align(rows: Rows, starts: Milliseconds) -> Rows:
    """The rows in the order of ``starts``, NaN where there is none."""
    pick = _picker(rows.start, starts)
    splits = {value: (starts, _picker(at, starts)(counts)) for value, (at, counts) in rows.splits.items()}
    sums, lows, highs, values = (
        None if part is None else pick(part) for part in (rows.sum, rows.min, rows.max, rows.values)
    )
    return Rows(starts, pick(rows.count), sums, lows, highs, values, splits)


def _picker(at: Milliseconds, starts: Milliseconds) -> Callable[[Values], Values]:
    """A function that puts values of the buckets ``at`` into the order of ``starts``."""
    if len(at) == 0:
        return lambda values: np.full(len(starts), np.nan)
    order = np.argsort(at, kind="stable")
    ordered = at[order]
    position = np.minimum(np.searchsorted(ordered, starts), len(ordered) - 1)
    found, position = ordered[position] == starts, order[position]
    return lambda values: np.where(found, values[position], np.nan)


def fold(rows: Rows, upto: int) -> Rows:
    """The first ``upto`` buckets of aligned rows as one."""
    return Rows(
        rows.start[:1],
        np.array([np.nansum(rows.count[:upto])]),
        _reduced(rows.sum, np.nansum, upto),
        _reduced(rows.min, np.fmin.reduce, upto),
        _reduced(rows.max, np.fmax.reduce, upto),
        _reduced(rows.values, np.nansum, upto),
    )


def _reduced(values: Values | None, reduce: Callable[[Values], float], upto: int) -> Values | None:
    return None if values is None else np.array([reduce(values[:upto]) if upto else np.nan])


# What to read for a chart


@dataclass(frozen=True)
class Plan:
    """What a chart needs: reads of its window, of the period before for the headline, of what it is compared with."""

    chart: Chart
    window: Window
    grid: Grid
    now: Read
    before: Read | None
    compared: Read | None = None
    compared_grid: Grid | None = None
    compare: Comparison | None = None

    def reads(self) -> list[Read]:
        return [read for read in (self.now, self.before, self.compared) if read is not None]


def plan(chart: Chart, window: Window, held: Held, complete_through: datetime, compare: Comparison | None) -> Plan:
    """Decide what is read for a chart. Nothing of a period is read that is not held as finely as the window is."""
    edges = bucket_edges(window)
    held_from = held.since(window.source)
    grid = make_grid(edges, edges[1:], held_from, complete_through)
    now = _read(chart, window, edges)
    before = _before(chart, window, grid, held_from)
    if compare is None:
        return Plan(chart, window, grid, now, before)
    compared_edges = comparison_edges(window, compare)
    ends = compared_edges[1:] if window.resolution == "day" else compared_edges[:-1] + _length(window)
    compared_grid = make_grid(compared_edges, ends, held_from, complete_through)
    compared = _compared(chart, window, compared_edges, ends)
    return Plan(chart, window, grid, now, before, compared, compared_grid, compare)


def _length(window: Window) -> int:
    return int(LENGTHS[window.resolution].total_seconds() * 1000)


def _folds(window: Window) -> bool:
    return window.source != window.resolution


def _read(chart: Chart, window: Window, edges: Milliseconds) -> Read:
    return Read(
        chart.event,
        window.source,
        int(edges[0]),
        int(edges[-1]),
        chart.measurement,
        chart.split_by,
        TOP_VALUES,
        tuple(edges.tolist()) if _folds(window) else None,
    )


def _compared(chart: Chart, window: Window, edges: Milliseconds, ends: Milliseconds) -> Read | None:
    exists = edges[:-1] != NO_BUCKET
    if not exists.any():
        return None
    read = _read(chart, window, edges)
    return replace(read, start=int(edges[:-1][exists].min()), end=int(ends[exists].max()))


def _before(chart: Chart, window: Window, grid: Grid, held_from: datetime | None) -> Read | None:
    """The buckets of the period before that stand opposite complete ones: a gauge's latest, else all as one."""
    edges = comparison_edges(window, "period")
    if grid.complete == 0 or (held_from is not None and int(edges[0]) < to_milliseconds(held_from)):
        return None
    opposite = edges[: grid.complete + 1]
    read = replace(_read(chart, window, opposite), split_by=None)
    if chart.kind == "gauge":
        return replace(read, latest=True)
    return replace(read, edges=(int(opposite[0]), int(opposite[-1])))


# What a chart shows


def build(plan: Plan, answers: Iterator[Rows], seen: Seen, held: Held) -> ChartData:
    """A chart's data from the answers to the reads of its plan, in their order."""
    chart, window, grid = plan.chart, plan.window, plan.grid
    found = next(answers)
    before = next(answers) if plan.before is not None else None
    compared = next(answers) if plan.compared is not None else None
    rows = align(found, grid.starts)
    held_from = held.since(window.source)
    state = _state(len(found.start) > 0, window, seen, held_from)
    drawn = state in ("data", "none_in_range")
    series = _series(chart, rows, grid, grid.starts) if drawn else ()
    return ChartData(
        chart,
        window,
        series,
        state,
        last_seen=seen.last,
        held_from=held_from,
        headline=_headline(plan, rows, before, compared) if drawn else Headline(None, _label(chart)),
        previous=_previous(plan, compared, series),
        unfinished_from=int(grid.starts[grid.complete]) if grid.complete < len(grid.starts) else None,
    )


def failing(chart: Chart, window: Window, error: str) -> ChartData:
    """The data of a chart that can't be built."""
    return ChartData(chart, window, (), "failing", headline=Headline(None, _label(chart)), error=error)


def _state(any_rows: bool, window: Window, seen: Seen, held_from: datetime | None) -> State:
    if any_rows:
        return "data"
    if not seen.ever and seen.last is None:
        return "never_seen"
    if held_from is not None and window.end <= held_from:
        return "past_retention"
    return "none_in_range"


def _series(chart: Chart, rows: Rows, grid: Grid, at: Milliseconds) -> tuple[Series, ...]:
    if chart.split_by is not None:
        return tuple(_split_series(chart, rows, grid, at))
    values = _values(chart.show, rows, grid)
    if chart.kind == "gauge" and chart.show == "avg":
        return (Series(chart.title, at, values, _fixed(cast(Values, rows.min)), _fixed(cast(Values, rows.max))),)
    return (Series(chart.title, at, values),)


def _values(show: Show, rows: Rows, grid: Grid) -> Values:
    aggregate = AGGREGATES[show]
    values = aggregate.value(rows, grid.seconds)
    return _fixed(np.where(np.isnan(values) & grid.known, aggregate.empty, values))


def _fixed(values: Values) -> Values:
    values.flags.writeable = False
    return values


def _split_series(chart: Chart, rows: Rows, grid: Grid, at: Milliseconds) -> Iterator[Series]:
    """A series for each value, the most frequent first, and one for all other events."""
    counts = {value: np.where(np.isnan(count), rows.count * 0, count) for value, (_, count) in rows.splits.items()}
    totals = {value: float(np.nansum(count)) for value, count in counts.items()}
    named = sorted((value for value in counts if totals[value] > 0), key=lambda value: (-totals[value], value))
    for value in named:
        yield Series(value, at, _counted(chart, counts[value], rows, grid))
    rest = rows.count - sum((counts[value] for value in named), np.zeros(len(at)))
    if np.nansum(rest) > 0:
        yield Series(other_name(named), at, _counted(chart, rest, rows, grid))


def other_name(values: Sequence[str]) -> str:
    """What the rest of a split is called, also where a value is called "other" itself."""
    return "other" if "other" not in values else "all other"


def _counted(chart: Chart, count: Values, rows: Rows, grid: Grid) -> Values:
    return _values(chart.show, replace(rows, count=count), grid)


def _previous(plan: Plan, compared: Rows | None, series: Sequence[Series]) -> tuple[Series, ...]:
    """The comparison's series at the times of the window, of a split only those that the window has too."""
    if compared is None or plan.compared_grid is None or len(compared.start) == 0:
        return ()
    rows = align(compared, plan.compared_grid.starts)
    if plan.chart.split_by is not None:
        names = {one.name for one in series}
        rows = replace(rows, splits={value: found for value, found in rows.splits.items() if value in names})
    return _series(plan.chart, rows, plan.compared_grid, plan.grid.starts)


# The number above a chart


def _label(chart: Chart) -> str:
    return "latest" if chart.kind == "gauge" else AGGREGATES[chart.show].label


def _headline(plan: Plan, rows: Rows, before: Rows | None, compared: Rows | None) -> Headline:
    chart, grid = plan.chart, plan.grid
    aggregate = AGGREGATES[chart.show]
    if chart.kind == "gauge":
        values = aggregate.value(rows, grid.seconds)[: grid.complete]
        value = comparable = _number(values[~np.isnan(values)][-1:])
        previous = _number(aggregate.value(before, np.zeros(len(before.start)))) if before is not None else None
    else:
        everything = len(grid.starts)
        value = _number(aggregate.value(fold(rows, everything), grid.seconds.sum(keepdims=True)))
        seconds = grid.seconds[: grid.complete].sum(keepdims=True)
        comparable = _number(aggregate.value(fold(rows, grid.complete), seconds))
        previous = _total_before(plan, before)
    against: Comparison = "period"
    if plan.compare in ("day", "week"):
        previous, against = _compared_number(plan, compared), plan.compare
    return Headline(value, _label(chart), previous, _change(comparable, previous), against)


def _compared_number(plan: Plan, compared: Rows | None) -> float | None:
    """The headline of the buckets that the window is compared with, where all that stand opposite complete ones are
    known: of a gauge the latest, else all as one."""
    grid, aggregate, complete = plan.compared_grid, AGGREGATES[plan.chart.show], plan.grid.complete
    if compared is None or grid is None or not complete or not grid.known[:complete].all():
        return None
    rows = align(compared, grid.starts)
    if plan.chart.kind == "gauge":
        values = aggregate.value(rows, grid.seconds)[:complete]
        return _number(values[~np.isnan(values)][-1:])
    if len(compared.start) == 0:
        return None
    return _number(aggregate.value(fold(rows, complete), grid.seconds[:complete].sum(keepdims=True)))


def _total_before(plan: Plan, before: Rows | None) -> float | None:
    if before is None or plan.before is None or len(before.start) == 0:
        return None
    seconds = np.array([(plan.before.end - plan.before.start) / 1000])
    return _number(AGGREGATES[plan.chart.show].value(before, seconds))


def _number(values: Values) -> float | None:
    return float(values[0]) if len(values) and not np.isnan(values[0]) else None


def _change(value: float | None, previous: float | None) -> float | None:
    return None if value is None or not previous else (value - previous) / abs(previous)


# Refused events


def refused_read(window: Window) -> Read:
    """What the collectors reported as refused in a window."""
    edges = bucket_edges(window)
    return Read(
        REFUSED_EVENT,
        window.source,
        int(edges[0]),
        int(edges[-1]),
        measurement="events",
        split_by="reason",
        edges=tuple(edges.tolist()) if _folds(window) else None,
    )


def intervals(rows: Rows, window: Window) -> tuple[Interval, ...]:
    """The buckets in which events were refused, adjacent ones as one."""
    edges = bucket_edges(window)
    refused = cast(Values, align(rows, edges[:-1]).sum)
    affected = np.flatnonzero(refused > 0)
    runs = np.split(affected, np.flatnonzero(np.diff(affected) > 1) + 1) if len(affected) else []
    return tuple(_interval(rows, int(edges[run[0]]), int(edges[run[-1] + 1]), refused[run].sum()) for run in runs)


def _interval(rows: Rows, start: int, end: int, count: float) -> Interval:
    reasons = tuple(sorted(value for value, (at, _) in rows.splits.items() if ((at >= start) & (at < end)).any()))
    return Interval(from_milliseconds(start), from_milliseconds(end), round(count), reasons)
