"""Somebody opens the page: it begins with the numbers of the tab that its address names, and a sketch of each chart.

What the browser knows and no address says, its zone and its width, comes from a cookie that assets/page/refresh.js
leaves for the next time; of who comes for the first time the request's headers say whether it is a phone. Whatever
goes wrong here costs the page nothing: it begins empty, and its first question is answered as ever.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from callbacks.asked import find
from callbacks.refresh import footer
from layouts import cards
from layouts.figure.traces import FigureStyle
from layouts.first import SketchedCard, SketchedTab
from layouts.freshness import labels
from layouts.ranges import range_name
from layouts.sketch import sketch
from metrics_dash.auth.permissions import ForbiddenError, Principal
from metrics_dash.charts.data import ChartData, QueriesUnavailableError, QueryError
from metrics_dash.charts.timerange.parse import PRESETS, RangeError
from metrics_dash.charts.timerange.windows import Window
from metrics_dash.ops.lag import Lag, allowed_lag, lag
from metrics_dash.web.address import BROWSER_ZONE, PageState, read_state
from metrics_dash.web.context import Context
from metrics_dash.web.sight import catalog_for

COOKIE = "metrics-look"
# How long a page waits for its numbers, and how many do at once while the database does not answer.
WITHIN_SECONDS = 0.3
AT_ONCE = 4
# px. Where cards stand below one another (assets/css/touch.css): what is beside their graphs; and most phones.
_NARROW, _BESIDE_GRAPH, _PHONE = 720, 52, 390
_LOOK = re.compile(r"(\d{1,5})\.([\w/+-]{1,64})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Look:
    """What a browser told last of itself: the width (px) of its narrowest graph, and its zone."""

    width: int = 0
    zone: str = ""


def read_look(cookie: str | None) -> Look:
    """Return what the cookie says; of one that nobody can read, nothing."""
    found = _LOOK.fullmatch(cookie or "")
    return Look(int(found[1]), found[2]) if found else Look()


def hinted(look: Look, header: Callable[[str], str | None]) -> Look:
    """Return what is known with the width of a phone's graph where the width is not, as far as the request's headers
    tell one: ``Sec-CH-Viewport-Width`` and ``Sec-CH-UA-Mobile``, or else its ``User-Agent``."""
    if look.width:
        return look
    told = header("Sec-CH-Viewport-Width") or ""
    if re.fullmatch(r"[0-9]{2,5}", told):
        return replace(look, width=int(told) - _BESIDE_GRAPH) if _BESIDE_GRAPH < int(told) <= _NARROW else look
    says = header("Sec-CH-UA-Mobile")
    phone = says == "?1" if says in ("?0", "?1") else "Mobi" in (header("User-Agent") or "")
    return replace(look, width=_PHONE - _BESIDE_GRAPH) if phone else look


def current(state: PageState) -> set[str]:
    """Return the ids of the links that hold in a state: the tab's, and its preset's where it has one."""
    return {f"tab-{state.tab}", *(f"range-{key}" for key in _preset(state))}


def _preset(state: PageState) -> set[str]:
    return {preset.key for preset in PRESETS if not state.from_ and not state.to} & {state.range}


def sketched_tab(search: str, look: Look, viewer: Principal, context: Context) -> SketchedTab | None:
    """Return the first answer of the tab that ``search`` names, of what ``viewer`` may see; None without one."""
    state = read_state(search, catalog_for(viewer, context.catalog))
    try:
        found = find(state, look.zone, look.width, viewer, context)
    except (ForbiddenError, RangeError, QueryError, QueriesUnavailableError):
        return None
    behind = lag(found.moment.status, allowed_lag(context.settings), context.problems())
    foot = footer(found.data, context, demo=context.demo())
    drawn = {chart.chart.id: _card(chart, state, look, found.values, behind) for chart in found.data.charts}
    zone = found.data.window.zone.key if state.tz == BROWSER_ZONE else None
    said = labels(
        state,
        found.data,
        behind,
        now=found.moment.now,
        refresh=context.settings.refresh_interval,
        own=_own_range(state, found.data.window, found.moment.now),
    )
    return SketchedTab(found.data.tab, search, drawn, foot, zone, said)


def _own_range(state: PageState, window: Window, now: datetime) -> str | None:
    """Return the name of a range that no preset's link marks."""
    return None if _preset(state) else range_name(window, state, now)


def _card(chart: ChartData, state: PageState, look: Look, values: Sequence[str], behind: Lag | None) -> SketchedCard:
    style = FigureStyle(
        logarithmic=state.log,
        hidden=state.hidden.get(chart.chart.id, frozenset()) if chart.only is None else frozenset(),
        width=look.width,
        values=values,
    )
    said = cards.state(chart, behind)
    drawn = cards.said(said) if said else cards.listing(chart) if chart.chart.is_ranking else sketch(chart, style)
    return SketchedCard(cards.headline(chart), [drawn])
