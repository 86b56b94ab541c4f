"""What the collectors reported as refused in a window."""

from typing import cast

import numpy as np

from db.collectors import REFUSED_EVENT
from db.series import Read, Rows
from metrics_dash.charts.data import Interval, Values
from metrics_dash.charts.plan import adds_up
from metrics_dash.charts.rows import align
from metrics_dash.charts.timerange.grid import from_milliseconds
from metrics_dash.charts.timerange.windows import Window, bucket_edges


def refused_read(window: Window) -> Read:
    """Return what the collectors reported as refused in a window."""
    edges = bucket_edges(window)
    return Read(
        REFUSED_EVENT,
        window.source,
        int(edges[0]),
        int(edges[-1]),
        measurement="events",
        split_by="reason",
        edges=tuple(edges.tolist()) if adds_up(window) else None,
    )


def intervals(rows: Rows, window: Window) -> tuple[Interval, ...]:
    """Return the buckets in which events were refused, adjacent ones as one."""
    edges = bucket_edges(window)
    refused = cast(Values, align(rows, edges[:-1]).sum)
    affected = np.flatnonzero(refused > 0)
    runs = np.split(affected, np.flatnonzero(np.diff(affected) > 1) + 1) if len(affected) else []
    return tuple(_interval(rows, int(edges[run[0]]), int(edges[run[-1] + 1]), refused[run].sum()) for run in runs)


def _interval(rows: Rows, start: int, end: int, count: float) -> Interval:
    reasons = tuple(sorted(value for value, (at, _) in rows.splits.items() if ((at >= start) & (at < end)).any()))
    return Interval(from_milliseconds(start), from_milliseconds(end), round(count), reasons)
