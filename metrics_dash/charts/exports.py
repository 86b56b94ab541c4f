"""What is given away of charts: tables for CSV files, and names that sort. Pure; the numbers are those of the picture.

Series that are hidden in the picture are left out of its table. A comparison adds a column to each series, at the time
of the buckets that it is compared with.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import timedelta

import pandas as pd

from metrics_dash.charts.data import ChartData, Series, TabData
from metrics_dash.charts.tables import frame, tab_frame, to_csv
from metrics_dash.charts.timerange.parse import COMPARISONS, Comparison
from metrics_dash.charts.timerange.windows import Window

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_HOURS_UP_TO = timedelta(hours=48)


def chart_table(data: ChartData, compare: Comparison | None = None, hidden: Collection[str] = ()) -> pd.DataFrame:
    """Return one chart as a table: ``time``, then a column for each series that is shown and for what it is compared
    with."""
    return frame(_as_drawn(data, compare, hidden))


def tab_table(data: TabData, hidden: Mapping[str, Collection[str]]) -> pd.DataFrame:
    """Return all charts of a tab in one table. ``hidden``: by chart id the names of series that are not shown."""
    charts = tuple(_as_drawn(chart, data.compare, hidden.get(chart.chart.id, ())) for chart in data.charts)
    return tab_frame(replace(data, charts=charts))


def chart_csv(data: ChartData, compare: Comparison | None = None, hidden: Collection[str] = ()) -> str:
    """Return ``chart_table`` as CSV."""
    return to_csv(chart_table(data, compare, hidden))


def tab_csv(data: TabData, hidden: Mapping[str, Collection[str]]) -> str:
    """Return ``tab_table`` as CSV."""
    return to_csv(tab_table(data, hidden))


def _as_drawn(data: ChartData, compare: Comparison | None, hidden: Collection[str]) -> ChartData:
    """Return the chart with the hidden series left out, and the comparison's after those that they are compared
    with."""
    before = {one.name: one for one in data.previous}
    shown: list[Series] = []
    for series in data.series:
        if series.name in hidden:
            continue
        shown.append(series)
        if compare is not None and series.name in before:
            name = COMPARISONS[compare]
            alone = series.name == data.chart.title
            shown.append(replace(before[series.name], name=name if alone else f"{series.name} ({name})"))
    return replace(data, series=tuple(shown))


def file_name(tab_id: str, chart_id: str | None, window: Window, extension: str) -> str:
    """Return ``auth_login-rate_2026-01-31T12-00_24h.png``: what it is of, when it ends in the window's zone, how long
    it is.

    Without a chart it is the whole tab's. Such names sort by tab, chart and time.
    """
    return "_".join(part for part in (tab_id, chart_id, stem(window)) if part) + f".{extension}"


def stem(window: Window) -> str:
    """Return the part of a file name that says the range: ``2026-01-31T12-00_24h``."""
    return f"{window.asked.end.astimezone(window.zone):%Y-%m-%dT%H-%M}_{length_text(window)}"


def length_text(window: Window) -> str:
    """Return how long a window is, as a range of the address: ``90m``, ``24h``, ``7d`` (days of its zone)."""
    length = window.asked.length
    if length <= _HOURS_UP_TO and not length % _HOUR:
        return f"{length // _HOUR}h"
    asked = window.asked
    days = asked.end.astimezone(window.zone).replace(tzinfo=None) - asked.start.astimezone(window.zone).replace(
        tzinfo=None
    )
    if not days % _DAY:
        return f"{days // _DAY}d"
    for unit, letter in ((_HOUR, "h"), (timedelta(minutes=1), "m")):
        if not length % unit:
            return f"{length // unit}{letter}"
    return f"{max(1, round(length.total_seconds()))}s"
