"""The controls of the header: when (range, step, refresh) and the theme.

A control is a real link with ``data-set``, a query string that is laid over the address (an empty value takes a name
out). ``assets/lib/links.js`` follows it, gives it its ``href``, and marks the one that holds with ``aria-current``. So
one more choice is one more link here, and nothing else.
"""

from collections.abc import Sequence
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from layouts.freshness import NO_LABELS, Labels
from layouts.icons import icon
from layouts.markup import attributes
from layouts.timecontrol import steps, time_sheet
from layouts.words import filter_text
from metrics_dash.charts.data import Filter
from metrics_dash.charts.timerange.parse import COMPARISONS, PERIODS, PRESETS
from metrics_dash.charts.timerange.steps import STEPS, Step

_STEP_UNITS = {"m": "min", "h": "h"}
REFRESHES: Sequence[tuple[str, str]] = (("off", "Off"), ("5", "5 s"), ("10", "10 s"), ("30", "30 s"), ("60", "1 min"))


def choice(text: str, changes: str, **more: Any) -> html.A:
    """Return a link that lays ``changes`` (``range=1h&from=&to=``) over the address."""
    return html.A(text, href="?" + changes, **attributes(data_set=changes), **more)


def menu(
    name: str, label: str, summary: Sequence[Component], items: Sequence[Component], *, hidden: bool = False
) -> html.Details:
    """Return a button that opens a small sheet; Escape and a click elsewhere close it.

    ``label`` is for screen readers, who hear it before the words that can be seen; "" where those say enough.
    """
    unseen = [html.Span(f"{label}: ", className="unseen")] if label else []
    return html.Details(
        [html.Summary([*unseen, *summary], className="button"), html.Div(items, className="sheet")],
        id=name,
        className="menu",
        hidden=hidden or None,
    )


def controls(zone: str, *more: Component, labels: Labels = NO_LABELS) -> html.Div:
    """Return all controls of the header, in the order in which they are reached, ``more`` last. ``zone``: the
    server's. ``labels``: what they are set to."""
    parts = [_ranges(zone, labels), steps(), _compare(labels), _refresh(labels), _theme(), *more]
    return html.Div(parts, className="controls")


def _range(name: str) -> str:
    """Return what leads to a range that has a name, and leaves none of one's own."""
    return f"range={name}&from=&to="


def _ranges(zone: str, labels: Labels) -> html.Div:
    presets = [
        choice(
            preset.key,
            _range(preset.key),
            title=preset.title,
            id=f"range-{preset.key}",
            **attributes(data_title=preset.key),
        )
        for preset in PRESETS
    ]
    return html.Div(
        [*presets, custom_range(zone, labels)],
        className="segments",
        role="group",
        id="ranges",
        **attributes(aria_label="Time range"),
    )


def custom_range(zone: str, labels: Labels = NO_LABELS) -> html.Details:
    """Return any other range; how finely it is drawn, and in which zone."""
    return menu(
        "custom-range",
        "",
        [html.Span(labels.span, id="custom-label", title=labels.span)],
        time_sheet(_lengths(), _periods(), _zones(zone), _resolutions()),
    )


def _lengths() -> html.Div:
    """Return the presets by their words: on a narrow page the header has no room for them."""
    return html.Div([choice(preset.title, _range(preset.key)) for preset in PRESETS], className="options pairs")


def _periods() -> html.Div:
    return html.Div([choice(title, _range(key)) for key, (title, *_) in PERIODS.items()], className="options pairs")


def _resolutions() -> html.Div:
    """Return every step there is; assets/page/timecontrol.js shows those that the range and what is held allow."""
    items = [choice("Auto", "res=", id="res-auto")]
    items += [
        choice(_step_text(step), f"res={step.key}", id=f"res-{step.key}", **attributes(data_step=step.key))
        for step in STEPS
    ]
    note = html.P(id="resolution-note", className="quiet")
    return _group("Buckets", [html.Div(items, id="steps", className="options"), note])


def _step_text(step: Step) -> str:
    """Return ``5 min``, ``1 h``, ``1 week``."""
    return f"{step.number} {_STEP_UNITS.get(step.unit, step.unit_word)}"


def _zones(zone: str) -> html.Div:
    """Return the viewer's (assets/page/timecontrol.js adds its name), UTC, and the server's where that is another."""
    items = [choice("Yours", "tz=", id="tz-browser"), choice("UTC", "tz=UTC", id="tz-utc")]
    if zone != "UTC":
        items.append(choice(f"Server’s, {zone}", "tz=server", id="tz-server"))
    return _group("Time zone", [html.Div(items, className="options")])


def _group(title: str, items: Sequence[Component]) -> html.Div:
    return html.Div([html.H3(title), *items], role="group", **attributes(aria_label=title))


def _compare(labels: Labels) -> html.Details:
    """Return what the charts are compared with. The label has room for its longest text, so that nothing moves."""
    items = [choice("Off", "compare=")]
    items += [choice(title.capitalize(), f"compare={name}") for name, title in COMPARISONS.items()]
    label = html.Span(labels.compare, id="compare-label", **attributes(data_short=labels.compare_short))
    return menu(
        "compare",
        "",
        [label],
        [html.Nav(items, className="options", **attributes(aria_label="Compare with"))],
    )


def _refresh(labels: Labels) -> html.Details:
    items = [choice(text, f"refresh={value}", id=f"refresh-{value}") for value, text in REFRESHES]
    hold = html.Button("Pause", id="pause", type="button", title="Hold this range", **attributes(data_go="pause"))
    return menu(
        "refresh",
        "Refresh",
        [
            html.Span(className="ring", id="countdown", **attributes(aria_hidden="true")),
            html.Span(labels.refresh, id="refresh-label"),
        ],
        [
            html.Nav(items, className="options", **attributes(aria_label="Refresh every")),
            html.Div(hold, className="options"),
        ],
    )


def filter_chips(where: Filter | None = None) -> html.P:
    """Return what the whole tab is filtered by, each with the way out; assets/page/filter.js keeps it so."""
    return html.P(
        [
            html.Span("Filter", className="quiet"),
            html.Span([_chip(each) for each in where.all()] if where else [], id="filter-list"),
        ],
        id="filter",
        className="filter",
        role="status",
        hidden=where is None or None,
    )


def _chip(where: Filter) -> html.Span:
    text = filter_text(where)
    told = attributes(data_unfilter=where.spelled(), aria_label=f"Clear the filter {text}")
    clear = html.A(html.Span("×"), href="?", className="clear", title="Clear this filter", **told)
    return html.Span([html.Span(text, className="filter-text", title=text), clear], className="chip")


def _theme() -> html.Button:
    return html.Button(
        [icon("sun"), icon("moon")],
        id="theme-toggle",
        className="button square",
        title="Light or dark",
        **attributes(aria_label="Switch between light and dark"),
    )


def hidden_components(refresh_seconds: float) -> list[Component]:
    """Return what has no look: the address, the clock of the refresh, and what browser and server say to each other."""
    return [
        dcc.Location(id="url", refresh=False),
        dcc.Interval(id="tick", interval=int(refresh_seconds * 1000)),
        dcc.Store(id="request"),
        dcc.Store(id="answer"),
        dcc.Store(id="theme"),
        html.Span(id="stamp", hidden=True),
    ]
