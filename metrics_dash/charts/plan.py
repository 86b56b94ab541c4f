"""What to read for a chart: the buckets of its window, of the period before, and of what it is compared with."""

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from db.series import Read
from metrics_dash.catalog import Chart
from metrics_dash.charts.data import Values
from metrics_dash.charts.timerange.grid import NO_BUCKET, Milliseconds, bucket_edges, comparison_edges, to_milliseconds
from metrics_dash.charts.timerange.parse import Comparison
from metrics_dash.charts.timerange.windows import LENGTHS, RetainedSince, Window

TOP_VALUES = 8
"""How many values of a split have a series of their own."""
_LEAST_ELAPSED = 0.1
"""The part of a bucket that must have passed before a rate is worth drawing."""
Flags = NDArray[np.bool_]


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
    """Return the grid of buckets from ``edges[:-1]`` to ``ends``; ``held_from`` None means for ever."""
    starts, complete_ms = edges[:-1], to_milliseconds(complete_through)
    finished = ends <= complete_ms
    lengths = ends - starts
    elapsed = np.minimum(ends, complete_ms) - starts
    seconds = np.where(elapsed >= _LEAST_ELAPSED * lengths, elapsed, 0) / 1000
    held = np.full(len(starts), True) if held_from is None else starts >= to_milliseconds(held_from)
    exists = starts != NO_BUCKET
    return Grid(starts, seconds, finished & held & exists, int(np.count_nonzero(finished)))


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


def plan(
    chart: Chart, window: Window, held: RetainedSince, complete_through: datetime, compare: Comparison | None
) -> Plan:
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


def adds_up(window: Window) -> bool:
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
        tuple(edges.tolist()) if adds_up(window) else None,
    )


def _compared(chart: Chart, window: Window, edges: Milliseconds, ends: Milliseconds) -> Read | None:
    exists = edges[:-1] != NO_BUCKET
    if not exists.any():
        return None
    read = _read(chart, window, edges)
    return replace(read, start=int(edges[:-1][exists].min()), end=int(ends[exists].max()))


def _before(chart: Chart, window: Window, grid: Grid, held_from: datetime | None) -> Read | None:
    """Return the buckets of the period before that stand opposite complete ones: a gauge's latest, else all as one."""
    edges = comparison_edges(window, "period")
    if grid.complete == 0 or (held_from is not None and int(edges[0]) < to_milliseconds(held_from)):
        return None
    opposite = edges[: grid.complete + 1]
    read = replace(_read(chart, window, opposite), split_by=None)
    if chart.kind == "gauge":
        return replace(read, latest=True)
    return replace(read, edges=(int(opposite[0]), int(opposite[-1])))
