"""A tab on a wall that rotates by a dimension: all of it, and then the charts that have the dimension, value by value.

A chart follows where its event declares the dimension and what it shows can be split. Of each value it shows the series
that it has in the split, so that all turns are cut from one answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from metrics_dash.catalog import Chart, Tab
from metrics_dash.charts.data import ChartData, State, TabData
from metrics_dash.charts.doubts import uncompared


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a wall rotates by, the values that there are in the tab, and the one that is shown, "" for all."""

    by: str
    value: str
    values: tuple[str, ...]


def split_for(tab: Tab, by: str | None, split: Mapping[str, str]) -> dict[str, str]:
    """Return how the charts of a tab are split: those that follow by ``by``, the others as ``split`` has it; all of
    them where nothing rotates."""
    return {**split, **({} if by is None else {chart.id: by for chart in tab.charts if _follows(chart, by)})}


def rotated(data: TabData, by: str, value: str) -> tuple[TabData, Rotation]:
    """Return what a turn shows of a tab that is split by ``split_for``: with a value, only the charts that follow, each
    with that value alone; all of it where none does."""
    # Through a filter by another dimension a chart is not split.
    following = [chart for chart in data.charts if chart.chart.split_by == by]
    told = (series.name for chart in following for series in chart.series if not series.rest)
    # An address can't say nothing, so a value that is empty has no turn.
    values = tuple(dict.fromkeys(name for name in told if name))
    shown = value if following else ""
    rotation = Rotation(by, shown, values)
    if not shown:
        return data, rotation
    tab = replace(data.tab, charts=tuple(chart.chart for chart in following))
    return replace(data, tab=tab, charts=tuple(_alone(chart, shown) for chart in following)), rotation


def _follows(chart: Chart, by: str) -> bool:
    """Return whether a chart has a turn of each value. A table has all of them in one, and of one says nothing."""
    return by in chart.dimensions and not chart.is_ranking


def _alone(data: ChartData, value: str) -> ChartData:
    """Return a chart with one value of its split. What that was before is known of all of them only."""
    series = tuple(each for each in data.series if each.name == value and not each.rest)
    total = series[0].total if series else None
    return replace(
        data,
        series=series,
        previous=tuple(each for each in data.previous if each.name == value and not each.rest),
        headline=replace(uncompared(data.headline), value=total, counted=None),
        state=data.state if series else _without(data),
        last_seen=None,
        only=value,
    )


def _without(data: ChartData) -> State:
    """Return the state of a chart whose split doesn't tell a value apart: it may be among the others."""
    if data.state != "data":
        return data.state
    return "among_others" if any(series.rest for series in data.series) else "none_in_range"
