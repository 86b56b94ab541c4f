"""A table of the values of a split: what each has in the whole range, and what it had in the time before. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from db.series_reads import Rows
from metrics_dash.catalog_rules import ADDS_UP, SPLIT_BY_ANY
from metrics_dash.charts.aggregates import AGGREGATES
from metrics_dash.charts.apart import told_apart
from metrics_dash.charts.data import ChartData, Headline, Series, Values
from metrics_dash.charts.headline import relative_change
from metrics_dash.charts.plan import Plan
from metrics_dash.charts.rows import aggregate, together
from metrics_dash.charts.timerange.grid import to_milliseconds

# What a value has there; None stands for all that have no row of their own.
Parts = Mapping[str | None, Rows]


def ranked(
    plan: Plan, rows: Rows, series: Sequence[Series], before: Rows | None, number: Headline
) -> tuple[Series, ...]:
    """Return the series of a split, the one with the most first and all others last, each with what it had before.
    ``rows``: of the window, aligned; ``before``: what answers ``plan.listed``. Where a filter leaves one value, it has
    the ``number`` above the table."""
    if plan.chart.only is not None:
        return tuple(
            replace(one, before=number.previous, comparable=number.comparable, change=number.change) for one in series
        )
    names = [one.name for one in series if not one.rest]
    now, then = _parts(plan, rows, names), _parts_before(plan, before, names)
    return tuple(sorted((_compared(plan, one, now, then) for one in series), key=_place))


def part_of_whole(data: ChartData) -> list[float | None]:
    """Return what part of all each row is; None where that means nothing, as of averages, or of a total below zero."""
    totals = [one.total for one in data.series]
    known = [total for total in totals if total is not None and total >= 0]
    whole = sum(known)
    if data.chart.show not in ADDS_UP or len(known) < len(totals) or whole <= 0:
        return [None] * len(totals)
    return [total / whole for total in known]


def _place(one: Series) -> tuple[bool, float]:
    return one.rest, np.inf if one.total is None else -one.total


def _compared(plan: Plan, one: Series, now: Parts, then: Parts) -> Series:
    """Return a series with what it had before. It has changed as far as its complete buckets have."""
    name, complete = None if one.rest else one.name, plan.grid.complete
    if one.total is None or name not in now or name not in then:
        return one
    before = _value(plan, then[name], _seconds_before(plan))
    comparable = _value(plan, aggregate(now[name], complete), plan.grid.seconds[:complete].sum(keepdims=True))
    return replace(one, before=before, comparable=comparable, change=relative_change(comparable, before))


def _seconds_before(plan: Plan) -> Values:
    return np.zeros(1) if plan.listed is None else np.array([(plan.listed.end - plan.listed.start) / 1000])


def _value(plan: Plan, bucket: Rows, seconds: Values) -> float | None:
    value = AGGREGATES[plan.chart.show].value(bucket, seconds)
    return float(value[0]) if len(value) and not np.isnan(value[0]) else None


def _parts(plan: Plan, rows: Rows, names: Sequence[str]) -> Parts:
    if plan.chart.show not in SPLIT_BY_ANY:
        return rows.apart
    counts = {name: np.nan_to_num(rows.splits[name][1]) for name in names}
    rest = np.nan_to_num(rows.count) - sum(counts.values(), np.zeros(len(rows.count)))
    found: dict[str | None, Rows] = {name: replace(rows, count=count) for name, count in counts.items()}
    return {**found, None: replace(rows, count=rest)}


def _parts_before(plan: Plan, before: Rows | None, names: Sequence[str]) -> Parts:
    """Return what there was of each value and of all others; nothing where not all of that time is known."""
    if before is None or plan.listed is None or len(before.start) == 0:
        return {}
    if plan.first is not None and plan.listed.start < to_milliseconds(plan.first):
        return {}
    if plan.chart.show in SPLIT_BY_ANY:
        return _parts(plan, before, [name for name in names if name in before.splits])
    if not told_apart(before).all():
        return {}
    others = [part for name, part in before.apart.items() if name not in names]
    found: dict[str | None, Rows] = {name: before.apart[name] for name in names if name in before.apart}
    return {**found, None: together(others)} if others else found
