"""The number above a chart, and what it is compared with."""

import numpy as np

from db.series import Rows
from metrics_dash.catalog import Chart
from metrics_dash.charts.aggregates import AGGREGATES
from metrics_dash.charts.data import Headline, Values
from metrics_dash.charts.plan import Plan
from metrics_dash.charts.rows import aggregate, align
from metrics_dash.charts.timerange.parse import Comparison


def headline_label(chart: Chart) -> str:
    return "latest" if chart.kind == "gauge" else AGGREGATES[chart.show].label


def headline(plan: Plan, rows: Rows, before: Rows | None, compared: Rows | None) -> Headline:
    chart, grid = plan.chart, plan.grid
    shown = AGGREGATES[chart.show]
    if chart.kind == "gauge":
        values = shown.value(rows, grid.seconds)[: grid.complete]
        value = comparable = _number(values[~np.isnan(values)][-1:])
        previous = _number(shown.value(before, np.zeros(len(before.start)))) if before is not None else None
    else:
        everything = len(grid.starts)
        value = _number(shown.value(aggregate(rows, everything), grid.seconds.sum(keepdims=True)))
        seconds = grid.seconds[: grid.complete].sum(keepdims=True)
        comparable = _number(shown.value(aggregate(rows, grid.complete), seconds))
        previous = _total_before(plan, before)
    against: Comparison = "period"
    if plan.compare in ("day", "week"):
        previous, against = _compared_number(plan, compared), plan.compare
    return Headline(value, headline_label(chart), previous, _change(comparable, previous), against)


def _compared_number(plan: Plan, compared: Rows | None) -> float | None:
    """Return the headline of the buckets that the window is compared with, where all that stand opposite complete
    ones are known: of a gauge the latest, else all as one."""
    grid, shown, complete = plan.compared_grid, AGGREGATES[plan.chart.show], plan.grid.complete
    if compared is None or grid is None or not complete or not grid.known[:complete].all():
        return None
    rows = align(compared, grid.starts)
    if plan.chart.kind == "gauge":
        values = shown.value(rows, grid.seconds)[:complete]
        return _number(values[~np.isnan(values)][-1:])
    if len(compared.start) == 0:
        return None
    return _number(shown.value(aggregate(rows, complete), grid.seconds[:complete].sum(keepdims=True)))


def _total_before(plan: Plan, before: Rows | None) -> float | None:
    if before is None or plan.before is None or len(before.start) == 0:
        return None
    seconds = np.array([(plan.before.end - plan.before.start) / 1000])
    return _number(AGGREGATES[plan.chart.show].value(before, seconds))


def _number(values: Values) -> float | None:
    return float(values[0]) if len(values) and not np.isnan(values[0]) else None


def _change(value: float | None, previous: float | None) -> float | None:
    return None if value is None or not previous else (value - previous) / abs(previous)
