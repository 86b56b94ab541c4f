"""Ids in a path: what they name, or 404 with what there is."""

from metrics_dash.catalog import Catalog, Chart, Tab
from metrics_dash.web.problems import ProblemError

LONGEST_QUOTED = 80


def chart_of(catalog: Catalog, chart_id: str) -> Chart:
    """Return the chart of that id. Raises ``ProblemError`` 404."""
    try:
        return catalog.chart(chart_id)
    except KeyError:
        known = ", ".join(chart.id for chart in catalog.charts())
        raise ProblemError(404, f"there is no chart {_quoted(chart_id)}; there are {known}") from None


def tab_of(catalog: Catalog, tab_id: str) -> Tab:
    """Return the tab of that id. Raises ``ProblemError`` 404."""
    try:
        return catalog.tab(tab_id)
    except KeyError:
        known = ", ".join(tab.id for tab in catalog.tabs)
        raise ProblemError(404, f"there is no tab {_quoted(tab_id)}; there are {known}") from None


def _quoted(name: str) -> str:
    return repr(name if len(name) <= LONGEST_QUOTED else f"{name[:LONGEST_QUOTED]}…")
