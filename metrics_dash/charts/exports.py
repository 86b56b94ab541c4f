"""What is given away of charts: tables for CSV files, and names that sort. Pure; the numbers are those of the picture.

Series that are hidden in the picture are left out of its table. A comparison adds a column to each series, at the time
of the buckets that it is compared with. Annotations that touch the range are a last column, each at the bucket that it
begins in; where there are none, there is no such column.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd

from metrics_dash.charts.data import Annotation, ChartData, Series, TabData
from metrics_dash.charts.doubts import BOUND, row_bounds
from metrics_dash.charts.ranking import part_of_whole
from metrics_dash.charts.tables import frame, free, iso_times, tab_frame, to_csv
from metrics_dash.charts.timerange.grid import to_milliseconds
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


def chart_csv(
    data: ChartData,
    compare: Comparison | None = None,
    hidden: Collection[str] = (),
    annotations: Sequence[Annotation] = (),
) -> str:
    """Return ``chart_table`` as CSV, with what is said of its time; of a table of values ``ranking_table``."""
    if data.chart.is_ranking:
        return to_csv(ranking_table(data))
    return to_csv(_annotated(chart_table(data, compare, hidden), data, annotations))


def ranking_table(data: ChartData) -> pd.DataFrame:
    """Return the rows of a table of values: the value, its number, what part of all it is, what it was before, and by
    what part it has changed. A column that means nothing is empty."""
    numbers: dict[str, list[float | None]] = {
        data.chart.show: [one.total for one in data.series],
        "share": part_of_whole(data),
        "before": [one.before for one in data.series],
        "change": [one.change for one in data.series],
    }
    # A dimension may be called as one of the columns is.
    name = data.chart.split_by or "value"
    table = pd.DataFrame({free(name, numbers): [data.label(one.name) for one in data.series]})
    table = table.assign(**{name: np.array(column, dtype=float) for name, column in numbers.items()})
    bounds = row_bounds(data)
    return table.assign(**{BOUND: bounds}) if any(bounds) else table


def tab_csv(data: TabData, hidden: Mapping[str, Collection[str]]) -> str:
    """Return ``tab_table`` as CSV, with what is said of its time."""
    table = tab_table(data, hidden)
    # All charts are of one time; one without any data has no buckets.
    drawn = next((chart for chart in data.charts if chart.series), None)
    return to_csv(table if drawn is None else _annotated(table, drawn, data.annotations))


def annotation_text(annotation: Annotation, *, brief: bool = False) -> str:
    """Return an annotation in one line, ``title: text``; ``brief``: its title where it has one."""
    parts = [" ".join(part.split()) for part in (annotation.title, annotation.text)]
    said = list(dict.fromkeys(part for part in parts if part))
    return said[0] if brief and said else ": ".join(said)


def _annotated(table: pd.DataFrame, data: ChartData, annotations: Sequence[Annotation]) -> pd.DataFrame:
    if not annotations or not len(table):
        return table
    starts, cells = data.series[0].t, [""] * len(table)
    for each in annotations:
        place = int(np.searchsorted(starts, to_milliseconds(each.start), side="right")) - 1
        place = max(0, place)
        cells[place] = "; ".join(filter(None, [cells[place], _cell(each, data.window)]))
    return table.assign(**{free("annotations", table.columns): cells})


def _cell(annotation: Annotation, window: Window) -> str:
    start, end = iso_times(
        np.array([to_milliseconds(each) for each in (annotation.start, annotation.end)]), window.zone
    )
    when = start if start == end else f"{start} to {end}"
    return f"{annotation_text(annotation)} ({when})"


def _as_drawn(data: ChartData, compare: Comparison | None, hidden: Collection[str]) -> ChartData:
    """Return the chart with the hidden series left out, the others named as in the picture, and the comparison's after
    those that they are compared with."""
    before = {one.name: one for one in data.previous}
    shown: list[Series] = []
    for series in data.series:
        if series.name in hidden and data.only is None:
            continue
        label = data.label(series.name)
        shown.append(replace(series, name=label))
        if compare is not None and series.name in before:
            name = COMPARISONS[compare]
            alone = series.name == data.chart.title
            shown.append(replace(before[series.name], name=name if alone else f"{label} ({name})"))
    return replace(data, series=tuple(shown))


def file_name(tab_id: str, chart_id: str | None, window: Window, extension: str, look: str = "light") -> str:
    """Return ``auth_login-rate_2026-01-31T12-00_24h.png``: what it is of, when it ends in the window's zone, how long
    it is; ``…_24h-dark.png`` of a dark picture.

    Without a chart it is the whole tab's. Such names sort by tab, chart and time.
    """
    suffix = "" if look == "light" else f"-{look}"
    return "_".join(part for part in (tab_id, chart_id, stem(window)) if part) + f"{suffix}.{extension}"


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
