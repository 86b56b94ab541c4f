"""The page around the board: the admin sidebar, the header with its controls, the footer, and the HTML they live in."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from layouts import wall
from layouts.account import account, entries, sign_in_again
from layouts.begin import FIRST_SCRIPT
from layouts.board import empty_board, more_tabs, side_tabs, tabs
from layouts.brand import NO_BRAND, Brand
from layouts.controls import controls, filter_chips, hidden_components
from layouts.export.sharing import notice, tab_menu
from layouts.finder import finder, finder_button
from layouts.freshness import NO_LABELS, Labels
from layouts.keys import keys_button, keys_sheet, range_choices
from layouts.markup import attributes
from layouts.reading import details
from layouts.static import as_html
from layouts.theme import recolouring
from layouts.timecontrol import go_live
from metrics_dash.auth.permissions import LOCAL, Principal
from metrics_dash.catalog import Catalog
from metrics_dash.charts.timerange.parse import COMPARISONS, DEFAULT_RANGE
from metrics_dash.charts.timerange.steps import STEPS
from metrics_dash.settings import Settings
from metrics_dash.web.address import PARAMETERS
from metrics_dash.web.paths import BASE_PATH

_INDEX = """<!DOCTYPE html>
<html lang="en">
<head>
{%metas%}
<title>{%title%}</title>
{%favicon%}
PRELOADS
<script>FIRST_SCRIPT</script>
<style>CSS_VARIABLES</style>
{%css%}
<script type="application/json" id="page-data">PAGE_DATA</script>
</head>
<body>
<a class="skip" href="#board">Skip to the charts</a>
{%app_entry%}
KEYS_SHEET
<footer>
{%config%}
{%scripts%}
{%renderer%}
</footer>
</body>
</html>"""


# Nothing of it ever changes: a part of Dash's would be told of whatever happens on the page.
_KEYS_SHEET = as_html(keys_sheet())


def index_string(catalog: Catalog, settings: Settings, version: str) -> str:
    """Return the HTML that Dash fills in. ``version`` is that of the program (``metrics_dash.ops.build``)."""
    data = json.dumps({**page_data(catalog, settings), "version": version}, separators=(",", ":"))
    # Neither markup nor one of Dash's {%fields%} can stand in what a catalog says, as no character of either is left.
    data = data.replace("<", "\\u003c").replace("%", "\\u0025")
    return (
        _INDEX.replace("FIRST_SCRIPT", FIRST_SCRIPT)
        .replace("PRELOADS", preloads(BASE_PATH))
        .replace("CSS_VARIABLES", Brand.of(settings).variables())
        .replace("KEYS_SHEET", _KEYS_SHEET)
        .replace("PAGE_DATA", data)
    )


def preloads(base: str, names: Iterable[str] = ("_dash-layout", "_dash-dependencies")) -> str:
    """Return tags by which the browser asks for Dash's own two answers at once, not only when its scripts have run."""
    return "\n".join(f'<link rel="preload" href="{base}{name}" as="fetch" crossorigin="anonymous">' for name in names)


def page_data(catalog: Catalog, settings: Settings) -> dict[str, Any]:
    """Return what the scripts in ``assets/`` need to know before the first answer."""
    refresh = settings.refresh_interval
    return {
        "base": BASE_PATH,
        "product": Brand.of(settings).title,
        "defaults": {
            "tab": catalog.tabs[0].id,
            "range": DEFAULT_RANGE,
            "tz": "browser",
            "res": "auto",
            "refresh": f"{refresh:g}",
        },
        "tabs": [{"id": tab.id, "title": tab.title} for tab in catalog.tabs],
        "charts": [
            {"id": chart.id, "title": chart.title, "tab": tab.id} for tab in catalog.tabs for chart in tab.charts
        ],
        "colours": recolouring(),
        "rangeKeys": range_choices(),
        "comparisons": dict(COMPARISONS),
        "parameters": list(PARAMETERS),
        "stepNames": {step.name: step.key for step in STEPS if step.name != step.key},
    }


def drawn(catalog: Catalog, settings: Settings) -> html.Div:
    """Return what Dash looks after: the board, still empty, and the footer. Each part of it is told of whatever happens
    on the page, so what no answer changes is HTML around it (``page``)."""
    board = html.Div(empty_board(catalog.tabs[0]), id="board", className="board", tabIndex="-1")
    return html.Div([*hidden_components(settings.refresh_interval), *stage(board)], className="drawn")


def stage(board: Component, footer: Sequence[Component] | None = None) -> list[Component]:
    """Return what stands below the controls."""
    return [
        html.Div(board, className="stage"),
        html.Footer(list(footer or [html.Span("\u00a0")]), id="footer", className="foot"),
    ]


def page(
    catalog: Catalog,
    settings: Settings,
    viewer: Principal = LOCAL,
    csrf: str | None = None,
    *,
    title: str | None = None,
    inside: Component | str | None = None,
    filters: Component | str | None = None,
    labels: Labels = NO_LABELS,
) -> html.Div:
    """Return the page around ``inside``, what is drawn. ``title``: of its tab, the first one by default. ``csrf``: for
    the form by which ``viewer`` signs out. ``filters``: what it is filtered by, nothing by default. ``labels``: how
    fresh it is, and what its controls are set to."""
    parts = inside, filters or filter_chips(), labels
    return html.Div(
        [
            sidebar(viewer, csrf, side_tabs(catalog), brand=Brand.of(settings)),
            _main(catalog, settings, title or catalog.tabs[0].title, *parts),
            wall.release_note(),
            notice(),
            details(),
            finder(),
        ],
        className="app",
    )


def sidebar(
    viewer: Principal = LOCAL, csrf: str | None = None, below: html.Nav | None = None, *, brand: Brand = NO_BRAND
) -> html.Nav:
    """Return the entries of the admin area that are open to ``viewer``; Metrics is the first."""
    return html.Nav(
        [
            html.Div(brand.parts(), className="brand"),
            entries(viewer),
            below,
            account(viewer, csrf),
            finder_button(),
            keys_button(),
        ],
        className="sidebar",
        **attributes(aria_label="Admin"),
    )


def _main(
    catalog: Catalog,
    settings: Settings,
    title: str,
    inside: Component | str | None,
    filters: Component | str,
    labels: Labels,
) -> html.Main:
    return html.Main(
        [
            html.Header(
                [
                    html.Div(
                        [
                            html.H1(title, id="title"),
                            wall.part(),
                            _freshness(labels),
                            sign_in_again(),
                            go_live(),
                        ],
                        className="heading",
                    ),
                    controls(settings.timezone.key, tab_menu(), labels=labels),
                    wall.strip(Brand.of(settings)),
                ],
                className="top",
            ),
            html.Div([tabs(catalog), more_tabs(catalog)], className="tabbar"),
            filters,
            html.P(id="unread", className="unread", role="status", hidden=True),
            inside,
        ]
    )


def _freshness(labels: Labels) -> html.Span:
    """Says how fresh the picture is; aloud (``freshness-alert``) only when that becomes bad or good again."""
    return html.Span(
        [
            html.I(className="dot"),
            html.Span(labels.freshness, id="freshness-text"),
            html.Span(id="freshness-alert", className="unseen", role="status"),
        ],
        id="freshness",
        className="pill",
        title=labels.freshness,
        **attributes(data_tone=labels.tone),
    )


def footer(
    range_text: str,
    steps_text: str,
    note: str | None,
    *,
    compared: str | None = None,
    refused: str | None = None,
    demo: bool,
) -> list[html.Span]:
    """Return what the charts show: range and zone, bucket length, what it is compared with, why it is not another
    one, how many events were refused; and whether it is demo data."""
    parts = [html.Span(range_text), html.Span(steps_text)]
    if compared:
        parts.append(html.Span(compared, className="compared"))
    if note:
        parts.append(html.Span(note, className="note"))
    if refused:
        parts.append(html.Span(refused, className="refused"))
    parts.append(
        html.Span("Demo data", className="demo", title="A simulated game server feeds this page")
        if demo
        else html.Span()
    )
    return parts
