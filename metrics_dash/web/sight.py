"""What somebody sees of the page: a callback and an export are one route each, so they ask here for what they name."""

from collections.abc import Iterable
from dataclasses import replace

from metrics_dash.auth.permissions import ForbiddenError, Principal
from metrics_dash.catalog import Catalog, Tab
from metrics_dash.charts.timerange.parse import RangeError
from metrics_dash.charts.timerange.windows import Window


def catalog_for(viewer: Principal, catalog: Catalog) -> Catalog:
    """Return what of the catalog somebody may see. Raises ``ForbiddenError`` where that is nothing."""
    if not viewer.tabs:
        return catalog
    tabs = tuple(tab for tab in catalog.tabs if tab.id in viewer.tabs)
    if not tabs:
        raise ForbiddenError("the tabs of this link are no longer there")
    return replace(catalog, tabs=tabs)


def check_sight(viewer: Principal, tab: Tab, mounted: Iterable[str] = ()) -> None:
    """Refuse a tab, or charts on the page, that somebody may not see. Raises ``ForbiddenError``."""
    if not viewer.sees_tab(tab.id):
        raise ForbiddenError(f"the tab {tab.id!r} is not open to you")
    if viewer.tabs and not {chart.id for chart in tab.charts}.issuperset(mounted):
        raise ForbiddenError("charts on the page are not open to you")


def check_chart(viewer: Principal, catalog: Catalog, chart_id: str) -> None:
    """Refuse a chart that somebody may not see, or whose event is not their token's. Raises ``ForbiddenError``."""
    check_sight(viewer, catalog.tab_of(chart_id))
    for name in catalog.chart(chart_id).events:
        check_event(viewer, name)


def check_export(viewer: Principal, tab: Tab, chart_id: str | None) -> None:
    """Refuse the export of a chart, or of a whole tab, that somebody may not see. Raises ``ForbiddenError``."""
    check_sight(viewer, tab)
    for chart in tab.charts:
        if chart_id in (None, chart.id):
            for name in chart.events:
                check_event(viewer, name)


def check_event(viewer: Principal, event_name: str) -> None:
    """Refuse an event that a token is not for. Raises ``ForbiddenError``."""
    if not viewer.reaches(event_name):
        raise ForbiddenError(f"the token is not for {event_name!r}")


def check_range(viewer: Principal, window: Window) -> None:
    """Refuse a range that is longer than a link shows. Raises ``RangeError``."""
    if viewer.longest is not None and window.span.length > viewer.longest:
        hours = viewer.longest.total_seconds() / 3600
        raise RangeError(f"this link shows {hours:g} hours at most")
