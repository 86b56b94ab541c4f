"""What helps to read a chart: the crosshair's place, a card's ways to be looked at, and the dialog of its details.

The scripts in assets/chart/ do what stands here.
"""

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from layouts.icons import icon
from layouts.markup import attributes
from layouts.static import still
from metrics_dash.catalog import Chart
from metrics_dash.charts.ad_hoc import NO_SPLIT


def reader(chart: Chart) -> html.Div:
    """Return where the crosshair is drawn. The keyboard moves along it as along a slider, whose text is what it
    reads."""
    return html.Div(
        id=f"reader-{chart.id}",
        className="reader",
        role="slider",
        tabIndex="0",
        title="",
        **attributes(
            aria_label=f"{chart.title}: read values along time, Enter shows events",
            aria_valuemin="0",
            aria_valuemax="0",
            aria_valuenow="0",
            aria_valuetext="Arrow keys read the values",
        ),
    )


def annotation_marks(chart: Chart) -> html.Div:
    """Return where the marks of annotations can be pointed at and reached by keys; assets/chart/annotations.js fills
    it."""
    return html.Div(className="notes", role="group", **attributes(aria_label=f"{chart.title}: annotations"))


def annotation_list(chart: Chart) -> html.Details:
    """Return the list of annotations below a chart; hidden while there are none."""
    return html.Details(
        className="notes-list",
        hidden=True,
        **still(html.Summary("Annotations"), html.Ul()),
        **attributes(aria_label=f"{chart.title}: annotations"),
    )


def refusals() -> html.P:
    """Return the foot that says how many of the chart's own events were refused, and why; assets/chart/refused.js
    fills it."""
    return html.P(className="refused-foot", hidden=True)


def legend(chart: Chart) -> html.Div:
    """Return where the series are named and switched, one line; assets/chart/legend.js fills it, where there are
    several."""
    return html.Div(
        id=f"legend-{chart.id}", className="legend", role="group", **attributes(aria_label=f"Series of {chart.title}")
    )


def zoom_reset(chart: Chart) -> html.Button:
    """Return the button that ends a chart's own zoom; seen only while there is one."""
    return html.Button(
        "Reset zoom", className="zoom-reset", type="button", hidden=True, **attributes(data_zoom_reset=chart.id)
    )


def leave_full_screen(chart: Chart) -> html.Button:
    """Return the way back from full screen; seen only there."""
    return html.Button(
        icon("close"),
        className="leave-full",
        type="button",
        title="Leave full screen",
        **attributes(data_open="leave", data_chart=chart.id, aria_label="Leave full screen"),
    )


def reading_items(chart: Chart) -> list[Component]:
    """Return what a card's ⋯ offers for reading: other views of the same numbers, the split, the scale."""
    if chart.is_tile:
        return [html.Div([_view("Data as a table", "table", chart)], className="options")]
    views = [_view("Full screen", "full", chart), _view("Data as a table", "table", chart)]
    if chart.is_ranking:
        return [html.Div(views, className="options"), _series(chart), *_splits(chart)]
    return [
        html.Div(views, className="options"),
        _series(chart),
        *_splits(chart),
        html.Div([_scale()], className="options"),
    ]


def _series(chart: Chart) -> html.Div:
    """Return a switch for each series; assets/chart/series.js fills it when the menu opens, where there are several.
    Of a table the filters of each value, where a finger finds none in its row."""
    return html.Div(
        className="options", role="group", hidden=True, **attributes(data_series=chart.id, aria_label="Series")
    )


def _view(text: str, what: str, chart: Chart) -> html.Button:
    return html.Button(text, type="button", **attributes(data_open=what, data_chart=chart.id))


def _splits(chart: Chart) -> list[Component]:
    if not chart.dimensions:
        return []
    names = [(f"Split by {name}", name) for name in chart.dimensions]
    without = [] if chart.is_ranking else [("No split", NO_SPLIT)]
    links = [_split(chart, text, name) for text, name in [*names, *without]]
    return [html.Div(links, className="options", role="group", **attributes(aria_label="Split"))]


def _split(chart: Chart, text: str, dimension: str) -> html.A:
    """Return what the catalog declares is the default, and stands in no address."""
    declared = (chart.split_by or NO_SPLIT) == dimension
    return html.A(
        text,
        href="?",
        **attributes(data_split=f"{chart.id}:{dimension}", data_declared="true" if declared else None),
    )


def _scale() -> html.A:
    return html.A("Logarithmic, whole tab", href="?", **attributes(data_switch="log"))


def details() -> html.Dialog:
    """Return the one dialog of the page, for a table or for raw events; filled when it is opened."""
    return html.Dialog(
        [
            html.Header(
                [
                    html.Div([html.H2(id="details-title"), html.P(id="details-about", className="quiet")]),
                    html.Button(
                        icon("close"),
                        className="button square",
                        type="button",
                        **attributes(data_close="details", aria_label="Close"),
                    ),
                ]
            ),
            html.Div(
                [
                    html.Label(
                        [
                            html.Span("Search these rows", className="unseen"),
                            dbc.Input(
                                id="details-search",
                                type="search",
                                className="input",
                                placeholder="Search",
                                autocomplete="off",
                                debounce=False,
                            ),
                        ]
                    ),
                    html.Span(id="details-count", className="quiet", role="status"),
                    html.Button("More events", id="details-more", className="button", type="button", hidden=True),
                    html.Button("Copy", id="details-copy", className="button", type="button"),
                    html.Button("CSV", id="details-csv", className="button", type="button"),
                ],
                id="details-tools",
                className="details-tools",
            ),
            html.Div(id="details-body", className="details-body", tabIndex="0", role="region"),
        ],
        id="details",
        className="details",
        **attributes(aria_labelledby="details-title"),
    )
