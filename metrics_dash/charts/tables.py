"""Charts as tables: what CSV files, the query API and a card's table show. The same numbers as the picture."""

import csv
import io
import re
from collections.abc import Container, Sequence
from datetime import UTC
from itertools import chain, count
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from metrics_dash.charts.data import ChartData, Series, TabData
from metrics_dash.charts.doubts import BOUND, bounds_at
from metrics_dash.charts.timerange.grid import Milliseconds, from_milliseconds

# A spreadsheet takes a cell that begins so for a formula. See OWASP, "CSV Injection".
# Blanks before it, and signs of full width, are passed over by some.
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")


def frame(data: ChartData) -> pd.DataFrame:
    """Return a chart as a table: ``time`` (ISO 8601 with the offset of the window's zone), then a float64 column per
    series.

    The rows are the window's buckets, each named by its start; a gap is NaN. Without series there is no row. Where a
    filter leaves numbers in doubt, a last column ``bound`` says which of them are ``at least`` so much.
    """
    zone = ZoneInfo("UTC") if data.window.days_are_utc else data.window.zone
    table = _frame(data.series, [named(data, series.name) for series in data.series], zone)
    return _with_bounds(table, data, BOUND)


def named(data: ChartData, name: str) -> str:
    """Return what a column is called: also that its chart is not filtered as the others are."""
    return f"{name} ({data.chart.aside})" if data.chart.aside else name


def tab_frame(data: TabData) -> pd.DataFrame:
    """Return all charts of a tab in one table, as ``frame``; a column is named ``chart: series`` where the two
    differ."""
    zone = ZoneInfo("UTC") if data.window.days_are_utc else data.window.zone
    series, names = [], []
    for chart in data.charts:
        for one in chart.series:
            series.append(one)
            name = one.name if one.name == chart.chart.title else f"{chart.chart.title}: {one.name}"
            names.append(named(chart, name))
    table = _frame(series, names, zone)
    for chart in data.charts:
        table = _with_bounds(table, chart, f"{chart.chart.title}: {BOUND}")
    return table


def _with_bounds(table: pd.DataFrame, chart: ChartData, name: str) -> pd.DataFrame:
    """Add which of a chart's numbers are bounds, where any is."""
    if not chart.series or not any(bounds := bounds_at(chart, chart.series[0].t)):
        return table
    return table.assign(**{free(name, table.columns): bounds})


def _frame(series: Sequence[Series], names: Sequence[str], zone: ZoneInfo) -> pd.DataFrame:
    times = iso_times(series[0].t, zone) if series else []
    columns: dict[str, object] = {"time": times}
    for name, one in zip(names, series, strict=True):
        # A value of a split may be called "time", too.
        columns[free(name, columns)] = np.asarray(one.v)
    return pd.DataFrame(columns)


def free(name: str, taken: Container[str]) -> str:
    """Return a name for a column: with a number, where another one is called so."""
    numbered = (f"{name} ({number})" for number in count(2))
    return next(each for each in chain([name], numbered) if each not in taken)


def iso_times(milliseconds: Milliseconds, zone: ZoneInfo) -> list[str]:
    """Return epoch milliseconds as RFC 3339: with ``Z`` in UTC, else with the offset that ``zone`` has at each
    moment."""
    if zone.key == "UTC":
        return [f"{from_milliseconds(each).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" for each in milliseconds.tolist()]
    return [from_milliseconds(each).astimezone(zone).isoformat(timespec="seconds") for each in milliseconds.tolist()]


def to_csv(table: pd.DataFrame) -> str:
    """Return a table as CSV (RFC 4180), safe to open in a spreadsheet; a gap is an empty cell, whole numbers have no
    point."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([csv_safe(str(name)) for name in table.columns])
    columns = [table[name].tolist() for name in table.columns]
    writer.writerows([_cell(value) for value in row] for row in zip(*columns, strict=True))
    return out.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, float):
        if np.isnan(value):
            return ""
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    return csv_safe(value)


def csv_safe(value: object) -> object:
    """Return a cell that no spreadsheet takes for a formula: text that begins like one gets an apostrophe; numbers
    stay."""
    if isinstance(value, str) and _FORMULA.match(value):
        return f"'{value}"
    return value
