"""What somebody sees of the page: a callback and an export are one route each, so they ask here for what they name."""

from collections.abc import Iterable
from dataclasses import replace

from metrics_dash.auth.permissions import ForbiddenError, Principal
from metrics_dash.catalog import Catalog, Chart, Tab
from metrics_dash.charts.timerange.parse import RangeError
from metrics_dash.charts.timerange.windows import Window

LONGEST_QUOTED = 80


def catalog_for(viewer: Principal, catalog: Catalog) -> Catalog:
    """Return what of the catalog somebody may see. Raises ``ForbiddenError`` where that is nothing."""
    if not viewer.tabs:
        return catalog
    tabs = tuple(tab for tab in catalog.tabs if tab.id in viewer.tabs)
    if not tabs:
        raise ForbiddenError("the tabs of this link are no longer there; ask whoever gave it to you for another one")
    return replace(catalog, tabs=tabs)


def check_sight(viewer: Principal, tab: Tab, mounted: Iterable[str] = ()) -> None:
    """Refuse a tab, or charts on the page, that somebody may not see. Raises ``ForbiddenError``."""
    if not viewer.sees_tab(tab.id):
        raise ForbiddenError(f"the tab {tab.id!r} is not open to you")
    if viewer.tabs and not {chart.id for chart in tab.charts}.issuperset(mounted):
        raise ForbiddenError("charts on the page are not open to you")


def chart_in_sight(viewer: Principal, catalog: Catalog, chart_id: str) -> Chart:
    """Return the chart of that id, for whoever may see it, and all of its events.

    Raises ``KeyError`` for one that there is not, or ``ForbiddenError``: who does not see everything is told the same
    of a chart that is another's and of none.
    """
    chart = next((chart for chart in catalog.charts() if chart.id == chart_id), None)
    if chart is None and not _is_limited(viewer):
        raise KeyError(chart_id)
    if chart is None or not viewer.sees_tab(catalog.tab_of(chart_id).id) or not _reaches(viewer, chart):
        raise ForbiddenError(f"the chart {short(chart_id)} is not open to you")
    return chart


def tab_in_sight(viewer: Principal, catalog: Catalog, tab_id: str) -> Tab:
    """Return the tab of that id, for whoever may see it and all of its charts. Raises what ``chart_in_sight`` does."""
    tab = next((tab for tab in catalog.tabs if tab.id == tab_id), None)
    if tab is None and not _is_limited(viewer):
        raise KeyError(tab_id)
    if tab is None or not viewer.sees_tab(tab_id) or not all(_reaches(viewer, chart) for chart in tab.charts):
        raise ForbiddenError(f"the tab {short(tab_id)} is not open to you")
    return tab


def short(name: str) -> str:
    """Return an id that somebody sent as a message quotes it."""
    return repr(name if len(name) <= LONGEST_QUOTED else f"{name[:LONGEST_QUOTED]}…")


def _is_limited(viewer: Principal) -> bool:
    return bool(viewer.tabs or viewer.prefixes)


def _reaches(viewer: Principal, chart: Chart) -> bool:
    return all(viewer.reaches(name) for name in chart.events)


def check_event(viewer: Principal, event_name: str) -> None:
    """Refuse an event that a token is not for. Raises ``ForbiddenError``."""
    if not viewer.reaches(event_name):
        raise ForbiddenError(f"the token is not for {event_name!r}")


def check_range(viewer: Principal, window: Window) -> None:
    """Refuse a range that is longer than a link shows. Raises ``RangeError``."""
    if viewer.longest is not None and window.span.length > viewer.longest:
        hours = viewer.longest.total_seconds() / 3600
        raise RangeError(f"this link shows {hours:g} hours at most")
