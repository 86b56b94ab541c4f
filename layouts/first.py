"""The page as the server sends it: what a person sees until the scripts have drawn it themselves.

Everything around the board is HTML for good. In it stands the place where Dash builds the board, and before that the
same board as HTML text, with the charts' numbers and a sketch of each. assets/page/first.js lets the one take the place
of the other.
"""

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields

from cachetools import LRUCache
from dash import html
from dash.development.base_component import Component

from layouts.board import described, empty_board, sized
from layouts.cards import sketched_card
from layouts.controls import REFRESHES, filter_chips
from layouts.freshness import NO_LABELS, Labels
from layouts.markup import attributes
from layouts.shell import page, stage
from layouts.static import Html, as_html, as_text
from metrics_dash.auth.permissions import Principal
from metrics_dash.catalog import Catalog, Tab
from metrics_dash.charts.data import Filter
from metrics_dash.settings import Settings

# Where in a frame stands what differs from one page to the next.
_TITLE, _INSIDE, _CSRF, _FILTERS = (f"\0{name}\0" for name in ("title", "inside", "csrf", "filters"))
_LABELS = Labels(*(f"\0{field.name}\0" for field in fields(Labels)))
_FRAMES_AT_MOST = 64


@dataclass(frozen=True)
class SketchedCard:
    """What stands on a card: the number with what is said of it, and the chart."""

    headline: list[Component]
    chart: Sequence[Component | str]


@dataclass(frozen=True)
class SketchedTab:
    """The first answer of a tab. ``search``: the query of the address that it is of; ``zone``: by whose clock it is
    drawn where that is to be the viewer's; ``labels``: what the page around it says."""

    tab: Tab
    search: str
    cards: Mapping[str, SketchedCard]
    footer: list[html.Span]
    zone: str | None = None
    labels: Labels = NO_LABELS


class FirstPages:
    """Makes the HTML of first pages. What is around the board is made once for each kind of viewer."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._frames: LRUCache[object, str] = LRUCache(_FRAMES_AT_MOST)

    def page(
        self,
        catalog: Catalog,
        tab: Tab,
        viewer: Principal,
        csrf: str | None,
        current: Collection[str],
        sketched: SketchedTab | None,
        entry: str = "",
        where: Filter | None = None,
    ) -> str:
        """Return a page of ``tab``. ``current``: ids of the links that hold; without a sketch the cards are empty.
        ``entry``: the HTML of the place where Dash builds its own. ``where``: what all of it is filtered by."""
        first = stage(_empty(tab)) if sketched is None else stage(_board(sketched), sketched.footer)
        parts = {
            _TITLE: as_text(tab.title),
            _INSIDE: as_html(html.Div(first, id="first")) + entry,
            _CSRF: as_text(csrf or ""),
            _FILTERS: as_html(filter_chips(where)),
        }
        text = self._frame(catalog, viewer, csrf is not None)
        for name in current:
            text = text.replace(f' id="{name}"', f' id="{name}" aria-current="{_current(name)}"', 1)
        labels = NO_LABELS if sketched is None else sketched.labels
        for plain, lit in _lit(labels):
            text = text.replace(plain, lit, 1)
        # A label may stand there twice, as text and as what is said of it.
        for mark, said in zip(astuple(_LABELS), astuple(labels), strict=True):
            text = text.replace(mark, as_text(said))
        for mark, part in parts.items():
            text = text.replace(mark, part, 1)
        return text

    def _frame(self, catalog: Catalog, viewer: Principal, signs_out: bool) -> str:
        tabs = tuple((tab.id, tab.title) for tab in catalog.tabs)
        key = (tabs, viewer.kind, viewer.name, viewer.permissions, signs_out)
        with self._lock:
            found = self._frames.get(key)
        if found is None:
            around = page(
                catalog,
                self._settings,
                viewer,
                _CSRF if signs_out else None,
                title=_TITLE,
                inside=Html(_INSIDE),
                filters=Html(_FILTERS),
                labels=_LABELS,
            )
            found = as_html(around)
            with self._lock:
                self._frames[key] = found
        return found


def _lit(labels: Labels) -> Iterator[tuple[str, str]]:
    """Yield what of the frame is marked or shown where that holds, and how: as the page's scripts do it."""
    menus = (("custom-range", labels.span != NO_LABELS.span), ("compare", labels.compare != NO_LABELS.compare))
    for name in (name for name, holds in menus if holds):
        opener = f'<details id="{name}" class="menu"><summary '
        yield opener, f'{opener}data-on="" '
    if labels.refresh == REFRESHES[0][1]:
        off = f' id="refresh-{REFRESHES[0][0]}"'
        yield off, f'{off} aria-current="true"'
    if labels.is_paused:
        shown = '<button id="go-live" class="button note" '
        yield f"{shown}hidden ", shown


def _current(name: str) -> str:
    """Return what assets/lib/links.js marks a link with that holds."""
    return "page" if name.startswith("tab-") else "true"


def _empty(tab: Tab) -> html.Div:
    return html.Div(empty_board(tab), id="board", className="board")


def _board(sketched: SketchedTab) -> html.Div:
    tab, contents = sketched.tab, sketched.cards
    cards = [
        sketched_card(chart, contents[chart.id].headline, contents[chart.id].chart, size=size)
        for chart, size in sized(tab)
    ]
    grid = html.Div(cards, className="grid", **attributes(data_cards=str(len(cards))))
    return html.Div(
        described(tab, grid),
        id="board",
        className="board sketched",
        **attributes(data_search=sketched.search, data_zone=sketched.zone),
    )
