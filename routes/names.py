"""Ids in a path: what they name for whoever asks, or 404 with what there is."""

from metrics_dash.auth.permissions import Principal
from metrics_dash.catalog import Catalog, Chart, Tab
from metrics_dash.web.problems import ProblemError
from metrics_dash.web.sight import chart_in_sight, short, tab_in_sight


def chart_of(catalog: Catalog, chart_id: str, viewer: Principal) -> Chart:
    """Return the chart of that id. Raises ``ProblemError`` 404, or ``ForbiddenError``."""
    try:
        return chart_in_sight(viewer, catalog, chart_id)
    except KeyError:
        known = ", ".join(chart.id for chart in catalog.charts())
        raise ProblemError(404, f"there is no chart {short(chart_id)}; there are {known}") from None


def tab_of(catalog: Catalog, tab_id: str, viewer: Principal) -> Tab:
    """Return the tab of that id. Raises ``ProblemError`` 404, or ``ForbiddenError``."""
    try:
        return tab_in_sight(viewer, catalog, tab_id)
    except KeyError:
        known = ", ".join(tab.id for tab in catalog.tabs)
        raise ProblemError(404, f"there is no tab {short(tab_id)}; there are {known}") from None
