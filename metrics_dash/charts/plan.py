"""What to read for a chart: the buckets of its window, of the period before, and of what it is compared with."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Self

import numpy as np
from numpy.typing import NDArray

from db.levels import BUCKET_TYPES
from db.series_reads import Read, Rows
from metrics_dash.catalog import Chart
from metrics_dash.catalog_rules import PERCENTILES, SPLIT_BY_ANY, UNIQUE, Show
from metrics_dash.charts.data import Values
from metrics_dash.charts.filtering import told_apart
from metrics_dash.charts.ratios import read_of
from metrics_dash.charts.timerange.compared import compared_buckets, compared_moment, comparison_edges
from metrics_dash.charts.timerange.grid import NO_BUCKET, Milliseconds, to_milliseconds
from metrics_dash.charts.timerange.parse import Comparison
from metrics_dash.charts.timerange.windows import RetainedSince, Window, bucket_edges

TOP_VALUES = 8
"""How many values of a split have a series of their own."""
LISTED_VALUES = 20
"""How many have a row of their own in a table."""
_LISTED_BEFORE = 1000
"""Of how many values it is read what they had before: those that are in front now need not have been."""
_LEAST_ELAPSED = 0.1
"""The part of a bucket that must have passed before a rate is worth drawing."""
_OF_SUMS: frozenset[Show] = frozenset({"sum", "avg", "ratio"})
_OF_EXTREMES: frozenset[Show] = frozenset({"min", "max", *PERCENTILES})
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Grid:
    """A window's buckets (or those they are compared with), of equal length.

    ``starts`` and ``ends``: epoch ms. ``seconds``: how long each has been counting. ``known``: held and complete, so
    that no events means none happened. ``complete``: how many of the first are complete.
    """

    starts: Milliseconds
    ends: Milliseconds
    seconds: Values
    known: Flags
    complete: int

    def except_for(self, unknown: Milliseconds) -> Self:
        """Return the grid where nothing is known of the buckets that begin at ``unknown``."""
        return replace(self, known=self.known & ~np.isin(self.starts, unknown)) if len(unknown) else self

    def held_from(self, since: datetime | None) -> Self:
        """Return the grid of what is held from then on only: before, there is no time that it could be a rate of."""
        return self if since is None else replace(self, seconds=np.where(self._from(since), self.seconds, 0.0))

    def _from(self, since: datetime) -> Flags:
        return np.asarray(self.starts >= to_milliseconds(since))

    def recorded_from(self, first: datetime | None) -> Self:
        """Return the grid of an event of which nothing is known before ``first``; None: it was never recorded."""
        recorded = np.full(len(self.ends), False) if first is None else self.ends > to_milliseconds(first)
        if recorded.all():
            return self
        return replace(self, known=self.known & recorded, seconds=np.where(recorded, self.seconds, 0.0))


@lru_cache(maxsize=256)
def _grid_of(window: Window, held_from: datetime | None, complete_through: datetime) -> Grid:
    """Return the grid of a window's own buckets. Its arrays are shared: nobody changes one."""
    edges = bucket_edges(window)
    return make_grid(edges[:-1], edges[1:], held_from, complete_through)


def make_grid(starts: Milliseconds, ends: Milliseconds, held_from: datetime | None, complete_through: datetime) -> Grid:
    """Return the grid of buckets from ``starts`` to ``ends``; ``held_from`` None means for ever."""
    complete_ms = to_milliseconds(complete_through)
    finished = ends <= complete_ms
    lengths = ends - starts
    elapsed = np.minimum(ends, complete_ms) - starts
    seconds = np.where(elapsed >= _LEAST_ELAPSED * lengths, elapsed, 0) / 1000
    held = np.full(len(starts), True) if held_from is None else starts >= to_milliseconds(held_from)
    exists = starts != NO_BUCKET
    return Grid(starts, ends, seconds, finished & held & exists, int(np.count_nonzero(finished)))


@dataclass(frozen=True)
class Plan:
    """What a chart needs: reads of its window, of the period before for the headline, of what it is compared with.

    ``latest``: of a gauge its last sample, and ``before`` is that of the time that the headline is held against; of one
    value neither is known. ``listed``: of a table of values each of them in the time that the headline is held against.
    ``beside``: through a filter by its own split, the values that it would have: their colours depend on one another.
    ``first``: when the event was first recorded, once that is read.
    """

    chart: Chart
    window: Window
    grid: Grid
    now: Read
    before: Read | None
    latest: Read | None = None
    compared: Read | None = None
    compared_grid: Grid | None = None
    compare: Comparison | None = None
    first: datetime | None = None
    listed: Read | None = None
    beside: Read | None = None

    def reads(self) -> list[Read]:
        """Return what is asked, in order. Of a ratio each is the denominator's read, and the numerator's follows it."""
        asked = [read for read in self._reads() if read is not None]
        ratio = self.chart.ratio
        return asked if ratio is None else [each for read in asked for each in (read, read_of(ratio.numerator, read))]

    def _reads(self) -> tuple[Read | None, ...]:
        return self.now, self.latest, self.before, self.compared, self.listed, self.beside

    def recorded(self, grid: Grid) -> Milliseconds:
        """Return the starts of the buckets in which the event was recorded, at least in part."""
        return grid.starts[:0] if self.first is None else grid.starts[grid.ends > to_milliseconds(self.first)]

    def recorded_from(self, first: datetime | None) -> Self:
        """Return the plan of an event that was first recorded then: of time before nothing is known, here and in what
        it is compared with."""
        compared = None if self.compared_grid is None else self.compared_grid.recorded_from(first)
        return replace(self, grid=self.grid.recorded_from(first), compared_grid=compared, first=first)

    def except_for(self, found: Rows, compared: Rows | None) -> Self:
        """Return the plan where nothing is known of the buckets in which a filter can't tell its value from others."""
        if not len(found.unknown) and (compared is None or not len(compared.unknown)):
            return self
        then = self.compared_grid
        if then is not None and compared is not None:
            then = then.except_for(compared.unknown)
        return replace(self, grid=self.grid.except_for(found.unknown), compared_grid=then)

    @property
    def against(self) -> Comparison:
        """What the headline is held against."""
        return self.compare or "period"


def plan(
    chart: Chart, window: Window, held: RetainedSince, complete_through: datetime, compare: Comparison | None
) -> Plan:
    """Decide what is read for a chart. Nothing of a period is read that is not held as finely as the window is."""
    edges = bucket_edges(window)
    held_from = held_since(chart, window, held)
    grid = _grid_of(window, held_from, complete_through)
    if chart.reads_raw:
        grid = grid.held_from(held_from)
    latest, before = (
        _latest_reads(chart, window, compare or "period")
        if chart.kind == "gauge" and chart.where is None
        else (None, None if chart.kind == "gauge" else _before(chart, window, grid, held_from))
    )
    now = _read(chart, window, edges)
    # Of what it is compared with no cells are drawn.
    now = _held(replace(now, placed=True) if chart.shows_density else now, held_from)
    lists = chart.is_ranking and chart.only is None
    listed = _listed(chart, window, grid, held_from, compare or "period") if lists else None
    beside = None if chart.only is None or chart.is_ranking else _beside(chart, window, edges)
    found = Plan(chart, window, grid, now, before, latest, listed=listed, beside=beside)
    if compare is None:
        return found
    starts, ends = compared_buckets(window, compare)
    compared_grid = make_grid(starts, ends, held_from, complete_through)
    compared = _compared(chart, window, starts, ends)
    compared = None if compared is None else _held(compared, held_from)
    return replace(found, compared=compared, compared_grid=compared_grid, compare=compare)


def held_since(chart: Chart, window: Window, held: RetainedSince) -> datetime | None:
    """Return from when on there is what a chart is read from: buckets of its window, or raw events."""
    return held.raw if chart.reads_raw else held.since(window.source)


def _held(read: Read, held_from: datetime | None) -> Read:
    """Return what a read of raw events has of whole buckets: of one that is held in part it would count too few."""
    if read.where is None or not read.where.also or held_from is None or read.edges is None:
        return read
    edges = tuple(edge for edge in read.edges if edge >= to_milliseconds(held_from))
    return replace(read, start=edges[0], edges=edges) if len(edges) > 1 else replace(read, start=read.end)


def adds_up(window: Window) -> bool:
    """Return whether a bucket of the window is made of several of those that are read."""
    return window.source != window.step.name


def _read(chart: Chart, window: Window, edges: Milliseconds) -> Read:
    split_by = chart.split_by if chart.only is None else None
    apart = split_by is not None and chart.show not in SPLIT_BY_ANY
    # The values of a split are told apart where they add up. A gauge has a band, and its latest number.
    sums = apart or chart.kind == "gauge" or chart.show in _OF_SUMS
    extremes = chart.kind == "gauge" or chart.show in _OF_EXTREMES or chart.shows_density
    read = Read(
        chart.event,
        window.source,
        int(edges[0]),
        int(edges[-1]),
        chart.measurement,
        split_by,
        LISTED_VALUES if chart.is_ranking else TOP_VALUES,
        tuple(edges.tolist()) if adds_up(window) or chart.reads_raw else None,
        placed=chart.show in PERCENTILES,
        unique=chart.show == UNIQUE,
        apart=apart,
        summed=chart.show == "sum",
        undeclared=_undeclared(chart),
        where=chart.where,
        sums=sums,
        extremes=extremes,
    )
    return read if chart.ratio is None else read_of(chart.ratio.denominator, read)


def _undeclared(chart: Chart) -> str | None:
    """Return the key that buckets are asked for by value though nobody declared it: such a one may have too many."""
    key = told_apart(chart)
    return None if key in chart.dimensions else key


def _compared(chart: Chart, window: Window, starts: Milliseconds, ends: Milliseconds) -> Read | None:
    exists = starts != NO_BUCKET
    if not exists.any():
        return None
    # Of an hour that came twice the first is taken twice, and what was skipped is no bound: each bound stands once.
    read = _read(chart, window, np.unique(np.concatenate([starts[exists], ends[exists]])))
    # A table says of each value what it had then (``listed``), and draws no line of it.
    return replace(read, split_by=None) if chart.is_ranking else read


def _listed(chart: Chart, window: Window, grid: Grid, held_from: datetime | None, against: Comparison) -> Read | None:
    """Return the buckets that stand opposite complete ones, all as one, for each value of the split. Nothing where they
    don't follow one another, as when an hour came twice."""
    starts, ends = (each[: grid.complete] for each in compared_buckets(window, against))
    if not len(starts) or (starts == NO_BUCKET).any() or (starts[1:] != ends[:-1]).any():
        return None
    if held_from is not None and int(starts[0]) < to_milliseconds(held_from):
        return None
    edges = np.array([starts[0], ends[-1]])
    read = replace(_read(chart, window, edges), split_values=_LISTED_BEFORE, edges=(int(edges[0]), int(edges[1])))
    return replace(read, totals=not read.apart)


def _beside(chart: Chart, window: Window, edges: Milliseconds) -> Read:
    """Return the most frequent values of a chart's split, without its filter, all of the window as one bucket."""
    read = _read(replace(chart, where=None), window, edges)
    return replace(read, edges=(read.start, read.end), totals=not read.apart, placed=False, unique=False)


def _before(chart: Chart, window: Window, grid: Grid, held_from: datetime | None) -> Read | None:
    """Return the buckets of the period before that stand opposite complete ones, all as one."""
    edges = comparison_edges(window, "period")
    edges = edges[edges != NO_BUCKET]
    if grid.complete == 0 or (held_from is not None and int(edges[0]) < to_milliseconds(held_from)):
        return None
    opposite = edges[: grid.complete + 1]
    return replace(_read(chart, window, opposite), split_by=None, edges=(int(opposite[0]), int(opposite[-1])))


def _latest_reads(chart: Chart, window: Window, against: Comparison) -> tuple[Read, Read]:
    """Return reads of a gauge's last sample in the window, and in what the headline is held against: however long the
    drawn buckets are, the number is the same."""
    before = (compared_moment(moment, window, against) for moment in (window.start, window.end))
    return _latest(chart, window.start, window.end), _latest(chart, *before)


def _latest(chart: Chart, start: datetime, end: datetime) -> Read:
    moments = to_milliseconds(start), to_milliseconds(end)
    return Read(chart.event, BUCKET_TYPES[0], *moments, chart.measurement, latest=True)
