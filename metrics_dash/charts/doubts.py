"""What a number is where its filter can't tell all of the value's events from others: a bound, or about right. Pure.

Buckets list the most frequent values and count the rarer ones together (``db.series_filtered``). Where the value may be
among those, what is told apart of it is the least that there is, and what is told apart of all others the most.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from db.series_filtered import Doubts
from db.series_reads import Rows
from metrics_dash.catalog import Chart
from metrics_dash.catalog_rules import Show
from metrics_dash.charts.data import Bound, ChartData, Doubt, Headline, Series
from metrics_dash.charts.timerange.grid import Milliseconds

WORDS: Mapping[Bound, str] = {"least": "at least", "most": "at most", "about": "about"}
BOUND = "bound"
"""What the column is called that says so in a table."""
_GROWS: frozenset[Show] = frozenset({"count", "rate", "max"})
_OPPOSITE: Mapping[Bound, Bound] = {"least": "most", "most": "least", "about": "about"}


def doubt_of(chart: Chart, rows: Rows, starts: Milliseconds) -> Doubt | None:
    """Return what is not certain of a filtered chart; None where all of it is. ``starts``: of its buckets."""
    found = rows.doubts
    if chart.where is None or found is None or not len(found.start):
        return None
    # In a split the value that is left out may be in the rest of it.
    gaps = rows.unknown if chart.split_by is None else found.start
    drawn = np.intersect1d(np.setdiff1d(found.start, gaps), starts)
    return Doubt(_bound(chart, found), drawn, int(found.events.sum()))


def _bound(chart: Chart, found: Doubts) -> Bound:
    """Return what a number is: with more events of the value it could be no less, no more, or either."""
    only: Bound = "about"
    if chart.show in _GROWS or (chart.show == "sum" and bool((found.lowest >= 0).all())):
        only = "least"
    elif chart.show == "min":
        only = "most"
    return _OPPOSITE[only] if chart.where is not None and chart.where.without else only


def bounds_at(data: ChartData, starts: Milliseconds) -> list[str]:
    """Return what the number of each of these buckets is, ``at least``; nothing where it is certain."""
    doubt = data.doubt
    if doubt is None:
        return [""] * len(starts)
    return [WORDS[doubt.bound] if in_doubt else "" for in_doubt in np.isin(starts, doubt.starts)]


def doubts_row(data: ChartData, one: Series) -> bool:
    """Return whether the number of a whole series is in doubt: the only one, or the rest of a split."""
    return data.doubt is not None and (one.rest or len(data.series) == 1)


def row_bounds(data: ChartData) -> list[str]:
    """Return what the number of each series is, as ``bounds_at`` does of buckets."""
    return [WORDS[data.doubt.bound] if data.doubt and doubts_row(data, one) else "" for one in data.series]


def uncompared(number: Headline) -> Headline:
    """Return a number by itself, held against nothing."""
    return replace(number, previous=None, comparable=None, change=None)


def bounded(number: Headline, doubt: Doubt | None, *before: Rows | None) -> Headline:
    """Return the number above a chart, which has changed by nothing that can be said where it or the one ``before`` is
    in doubt."""
    if doubt is None and not any(rows is not None and _in_doubt(rows) for rows in before):
        return number
    return uncompared(number)


def _in_doubt(rows: Rows) -> bool:
    return len(rows.unknown) > 0 or (rows.doubts is not None and len(rows.doubts.start) > 0)


def unsplit(rows: Rows) -> Milliseconds:
    """Return the starts of the buckets of which nothing is known, not even how many events the value may have."""
    return rows.unknown if rows.doubts is None else np.setdiff1d(rows.unknown, rows.doubts.start)


def both(one: Doubts | None, other: Doubts | None) -> Doubts | None:
    """Return the doubts of two things that are divided."""
    found = [each for each in (one, other) if each is not None]
    if not found:
        return None
    start, events, lowest = (
        np.concatenate([getattr(each, name) for each in found]) for name in ("start", "events", "lowest")
    )
    return Doubts(start, events, lowest)
