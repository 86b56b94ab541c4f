"""A chart's card: title and unit, the number that matters now, the chart, and what is said where there is none."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from dash import dcc, html
from dash.development.base_component import Component

from layouts.changes import change_words, compared_words
from layouts.export.sharing import card_menu
from layouts.figure.figures import Figure
from layouts.icons import icon
from layouts.markup import attributes
from layouts.ranking import listed, place, ranking
from layouts.reading import annotation_list, annotation_marks, leave_full_screen, legend, reader, refusals, zoom_reset
from layouts.static import still
from layouts.summary import summary
from layouts.units import DisplayUnit, display_unit, head_unit
from layouts.words import (
    aside_text,
    counted_text,
    filter_text,
    judgement,
    range_text,
    sign_of,
    summed_text,
    uncomputed_text,
    untold_text,
    verdict_text,
)
from metrics_dash.catalog import Chart, Size
from metrics_dash.charts.data import Annotation, ChartData, Interval, Uncomputed
from metrics_dash.ops.lag import Lag

# None of Plotly's own buttons: what a chart can do stands in its card's menu. Pointer and keys are the page's, so plots
# are drawn without what listens to them.
GRAPH_CONFIG: Any = {
    "staticPlot": True,
    "showSendToCloud": False,
    "displaylogo": False,
    "displayModeBar": False,
    "scrollZoom": False,
    "doubleClick": False,
    "responsive": True,
}

# Of how many charts the HTML of what never changes on their cards is kept.
_KEPT_AT_MOST = 1024


def graph_id(chart_id: Any) -> dict[str, Any]:
    return {"type": "graph", "chart": chart_id}


def headline_id(chart_id: Any) -> dict[str, Any]:
    return {"type": "headline", "chart": chart_id}


def state_id(chart_id: Any) -> dict[str, Any]:
    return {"type": "state", "chart": chart_id}


@dataclass(frozen=True, slots=True)
class CardContent:
    """What a refresh brings to a card: a figure, the headline's children, and what is said over an empty chart or, of a
    table, in its place."""

    figure: Figure
    headline: list[Component]
    state: list[Component]


def card(chart: Chart, content: CardContent, *, size: Size | None) -> html.Section:
    """Return the card of a chart. ``content`` is what a refresh brings; everything else stays as it is."""
    # A table is no news at each tick.
    role = None if chart.is_ranking else "status"
    state = html.Div(content.state, id=state_id(chart.id), className="chart-state", role=role)
    graph = dcc.Graph(
        id=graph_id(chart.id), figure=content.figure, config=GRAPH_CONFIG, className="graph", responsive=True
    )
    body = (
        [
            html.Div(
                [graph, html.Div(className="over", **_over(chart)), state],
                className="chart",
            ),
            refusals(),
            annotation_list(chart),
        ]
        if chart.has_figure
        # What is hidden there draws nothing; it is there because every card answers to the same three outputs.
        else [
            state if chart.is_tile else html.Div([place(chart), state], className="chart listing"),
            html.Div(graph, hidden=True),
        ]
    )
    return html.Section(
        [
            html.Header(**_head(chart)),
            html.Div(content.headline, id=headline_id(chart.id), className="headline"),
            *body,
        ],
        id=f"card-{chart.id}",
        className=_classes(chart, size),
        **attributes(aria_labelledby=f"title-{chart.id}"),
    )


@lru_cache(_KEPT_AT_MOST)
def _head(chart: Chart) -> dict[str, Any]:
    """Return what a card's head has in it: its title, and what can be done to its chart."""
    return still(
        html.H2(chart.title, id=f"title-{chart.id}"),
        _unit(chart),
        html.Span(icon("info"), className="help", title=chart.help) if chart.help else None,
        html.Div([zoom_reset(chart), card_menu(chart), leave_full_screen(chart)], className="card-tools"),
    )


@lru_cache(_KEPT_AT_MOST)
def _over(chart: Chart) -> dict[str, Any]:
    """Return what is laid over a graph: its name, the crosshair's place, its legend, marks of annotations."""
    return still(_picture(chart), reader(chart), legend(chart), annotation_marks(chart))


def _classes(chart: Chart, size: Size | None) -> str:
    return " ".join(name for name in ("card", size, "tile" if chart.is_tile else None) if name)


def _unit(chart: Chart) -> html.Span | None:
    unit = head_unit(chart.unit)
    return html.Span(unit, className="unit") if unit else None


def _picture(chart: Chart) -> html.Div:
    """Return what the chart is for who listens: a picture with a name and a summary. The drawing beside it
    is none; assets/chart/spoken.js keeps its bare labels from being read out."""
    return html.Div(
        className="picture",
        role="img",
        **attributes(aria_labelledby=f"title-{chart.id}", aria_describedby=f"summary-{chart.id}"),
    )


def skeleton_card(chart: Chart, *, size: Size | None) -> html.Section:
    """Return a card before its first data: the same boxes, so that nothing moves when they are filled."""
    return html.Section(
        [
            html.Header([html.H2(chart.title), _unit(chart)]),
            html.Div(html.Span(className="skeleton number"), className="headline"),
            None if chart.is_tile else html.Div(html.Div(className="skeleton plot"), className="chart"),
        ],
        className=_classes(chart, size),
        **attributes(aria_busy="true"),
    )


def sketched_card(
    chart: Chart, number: list[Component], drawn: Sequence[Component | str], *, size: Size | None
) -> html.Section:
    """Return a card with its number and a drawing, as the server sends it: the same boxes, and nothing to press."""
    body = list(drawn) if chart.is_tile else [html.Div(list(drawn), className="chart")]
    return html.Section(
        [html.Header([html.H2(chart.title), _unit(chart)]), html.Div(number, className="headline"), *body],
        className=_classes(chart, size),
    )


def said(state: Sequence[Component]) -> html.Div:
    """Return what is said in place of a chart, where nobody has to be told of it."""
    return html.Div(list(state), className="chart-state")


def headline(data: ChartData) -> list[Component]:
    """Return the number that matters now, what it is, and its change against the period before."""
    number, unit = data.headline, display_unit(data)
    parts: list[Component] = [_number(data, unit)]
    if number.label:
        parts.append(html.Span(_what(data), className="what", title=range_text(data.window)))
    if number.change is not None:
        parts.append(_change(data))
    if aside := aside_text(data):
        parts.append(html.Span(aside, className="what aside", title=aside))
    if data.uncomputed is not None:
        parts.append(html.Span(uncomputed_text(data.uncomputed, data.window.zone), className="what uncomputed"))
    return parts


def spoken(data: ChartData, refused: Sequence[Interval], annotations: Sequence[Annotation] = ()) -> html.Span:
    """Return the chart in words, by which its picture is described. Never seen, and read only by who asks for it."""
    return html.Span(summary(data, refused, annotations), id=f"summary-{data.chart.id}", hidden=True)


def _number(data: ChartData, unit: DisplayUnit) -> html.Span:
    """Return the number, coloured as the chart's bounds have it. Colour is not all that says so: see ``_what``."""
    verdict = data.chart.bounds.verdict(data.headline.value)
    text = _number_text(data.headline.value, unit)
    text = text if data.headline.value is None else sign_of(data) + text
    return html.Span(text, className=f"number {verdict}" if verdict else "number")


def _number_text(value: float | None, unit: DisplayUnit) -> str:
    return "–" if value is None else unit.text(value)


def _what(data: ChartData) -> str:
    """Return ``total, 24 h``, ``total since 2 Mar``, of the latest value no length; ``total of 1 of 2 series, 24 h``
    where some are hidden, and ``above 200 ms`` where the chart warns of that."""
    label, summed = data.headline.label, summed_text(data.window)
    if data.only is not None:
        label = f"{label} of {data.label(data.only)}"
    elif data.headline.counted is not None:
        label = f"{label} of {counted_text(*data.headline.counted)}"
    parts = (
        [label] if label == "latest" else [f"{label} {summed}" if summed.startswith("since") else f"{label}, {summed}"]
    )
    return ", ".join([*parts, *verdict_text(data)])


def _change(data: ChartData) -> html.Span:
    kind = judgement(data.headline.change or 0.0, data.chart)
    return html.Span(change_words(data), className=f"change {kind}", title=compared_words(data))


def shown(data: ChartData, lag: Lag | None = None) -> list[Component]:
    """Return what stands in the place of ``state``: where the chart is a table with rows, that."""
    said = state(data, lag)
    return [ranking(data)] if data.chart.is_ranking and not said else said


def listing(data: ChartData) -> html.Div:
    """Return a table as the server sends it."""
    return html.Div(html.Section(listed(data), className="ranking"), className="chart-state")


def state(data: ChartData, lag: Lag | None = None) -> list[Component]:
    """Return what is said over a chart without data; nothing where there is some.

    ``lag``: of the pipeline, where it does not keep up: then no data does not mean that nothing happened.
    """
    speak = STATES.get(data.state)
    if speak is None:
        return []
    if data.uncomputed is not None and data.state in ("never_seen", "none_in_range"):
        return _uncomputed(data.uncomputed, data)
    if lag is not None and data.state in ("never_seen", "none_in_range") and _reaches_into(lag, data):
        return _held_up(data, lag)
    return speak(data)


def _reaches_into(lag: Lag, data: ChartData) -> bool:
    """Return whether the chart shows time for which events may still be held up somewhere."""
    return data.unfinished_from is not None and data.window.end > lag.complete_through


def _held_up(data: ChartData, lag: Lag) -> list[Component]:
    through = _moment(lag.complete_through, data.window.zone)
    detail: list[Any] = [f"{lag.sentence} Complete through {through}."]
    if data.last_seen is not None:
        detail += [" Last seen ", _go_to(data.last_seen, data.window.zone), "."]
    return _message("Events are not coming through", detail, tone="bad")


def _uncomputed(found: Uncomputed, data: ChartData) -> list[Component]:
    detail = [f"{uncomputed_text(found, data.window.zone)}: ", html.Code("python -m metrics_dash audit"), " says why."]
    return _message("There are events, but no numbers of them", detail, tone="bad")


def _never_seen(data: ChartData) -> list[Component]:
    first, *more = (html.Code(name) for name in data.chart.events)
    if more:
        return _message("Waiting for the first events", [first, " and ", *more, " have not both been seen."])
    return _message("Waiting for the first event", [first, " has never been seen."])


def _none_in_range(data: ChartData) -> list[Component]:
    detail: list[Any] = []
    if data.last_seen is not None:
        detail = ["Last seen ", _go_to(data.last_seen, data.window.zone), "."]
    return _message("No data available for this time range", detail)


def _among_others(data: ChartData) -> list[Component]:
    where = data.chart.where
    dimension, value = untold_text(data.chart)
    name = f"{dimension}: {value}" if where is None else filter_text(replace(where, without=False))
    if not dimension:
        dimension, name = data.chart.split_by or "", data.label(data.only or "")
    detail = f"What there is of it in this range is counted among the others of {dimension}."
    return _message(f"{name} is none of the most frequent", [detail])


def _unsplit(data: ChartData) -> list[Component]:
    what = "Some of what" if data.series else "What"
    return _message(
        f"Not told apart by {data.chart.where.dimension if data.chart.where else data.chart.split_by}",
        [f"{what} was counted in this range was counted before the catalog declared the dimension."],
    )


def _too_many(data: ChartData) -> list[Component]:
    detail = "Several filters at once are read from raw events, one by one. Choose a shorter range, or one filter."
    return _message("Too many events", [detail])


def _past_retention(data: ChartData) -> list[Component]:
    detail = ["This range lies beyond what is kept."]
    if data.held_from is not None:
        detail = [f"Kept since {_moment(data.held_from, data.window.zone)}."]
    return _message("No data available for this time range", detail)


def _failing(data: ChartData) -> list[Component]:
    return _message("This chart can’t be drawn", [data.error or "The pipeline reports no reason."], tone="bad")


STATES: Mapping[str, Callable[[ChartData], list[Component]]] = {
    "never_seen": _never_seen,
    "none_in_range": _none_in_range,
    "among_others": _among_others,
    "unsplit": _unsplit,
    "too_many": _too_many,
    "past_retention": _past_retention,
    "failing": _failing,
}


def _message(title: str, detail: list[Any], tone: str = "") -> list[Component]:
    return [html.Div([html.Strong(title), html.P(detail)], className=f"message {tone}".strip())]


def _go_to(moment: datetime, zone: ZoneInfo) -> html.A:
    """Return a link to the hour around a moment."""
    return html.A(
        _moment(moment, zone),
        href="?",
        **attributes(data_around=moment.isoformat().replace("+00:00", "Z")),
    )


def _moment(moment: datetime, zone: ZoneInfo) -> str:
    local = moment.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M}"
