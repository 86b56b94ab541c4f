"""What an address asks for, read by whoever may see it: the data of a tab, and the moment that they are of."""

from collections.abc import Sequence
from dataclasses import dataclass

from layouts.figure.room import bars_within
from layouts.figure.traces import split_values
from metrics_dash.auth.permissions import Principal
from metrics_dash.charts.data import TabData
from metrics_dash.charts.queries import Moment
from metrics_dash.charts.rotation import Rotation, rotated, split_for
from metrics_dash.charts.visible import count_visible
from metrics_dash.web.address import PageState
from metrics_dash.web.context import Context
from metrics_dash.web.sight import check_range, check_sight


@dataclass(frozen=True, slots=True)
class Found:
    """A tab's data, and the moment at which they were asked for.

    ``values``: of all splits of the tab, also of those that a wall does not show now; ``rotation``: what it shows.
    """

    moment: Moment
    data: TabData
    values: Sequence[str]
    rotation: Rotation | None


def find(state: PageState, zone: str, width: int | None, viewer: Principal, context: Context) -> Found:
    """Return the data of a state's tab. ``zone``: the browser's; ``width``: of its narrowest graph, in px.

    Raises ``ForbiddenError``, ``RangeError``, ``QueryError``, ``QueriesUnavailableError``.
    """
    tab = context.catalog.tab(state.tab)
    check_sight(viewer, tab)
    moment = context.queries.moment()
    window = context.queries.window(
        state.range,
        start=state.from_,
        end=state.to,
        zone=state.zone(browser=zone, server=context.settings.timezone),
        step=state.step,
        moment=moment,
    )
    check_range(viewer, window)
    by = state.rotate_by if state.kiosk else None
    split = split_for(tab, by, state.split) or None
    bars = bars_within(width)
    data = context.queries.tab(
        tab.id, window, compare=state.compare, split=split, where=state.filter, bars=bars, moment=moment
    )
    values, data = split_values(data.charts), count_visible(data, state.hidden)
    shown, rotation = (data, None) if by is None else rotated(data, by, state.value or "")
    return Found(moment, shown, values, rotation)
