"""When: the popover behind "Custom…", the steps through time, and the way back to live.

assets/page/timecontrol.js moves them.
"""

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from layouts.icons import icon
from layouts.markup import attributes

# What stands beside a step, by the key of ``callbacks.steps``: name, icon, element id, words.
STEPS = (
    ("back", "left", "step-back", "Earlier"),
    ("forward", "right", "step-forward", "Later"),
    ("out", "zoom-out", "zoom-out", "Zoom out"),
)

EXAMPLES = ("45m", "now-6h", "now-7d/d", "last week", "2026-01-31")


def steps() -> html.Div:
    """Return the links back, forward, and out to twice the time."""
    buttons = [
        html.Button(
            icon(image),
            id=name,
            className="button square",
            type="button",
            title=words,
            **attributes(data_go=key, aria_label=words),
        )
        for key, image, name, words in STEPS
    ]
    return html.Div(buttons, className="pair", role="group", **attributes(aria_label="Step through time"))


def go_live() -> html.Button:
    """Return the link back to now, as long a range as before; seen only while the page shows a time that stands
    still."""
    return html.Button(
        "Go live", id="go-live", className="button note", type="button", hidden=True, **attributes(data_go="live")
    )


def time_sheet(lengths: Component, periods: Component, zones: Component, resolutions: Component) -> list[Component]:
    """Return what the popover holds: ranges used before, one counted from now, one between two moments, and examples;
    how finely and in which zone."""
    return [
        html.Div([_recent(), _relative(lengths), _absolute(), _examples(periods)], className="time-when"),
        html.Div([resolutions, zones], className="time-how"),
    ]


def _relative(lengths: Component) -> html.Form:
    return html.Form(
        [
            html.H3("Relative", id="relative-title"),
            lengths,
            html.Div(
                [
                    _labelled("From", "relative-from", placeholder="yesterday"),
                    _labelled("To", "relative-to", placeholder="now"),
                    html.Button("Apply", id="relative-apply", className="button", type="submit"),
                ],
                className="row",
            ),
            html.P(id="relative-problem", className="problem", role="alert"),
        ],
        id="relative-range",
        noValidate=True,
        **attributes(aria_labelledby="relative-title"),
    )


def _absolute() -> html.Form:
    return html.Form(
        [
            html.H3("Absolute", id="absolute-title"),
            html.Div([html.Label("From", htmlFor="range-from"), _moment("range-from")], className="field"),
            html.Div([html.Label("To", htmlFor="range-to"), _moment("range-to")], className="field"),
            html.P(id="range-problem", className="problem", role="alert"),
            html.Div(
                [
                    html.Span(id="range-zone", className="quiet"),
                    html.Button("Apply", id="range-apply", className="button primary", type="submit"),
                ],
                className="actions",
            ),
        ],
        id="absolute-range",
        noValidate=True,
        **attributes(aria_labelledby="absolute-title"),
    )


def _examples(periods: Component) -> html.Div:
    """Return ranges of the calendar, and what else may be typed."""
    typed = [part for text in EXAMPLES for part in (html.Code(text), " ")]
    return html.Div(
        [
            html.H3("Examples", id="examples-title"),
            periods,
            html.P(["Typed as From: ", *typed], className="quiet"),
        ],
        role="group",
        className="examples",
        **attributes(aria_labelledby="examples-title"),
    )


def _recent() -> html.Div:
    """Filled by the browser, which alone remembers them."""
    return html.Div(
        [html.H3("Recent", id="recent-title"), html.Div(id="recent-ranges", className="options")],
        id="recent",
        hidden=True,
        role="group",
        **attributes(aria_labelledby="recent-title"),
    )


def _labelled(label: str, name: str, placeholder: str) -> html.Div:
    field = dbc.Input(
        id=name,
        type="text",
        className="input",
        placeholder=placeholder,
        autocomplete="off",
        debounce=False,
    )
    return html.Div([html.Label(label, htmlFor=name), field], className="field")


def _moment(name: str) -> dbc.Input:
    return dbc.Input(id=name, type="datetime-local", step=60, className="input", debounce=False)
