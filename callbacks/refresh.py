"""The browser asks for the visible tab: the whole picture after a change of the address, new traces on a tick.

One callback, one query (shared by all viewers of the same tick), one answer. A tick answers with ``Patch``, because a
whole figure would undo a zoom. Whatever fails is said in the answer, and what was drawn before stays.
"""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Annotated, Any, Literal, NotRequired
from zoneinfo import ZoneInfo

import orjson
from dash import ALL, Dash, Input, Output, Patch, ctx, html, no_update
from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from callbacks.asked import find
from callbacks.steps import steps
from layouts import board, cards, shell
from layouts.annotations import told
from layouts.cards import CardContent
from layouts.export.about import about
from layouts.figure.annotations import Group, groups
from layouts.figure.figures import EMPTY_FIGURE, Figure, annotations_and_shapes, figure
from layouts.figure.ticks import ticks
from layouts.figure.traces import FigureStyle, traces
from layouts.ranges import range_name
from layouts.theme import TOKENS
from layouts.words import compared_text, range_text, refused_text, steps_text
from metrics_dash.catalog import Tab
from metrics_dash.charts.data import ChartData, Headline, QueriesUnavailableError, QueryError, TabData
from metrics_dash.charts.queries import Moment
from metrics_dash.charts.timerange.grid import to_milliseconds
from metrics_dash.charts.timerange.parse import RangeError
from metrics_dash.charts.timerange.windows import Window, allowed_steps
from metrics_dash.ops.lag import Lag, allowed_lag, lag
from metrics_dash.web.address import PageState, Theme, read_state
from metrics_dash.web.context import Context
from metrics_dash.web.sight import catalog_for, check_sight

log = logging.getLogger(__name__)

UNAVAILABLE = "Database unavailable"
NOT_DRAWN = "Drawing it failed; the server's log says why."


@with_config(ConfigDict(extra="forbid"))
class RefreshRequest(TypedDict):
    """What ``assets/page/refresh.js`` asks: the address, why (``rotate``: a wall's next tab), viewer's zone, theme;
    ``width`` (px) of the narrowest graph, 0 before there is one; ``number``: of the question, which its answer carries
    (assets/page/questions.js); ``at``: when it was asked (epoch ms)."""

    search: Annotated[str, Field(max_length=16_384)]
    reason: Literal["navigate", "tick", "rotate"]
    zone: Annotated[str, Field(max_length=256)]
    theme: Theme
    width: NotRequired[Annotated[int, Field(ge=0, le=100_000)]]
    number: NotRequired[Annotated[int, Field(ge=0, le=2**53)]]
    at: NotRequired[float]


@dataclass(frozen=True)
class Answer:
    """The callback's outputs. ``graphs`` and its like are in the order of the cards on the page; ``patched``: they are
    new traces for the figures there, and no figures."""

    answer: Mapping[str, Any]
    board: Any = no_update
    graphs: Sequence[Any] = ()
    headlines: Sequence[Any] = ()
    states: Sequence[Any] = ()
    footer: Any = no_update
    patched: bool = False

    @property
    def brings(self) -> Literal["nothing", "cards", "figures", "traces"]:
        """What it changes on the page."""
        if self.board is not no_update:
            return "cards"
        if not self.graphs:
            return "nothing"
        return "traces" if self.patched else "figures"

    def outputs(self, mounted: int, number: int) -> tuple[Any, ...]:
        """Return them in the order of the registered outputs; cards that get nothing new keep what they have.
        ``number``: of the question."""
        keep = [no_update] * mounted
        return (
            {**self.answer, "number": number, "brings": self.brings},
            _encoded(self.board),
            list(map(_encoded, self.graphs)) or keep,
            list(map(_encoded, self.headlines)) or keep,
            list(map(_encoded, self.states)) or keep,
            _encoded(self.footer),
            # Put on the page with all else: then it stands (assets/page/standing.js).
            str(number),
        )


def _encoded(output: Any) -> Any:
    """Return an output as JSON already. Where any part of an answer is a component, Dash goes through all of it in
    Python before it is encoded."""
    if output is no_update:
        return output
    return orjson.Fragment(orjson.dumps(output, default=_plain, option=orjson.OPT_SERIALIZE_NUMPY))


def _plain(part: Any) -> Any:
    """Return a component or a patch as Dash sends it."""
    return part.to_plotly_json()


def register(app: Dash, context: Context) -> None:
    """Answer every question that the browser asks."""

    @app.callback(
        Output("answer", "data"),
        Output("board", "children"),
        Output(cards.graph_id(ALL), "figure"),
        Output(cards.headline_id(ALL), "children"),
        Output(cards.state_id(ALL), "children"),
        Output("footer", "children"),
        Output("stamp", "children"),
        Input("request", "data"),
        prevent_initial_call=True,
    )
    def refresh(asked: RefreshRequest) -> tuple[Any, ...]:
        mounted = [output["id"]["chart"] for output in ctx.outputs_list[2]]
        return answer_request(asked, mounted, context).outputs(len(mounted), asked.get("number", 0))


def answer_request(asked: RefreshRequest, mounted: Sequence[str], context: Context) -> Answer:
    """Return what the page shows next. ``mounted``: ids of the charts whose cards stand on it now. Never raises for
    a range, a split or a database that can't be used: it says so."""
    state = read_state(asked["search"], context.catalog)
    answer = _answer_for(state, asked, mounted, context)
    # It lists what there is instead, and so is read of what the viewer may see.
    unread = read_state(asked["search"], catalog_for(context.viewer(), context.catalog)).unread
    said = {"version": context.version, "unread": [asdict(each) for each in unread]}
    return replace(answer, answer={**answer.answer, **said})


def _answer_for(state: PageState, asked: RefreshRequest, mounted: Sequence[str], context: Context) -> Answer:
    tab = context.catalog.tab(state.tab)
    check_sight(context.viewer(), tab, mounted)
    context.saw(state.kiosk)
    theme: Theme = asked["theme"] if asked["theme"] in TOKENS else "light"
    zone = state.zone(browser=asked["zone"], server=context.settings.timezone)
    try:
        found = find(state, asked["zone"], asked.get("width"), context.viewer(), context)
    except (RangeError, QueryError) as problem:
        return Answer(
            answer={"tab": tab.id, "error": str(problem), "final": True}, board=board.unreadable(str(problem))
        )
    except QueriesUnavailableError:
        return _unavailable(tab, mounted, context)
    moment, data = found.moment, found.data
    behind = lag(moment.status, allowed_lag(context.settings), context.problems())
    picture = Picture(data, state, theme, behind, asked.get("width", 0), found.values)
    demo = context.demo()
    foot = footer(data, context, demo=demo)
    answer = {
        **_answer(data, zone, moment, context),
        "rangeName": range_name(data.window, state, moment.now),
        "annotations": told(picture.noted),
        "lag": _lag(behind),
        "about": about(data, demo=demo),
        "rotation": found.rotation and asdict(found.rotation),
    }
    if list(mounted) != [chart.id for chart in data.tab.charts]:
        return Answer(answer, board=board.board(_declared(tab, data.tab), picture.contents()), footer=foot)
    patched = asked["reason"] == "tick"
    parts = picture.parts(patched=patched)
    return Answer(
        answer,
        patched=patched,
        graphs=[part.figure for part in parts],
        headlines=[part.headline for part in parts],
        states=[part.state for part in parts],
        footer=foot,
    )


def _note(window: Window, context: Context) -> str | None:
    """Say why the buckets are no others, and what is wrong though everything is shown."""
    warnings = [f"{warning[0].upper()}{warning[1:]}." for warning in context.warnings()]
    return " ".join([*([window.note] if window.note else []), *warnings]) or None


def footer(data: TabData, context: Context, *, demo: bool) -> list[html.Span]:
    """Return what the page's foot says of a tab."""
    return shell.footer(
        range_text(data.window),
        steps_text(data),
        _note(data.window, context),
        compared=compared_text(data.window, data.compare) if data.compare else None,
        refused=refused_text(data.refused),
        demo=demo,
    )


def _unavailable(tab: Tab, mounted: Sequence[str], context: Context) -> Answer:
    """Leave the last picture as it stands, whatever it is of; where there is none, return the tab's empty cards."""
    answer = {"tab": tab.id, "error": UNAVAILABLE, "final": False}
    return Answer(answer) if mounted else Answer(answer, board=board.empty_board(tab))


def _answer(data: TabData, zone: ZoneInfo, moment: Moment, context: Context) -> dict[str, Any]:
    """Return what the scripts in ``assets/`` need to know about the picture; moments in epoch ms."""
    window = data.window
    return {
        "tab": data.tab.id,
        "error": None,
        "final": False,
        "at": to_milliseconds(context.clock()),
        "completeThrough": to_milliseconds(data.complete_through),
        "start": to_milliseconds(window.start),
        "end": to_milliseconds(window.end),
        "asked": {"start": to_milliseconds(window.asked.start), "end": to_milliseconds(window.asked.end)},
        "live": window.live,
        "zone": zone.key,
        "step": window.step.key,
        "choices": [step.key for step in allowed_steps(window.asked, zone, moment.held)],
        "note": window.note,
        "steps": steps(window, moment.now),
    }


def _declared(tab: Tab, shown: Tab) -> Tab:
    """Return what is shown of a tab with its charts as the catalog has them: cards stand there through other splits and
    filters."""
    declared = {chart.id: chart for chart in tab.charts}
    return replace(shown, charts=tuple(declared[chart.id] for chart in shown.charts))


def _lag(behind: Lag | None) -> dict[str, Any] | None:
    """Return how far the pipeline is behind (seconds), why, and whether that is bad and not just late."""
    if behind is None:
        return None
    return {"seconds": behind.behind.total_seconds(), "why": "; ".join(behind.reasons), "long": behind.long}


@dataclass(frozen=True)
class Picture:
    """A tab's data as parts of the page. A chart that can't be drawn says so, and its neighbours are drawn.

    ``values``: of all splits of the tab, also of those that are not shown now: a value keeps its colour."""

    data: TabData
    state: PageState
    theme: Theme
    behind: Lag | None
    width: int
    values: Collection[str]

    @cached_property
    def noted(self) -> list[Group]:
        """What stands as one mark on every chart."""
        return groups(self.data.annotations, self.data.window, self.width)

    def parts(self, *, patched: bool) -> list[CardContent]:
        """Return what each card shows, in order; ``patched``: new traces for the figures that stand there already."""
        draw = self._patch if patched else self._figure
        return [self._part(chart, draw) for chart in self.data.charts]

    def contents(self) -> dict[str, CardContent]:
        """Return everything for new cards, by chart id."""
        ids = [chart.chart.id for chart in self.data.charts]
        return dict(zip(ids, self.parts(patched=False), strict=True))

    def _part(self, chart: ChartData, draw: Callable[[ChartData], Any]) -> CardContent:
        try:
            return self._content(chart, draw)
        except Exception:
            log.exception("the chart %r could not be drawn", chart.chart.id)
            empty = replace(
                chart, series=(), previous=(), headline=Headline(None, ""), state="failing", error=NOT_DRAWN
            )
            return self._content(empty, draw)

    def _content(self, chart: ChartData, draw: Callable[[ChartData], Any]) -> CardContent:
        headline = [*cards.headline(chart), cards.spoken(chart, chart.refused, self.data.annotations)]
        return CardContent(draw(chart), headline, cards.shown(chart, self.behind))

    def _style(self, chart: ChartData) -> FigureStyle:
        hidden = self.state.hidden.get(chart.chart.id, frozenset()) if chart.only is None else frozenset()
        return FigureStyle(
            theme=self.theme,
            logarithmic=self.state.log,
            hidden=hidden,
            width=self.width,
            values=self.values,
        )

    def _figure(self, chart: ChartData) -> Figure:
        if not chart.chart.has_figure:
            return EMPTY_FIGURE
        return figure(chart, chart.refused, self._style(chart), self.noted)

    def _patch(self, chart: ChartData) -> Any:
        if not chart.chart.has_figure:
            return no_update
        style = self._style(chart)
        patch = Patch()
        patch["data"] = traces(chart, style)
        marked = annotations_and_shapes(chart, chart.refused, style, self.noted)
        for name, value in marked.items():
            patch["layout"][name] = value
        for axis, those in ticks(chart, style).items():
            for name, value in those.items():
                patch["layout"][axis][name] = value
        return patch
