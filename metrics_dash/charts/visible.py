"""What a reader's choice of series does to the number above a chart: it counts what is visible and says so."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from metrics_dash.catalog_rules import ADDS_UP, Show
from metrics_dash.charts.data import ChartData, TabData
from metrics_dash.charts.doubts import uncompared


def count_visible(data: TabData, hidden: Mapping[str, Collection[str]]) -> TabData:
    """Return a tab whose headlines leave out hidden series. ``hidden``: names of series, by chart id."""
    return replace(data, charts=tuple(_counted(chart, hidden.get(chart.chart.id, ())) for chart in data.charts))


def _counted(data: ChartData, hidden: Collection[str]) -> ChartData:
    """Return a chart whose headline is of its visible series. What it was before is known of all of them only. In a
    table of values, and of one value alone, nothing is hidden."""
    shown = [series for series in data.series if series.name not in hidden]
    if len(shown) == len(data.series) or data.chart.is_ranking or data.only is not None:
        return data
    totals = [series.total for series in shown if series.total is not None]
    value = _together(data.chart.show, totals) if len(totals) == len(shown) else None
    counted = (len(shown), len(data.series))
    return replace(data, headline=replace(uncompared(data.headline), value=value, counted=counted))


def _together(show: Show, totals: Sequence[float]) -> float | None:
    """Return what several values have together, where that follows from what each has. It does not of an average, a
    percentile or a unique count."""
    if not totals:
        return None
    if show in ADDS_UP:
        return sum(totals)
    if show in ("min", "max"):
        return min(totals) if show == "min" else max(totals)
    return totals[0] if len(totals) == 1 else None
