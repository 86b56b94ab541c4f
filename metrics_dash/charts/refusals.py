"""What the collectors reported as refused in a window: of all events for the page, of its own ones for a chart."""

from collections.abc import Collection, Mapping
from typing import cast

import numpy as np

from db.collectors import REFUSED_EVENT, parted_pair
from db.series_reads import Read, Rows
from metrics_dash.charts.data import Interval, Values
from metrics_dash.charts.plan import adds_up
from metrics_dash.charts.rows import align
from metrics_dash.charts.timerange.grid import Milliseconds, from_milliseconds
from metrics_dash.charts.timerange.windows import Window, bucket_edges

# So many pairs of event and reason are told apart in a window, the most frequent.
_PAIRS = 100

Counts = Mapping[str, tuple[Milliseconds, Values]]
"""Reason to the starts and counts of the buckets in which it was given."""


def refused_reads(window: Window) -> tuple[Read, Read]:
    """Return what the collectors reported as refused in a window: all of it by reason, and what is known by event."""
    edges = bucket_edges(window)
    folded = tuple(edges.tolist()) if adds_up(window) else None
    span = (window.source, int(edges[0]), int(edges[-1]))
    return (
        Read(REFUSED_EVENT, *span, measurement="events", split_by="reason", edges=folded),
        Read(REFUSED_EVENT, *span, split_by="what", split_values=_PAIRS, edges=folded),
    )


def intervals(rows: Rows, window: Window) -> tuple[Interval, ...]:
    """Return the buckets in which any events were refused, adjacent ones as one."""
    edges = bucket_edges(window)
    return _runs(cast(Values, align(rows, edges[:-1]).sum), rows.splits, edges)


def intervals_of(rows: Rows, window: Window, names: Collection[str]) -> tuple[Interval, ...]:
    """Return those in which events of these names were."""
    edges = bucket_edges(window)
    reasons: dict[str, list[tuple[Milliseconds, Values]]] = {}
    for what, counts in rows.splits.items():
        name, reason = parted_pair(what)
        if name in names:
            reasons.setdefault(reason, []).append(counts)
    given = {reason: _joined(those) for reason, those in reasons.items()}
    refused = np.zeros(len(edges) - 1)
    for starts, counted in given.values():
        np.add.at(refused, np.searchsorted(edges[:-1], starts), np.nan_to_num(counted))
    return _runs(refused, given, edges)


def _joined(those: list[tuple[Milliseconds, Values]]) -> tuple[Milliseconds, Values]:
    return np.concatenate([starts for starts, _ in those]), np.concatenate([counted for _, counted in those])


def _runs(refused: Values, reasons: Counts, edges: Milliseconds) -> tuple[Interval, ...]:
    affected = np.flatnonzero(refused > 0)
    runs = np.split(affected, np.flatnonzero(np.diff(affected) > 1) + 1) if len(affected) else []
    return tuple(_interval(reasons, int(edges[run[0]]), int(edges[run[-1] + 1]), refused[run].sum()) for run in runs)


def _interval(reasons: Counts, start: int, end: int, count: float) -> Interval:
    given = tuple(sorted(reason for reason, (at, _) in reasons.items() if ((at >= start) & (at < end)).any()))
    return Interval(from_milliseconds(start), from_milliseconds(end), round(count), given)
