"""From a chart's rows to the lines that it draws. Pure functions; ``queries`` says what the values mean."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import cast

import numpy as np

from db.series_reads import LastSeen, Rows
from metrics_dash.catalog import Chart
from metrics_dash.catalog_rules import SPLIT_BY_ANY, Show
from metrics_dash.charts.aggregates import AGGREGATES, Flags
from metrics_dash.charts.apart import in_order, told_apart
from metrics_dash.charts.data import ChartData, Headline, Series, State, Values
from metrics_dash.charts.doubts import bounded, doubt_of, unsplit
from metrics_dash.charts.headline import headline, headline_label
from metrics_dash.charts.percentiles import density
from metrics_dash.charts.plan import Grid, Plan, held_since
from metrics_dash.charts.ranking import ranked
from metrics_dash.charts.ratios import divisible
from metrics_dash.charts.rows import aggregate, align, sum_of
from metrics_dash.charts.timerange.grid import Milliseconds, to_milliseconds
from metrics_dash.charts.timerange.windows import RetainedSince, Window


def build(plan: Plan, answers: Iterator[Rows], seen: LastSeen, held: RetainedSince) -> ChartData:
    """Return a chart's data from the answers to the reads of its plan, in their order."""
    plan = plan.recorded_from(seen.first)
    chart, window, grid = plan.chart, plan.window, plan.grid
    found = _answered(plan, answers, plan.recorded(grid))
    latest = next(answers) if plan.latest is not None else None
    before = _answered(plan, answers) if plan.before is not None else None
    then = None if plan.compared_grid is None else plan.recorded(plan.compared_grid)
    compared = _answered(plan, answers, then) if plan.compared is not None else None
    listed = next(answers) if plan.listed is not None else None
    beside = _named(next(answers)) if plan.beside is not None else ()
    plan = plan.except_for(found, compared)
    grid, rows = plan.grid, align(found, grid.starts)
    held_from = held_since(chart, window, held)
    state = "too_many" if found.too_many else _state(len(found.start) > 0, window, seen, held_from)
    if state == "none_in_range" and chart.where is None and len(found.unknown):
        state = "among_others"
    elif state == "none_in_range" and chart.where is not None:
        state, seen = _filtered_state(found), LastSeen(seen.ever, None)
    drawn = state in ("data", "none_in_range")
    series = _series(chart, rows, grid, grid.starts) if drawn else ()
    doubt = doubt_of(chart, rows, grid.starts) if state == "data" else None
    number = headline(plan, rows, latest, before, compared) if drawn else Headline(None, headline_label(chart))
    number = bounded(number, doubt, before, compared)
    if chart.is_ranking:
        series = ranked(plan, rows, series, listed, number)
    whole_since = rows.whole_since if rows.whole_since is None or rows.whole_since < window.end else None
    if state == "data" and not _is_told_apart(chart, rows, series, whole_since):
        state = "unsplit"
    return ChartData(
        chart,
        window,
        series,
        state,
        last_seen=seen.last,
        held_from=held_from,
        headline=number,
        previous=_previous(plan, compared, series),
        unfinished_from=int(grid.starts[grid.complete]) if grid.complete < len(grid.starts) else None,
        compare=plan.compare,
        density=density(rows) if drawn and chart.shows_density else None,
        whole_since=whole_since,
        partly=state == "data" and len(found.unknown) > 0,
        doubt=doubt,
        only=chart.only,
        beside=beside,
    )


def _answered(plan: Plan, answers: Iterator[Rows], recorded: Milliseconds | None = None) -> Rows:
    """Return the next answer, of a ratio the next two as one. ``recorded``: starts of the buckets that may count."""
    found, ratio = next(answers), plan.chart.ratio
    return found if ratio is None else divisible(ratio, next(answers), found, recorded)


def _named(found: Rows) -> tuple[str, ...]:
    return tuple(value for value in (found.apart or found.splits) if value is not None)


def failing(chart: Chart, window: Window, error: str) -> ChartData:
    """Return the data of a chart that can't be built."""
    return ChartData(chart, window, (), "failing", headline=Headline(None, headline_label(chart)), error=error)


def _state(any_rows: bool, window: Window, seen: LastSeen, held_from: datetime | None) -> State:
    if any_rows:
        return "data"
    if not seen.ever and seen.last is None:
        return "never_seen"
    if held_from is not None and window.end <= held_from:
        return "past_retention"
    return "none_in_range"


def _is_told_apart(chart: Chart, rows: Rows, series: Sequence[Series], whole_since: datetime | None) -> bool:
    """Return whether there is something to show of values, where a chart is split. A table is of the whole range."""
    if whole_since is not None and all(one.rest for one in series):
        return False
    if not chart.is_ranking or chart.show in SPLIT_BY_ANY or chart.only is not None:
        return bool(series)
    return bool(series) and bool(told_apart(rows).all())


def _filtered_state(found: Rows) -> State:
    """Return the state of a chart of which a filter leaves nothing that is known."""
    if not len(found.unknown):
        return "none_in_range"
    return "unsplit" if len(unsplit(found)) else "among_others"


def _series(chart: Chart, rows: Rows, grid: Grid, at: Milliseconds) -> tuple[Series, ...]:
    if chart.split_by is not None and chart.only is None:
        split = _split_series if chart.show in SPLIT_BY_ANY else _apart_series
        return tuple(split(chart, rows, grid, at))
    values = _values(chart.show, rows, grid)
    one = Series(chart.title, at, values)
    if chart.only is not None:
        one = replace(one, name=chart.only, total=_over_all(chart.show, rows, grid))
    if chart.kind == "gauge" and chart.show == "avg" and not chart.shows_density:
        one = replace(one, low=_fixed(cast(Values, rows.min)), high=_fixed(cast(Values, rows.max)))
    return (one,)


def _values(show: Show, rows: Rows, grid: Grid) -> Values:
    aggregate = AGGREGATES[show]
    values = aggregate.value(rows, grid.seconds)
    without = np.isnan(values) & grid.known & (aggregate.sure | ~(rows.count > 0))
    return _fixed(np.where(without, aggregate.empty, values))


def _fixed(values: Values) -> Values:
    values.flags.writeable = False
    return values


def _split_series(chart: Chart, rows: Rows, grid: Grid, at: Milliseconds) -> Iterator[Series]:
    """Yield a series for each value, the most frequent first, and one for all other events. A value has a gap where
    events are not told apart, as their key is counted as a whole."""
    counts = {value: np.where(np.isnan(count), rows.count * 0, count) for value, (_, count) in rows.splits.items()}
    totals = {value: sum_of(count) for value, count in counts.items()}
    named = sorted((value for value in counts if totals[value] > 0), key=lambda value: (-totals[value], value))
    untold = _untold(rows, grid)
    for value in named:
        one = _counted(value, counts[value], chart, rows, grid, at)
        yield replace(one, v=_fixed(np.where(untold, np.nan, one.v))) if untold.any() else one
    rest = rows.count - sum((counts[value] for value in named), np.zeros(len(at)))
    if sum_of(rest) > 0:
        yield replace(_counted(other_name(named), rest, chart, rows, grid, at), rest=True)


def _untold(rows: Rows, grid: Grid) -> Flags:
    """Return in which buckets there are events of a time since when no values of their key are told apart."""
    if rows.whole_since is None:
        return np.zeros(len(grid.ends), dtype=np.bool_)
    return np.asarray((grid.ends > to_milliseconds(rows.whole_since)) & (rows.count > 0))


def _apart_series(chart: Chart, rows: Rows, grid: Grid, at: Milliseconds) -> Iterator[Series]:
    """Yield a series for each value that is told apart, and one for all others; a gap where they are not all."""
    known = told_apart(rows)
    named = [value for value in rows.apart if value is not None]
    for value, part in in_order(rows, summed=chart.show == "sum"):
        values = np.where(known, _values(chart.show, part, grid), np.nan)
        name = other_name(named) if value is None else value
        total = _over_all(chart.show, part, grid) if known.all() else None
        yield Series(name, at, _fixed(values), total=total, rest=value is None)


def _over_all(show: Show, rows: Rows, grid: Grid) -> float | None:
    (total,) = AGGREGATES[show].value(aggregate(rows, len(grid.starts)), grid.seconds.sum(keepdims=True))
    return None if np.isnan(total) else float(total)


def other_name(values: Sequence[str]) -> str:
    """Return what the rest of a split is called, also where a value is called "other" itself."""
    return "other" if "other" not in values else "all other"


def _counted(name: str, count: Values, chart: Chart, rows: Rows, grid: Grid, at: Milliseconds) -> Series:
    """Return the series of the events that are counted so, with the same over the whole range."""
    mine = replace(rows, count=count)
    (total,) = AGGREGATES[chart.show].value(aggregate(mine, len(at)), grid.seconds.sum(keepdims=True))
    return Series(name, at, _values(chart.show, mine, grid), total=float(total))


def _previous(plan: Plan, compared: Rows | None, series: Sequence[Series]) -> tuple[Series, ...]:
    """Return the comparison's series at the times of the window, of a split only those that the window has too: also
    all others, where they are of the same values."""
    if compared is None or plan.compared_grid is None or len(compared.start) == 0 or plan.chart.is_ranking:
        return ()
    rows = align(compared, plan.compared_grid.starts)
    if plan.chart.split_by is not None and plan.chart.only is None:
        names = {one.name for one in series}
        rows = replace(rows, splits={value: found for value, found in rows.splits.items() if value in names})
        then = _series(plan.chart, rows, plan.compared_grid, plan.grid.starts)
        same = not rows.apart or {each.name for each in then} == names
        return tuple(each for each in then if each.name in names and (same or not each.rest))
    return _series(plan.chart, rows, plan.compared_grid, plan.grid.starts)
