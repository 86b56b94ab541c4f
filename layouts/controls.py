"""The controls of the header: when (range, step, refresh) and the theme.

A control is a real link with ``data-set``, a query string that is laid over the address (an empty value takes a name
out). ``assets/url.js`` follows it, gives it its ``href``, and marks the one that holds with ``aria-current``. So one
more choice is one more link here, and nothing else.
"""

from collections.abc import Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from layouts.icons import icon
from layouts.markup import attributes
from metrics_dash.timerange import COMPARISONS, PRESETS

REFRESHES: Sequence[tuple[str, str]] = (("off", "Off"), ("5", "5 s"), ("10", "10 s"), ("30", "30 s"), ("60", "1 min"))


def choice(text: str, changes: str, **more: Any) -> html.A:
    """A link that lays ``changes`` (``range=1h&from=&to=``) over the address."""
    return html.A(text, href="?" + changes, **attributes(data_set=changes), **more)


def menu(name: str, label: str, summary: Sequence[Component], items: Sequence[Component]) -> html.Details:
    """A button that opens a small sheet; Escape and a click elsewhere close it. ``label`` is for screen readers."""
    return html.Details(
        [html.Summary(summary, className="button", **attributes(aria_label=label)), html.Div(items, className="sheet")],
        id=name,
        className="menu",
    )


def controls(*more: Component) -> html.Div:
    """All controls of the header, in the order in which they are reached; ``more`` come last."""
    return html.Div([_ranges(), _steps(), _compare(), _refresh(), _theme(), *more], className="controls")


def _ranges() -> html.Div:
    presets = [
        choice(
            preset.key,
            f"range={preset.key}&from=&to=",
            title=preset.title,
            id=f"range-{preset.key}",
            **attributes(data_title=preset.key),
        )
        for preset in PRESETS
    ]
    return html.Div(
        [*presets, custom_range()],
        className="segments",
        role="group",
        id="ranges",
        **attributes(aria_label="Time range"),
    )


def custom_range() -> html.Details:
    """From and to, each a date and a time in the page's zone."""
    return menu(
        "custom-range",
        "Custom time range",
        [html.Span("Custom…", id="custom-label")],
        [
            html.Div([html.Label("From", htmlFor="range-from"), _moment("range-from")], className="field"),
            html.Div([html.Label("To", htmlFor="range-to"), _moment("range-to")], className="field"),
            html.P(id="range-problem", className="problem", role="alert"),
            html.Div(
                [
                    html.Span(id="range-zone", className="quiet"),
                    html.Button("Apply", id="range-apply", className="button primary", type="button"),
                ],
                className="actions",
            ),
        ],
    )


def _moment(name: str) -> dbc.Input:
    return dbc.Input(id=name, type="datetime-local", step=60, className="input", debounce=False)


def _steps() -> html.Div:
    return html.Div(
        [
            html.Button(
                icon("left"), id="step-back", className="button square", title="Earlier", **attributes(data_go="back")
            ),
            html.Button(
                icon("right"),
                id="step-forward",
                className="button square",
                title="Later",
                **attributes(data_go="forward"),
            ),
        ],
        className="pair",
    )


def _compare() -> html.Details:
    """What the charts are compared with. The label has room for its longest text, so that nothing moves."""
    items = [choice("Off", "compare=")]
    items += [choice(title.capitalize(), f"compare={name}") for name, title in COMPARISONS.items()]
    return menu(
        "compare",
        "Compare",
        [html.Span("Compare", id="compare-label")],
        [html.Nav(items, className="options", **attributes(aria_label="Compare with"))],
    )


def _refresh() -> html.Details:
    items = [choice(text, f"refresh={value}", id=f"refresh-{value}") for value, text in REFRESHES]
    return menu(
        "refresh",
        "Refresh",
        [html.Span(className="ring", id="countdown", **attributes(aria_hidden="true")), html.Span(id="refresh-label")],
        [html.Nav(items, className="options", **attributes(aria_label="Refresh"))],
    )


def _theme() -> html.Button:
    return html.Button(
        [icon("sun"), icon("moon")],
        id="theme-toggle",
        className="button square",
        title="Light or dark",
        **attributes(aria_label="Switch between light and dark"),
    )


def machinery(refresh_seconds: float) -> list[Component]:
    """What has no look: the address, the clock of the refresh, and what browser and server say to each other."""
    return [
        dcc.Location(id="url", refresh=False),
        dcc.Interval(id="tick", interval=int(refresh_seconds * 1000)),
        dcc.Store(id="request"),
        dcc.Store(id="answer"),
        dcc.Store(id="busy", data=False),
        dcc.Store(id="theme"),
    ]
