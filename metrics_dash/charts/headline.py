"""The number above a chart, and what it is compared with."""

import numpy as np

from db.series_reads import Rows
from metrics_dash.catalog import Chart
from metrics_dash.charts.aggregates import AGGREGATES
from metrics_dash.charts.data import Headline, Values
from metrics_dash.charts.plan import Plan
from metrics_dash.charts.rows import aggregate, align
from metrics_dash.charts.timerange.grid import to_milliseconds


def headline_label(chart: Chart) -> str:
    return "latest" if chart.kind == "gauge" else AGGREGATES[chart.show].label


def headline(plan: Plan, rows: Rows, latest: Rows | None, before: Rows | None, compared: Rows | None) -> Headline:
    """Return the number above a chart. ``rows``: of the window, aligned. The others answer the reads of the plan; None
    where there was none."""
    if plan.chart.kind == "gauge":
        value = comparable = _sample(latest)
        if value is None:
            value = comparable = _last_drawn(plan, rows)
        previous = _sample(before)
    else:
        value = _total(plan, rows, len(plan.grid.starts))
        comparable = value if plan.grid.complete == len(plan.grid.starts) else _total(plan, rows, plan.grid.complete)
        previous = _total_before(plan, before) if plan.against == "period" else _total_compared(plan, compared)
    change = relative_change(comparable, previous)
    return Headline(value, headline_label(plan.chart), previous, change, plan.against, comparable=comparable)


def _sample(latest: Rows | None) -> float | None:
    return None if latest is None or latest.sum is None else _number(latest.sum)


def _last_drawn(plan: Plan, rows: Rows) -> float | None:
    """Return the last complete bucket that is drawn: buckets of an older version have no last sample. Of samples that
    are all whole numbers it is one, too: there are no ten and a half zones."""
    values = AGGREGATES[plan.chart.show].value(rows, plan.grid.seconds)[: plan.grid.complete]
    known = np.flatnonzero(~np.isnan(values))
    if not known.size:
        return None
    value, last = float(values[known[-1]]), known[-1]
    parts = [part[last] for part in (rows.sum, rows.min, rows.max) if part is not None]
    return float(round(value)) if all(float(part).is_integer() for part in parts) else value


def _total(plan: Plan, rows: Rows, upto: int) -> float | None:
    """Return the first ``upto`` of aligned buckets as one."""
    seconds = plan.grid.seconds[:upto].sum(keepdims=True)
    return _number(AGGREGATES[plan.chart.show].value(aggregate(rows, upto), seconds))


def _total_before(plan: Plan, before: Rows | None) -> float | None:
    if before is None or plan.before is None or len(before.start) == 0:
        return None
    if plan.first is not None and plan.before.start < to_milliseconds(plan.first):
        return None  # Only part of it was recorded.
    seconds = np.array([(plan.before.end - plan.before.start) / 1000])
    return _number(AGGREGATES[plan.chart.show].value(before, seconds))


def _total_compared(plan: Plan, compared: Rows | None) -> float | None:
    """Return all buckets that stand opposite complete ones as one, where all of them are known."""
    grid, complete = plan.compared_grid, plan.grid.complete
    if compared is None or grid is None or not complete or not grid.known[:complete].all():
        return None
    if len(compared.start) == 0:
        return None
    seconds = grid.seconds[:complete].sum(keepdims=True)
    return _number(AGGREGATES[plan.chart.show].value(aggregate(align(compared, grid.starts), complete), seconds))


def _number(values: Values) -> float | None:
    return float(values[0]) if len(values) and not np.isnan(values[0]) else None


def relative_change(value: float | None, previous: float | None) -> float | None:
    """Return by what part a value has changed; None where that can't be said, as of nothing or of less than that, or
    down to less than nothing."""
    if value is None or previous is None or previous <= 0 or value < 0:
        return None
    return (value - previous) / previous
