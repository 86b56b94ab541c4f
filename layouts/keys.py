"""The keys of the page: declared once, for the scripts that obey them (assets/page/keyboard.js and assets/wall/), and
for the sheet that ``?`` opens.

A key is a single character, so each does nothing while somebody types, nor with Ctrl, Alt or Meta, and all of them can
be switched off on the sheet (a person who dictates would press them by speaking).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from layouts.icons import icon
from layouts.markup import attributes
from metrics_dash.charts.timerange.parse import PRESETS

RANGE_KEYS: Mapping[str, str] = {"1": "1h", "6": "6h", "d": "24h", "w": "7d", "m": "30d"}
"""What follows ``t``, and the preset that it chooses."""

KEYS: Sequence[tuple[str, Sequence[tuple[str, str]]]] = (
    (
        "Where and when",
        (
            ("1 – 9", "Tab by its number"),
            ("/", "Find a tab or a chart by typing"),
            ("t", "Then a key for the range, or t for another"),
            ("← →", "Earlier, later"),
            ("z", "Zoom out"),
            ("l", "Pause, or go live again"),
            ("r", "Refresh now"),
        ),
    ),
    (
        "Charts",
        (
            ("Tab", "Reach a chart; arrow keys then read its values"),
            ("Shift ← →", "Ten buckets at once, as Page Up and Down do; Home and End for the ends"),
            ("Enter", "Raw events behind the value"),
            ("Drag", "Range of the tab; with Shift, zoom of that chart"),
            ("2 clicks", "Zoom out, or back to the whole range"),
            ("f", "Full screen of the chart in focus"),
            ("c", "Compare with the period, day or week before"),
        ),
    ),
    (
        "Page",
        (
            ("k", "Kiosk: only the charts, for a wall"),
            ("Space", "On a wall: hold what is shown, go on; arrows turn to another"),
            ("↑ ↓", "Move in an open menu; a letter jumps to what begins with it"),
            ("?", "This sheet"),
            ("Esc", "Close what is open"),
        ),
    ),
)


def range_choices() -> list[dict[str, str]]:
    """Return for the browser: key, range and title of what may follow ``t``."""
    titles = {preset.key: preset.title for preset in PRESETS}
    return [{"key": key, "range": name, "title": titles[name]} for key, name in RANGE_KEYS.items()]


def keys_button() -> html.Button:
    """Opens the sheet; last in the sidebar."""
    return html.Button(
        [html.Span("Keyboard"), html.Kbd("?")],
        id="keys-open",
        className="entry keys-open",
        type="button",
        **attributes(aria_haspopup="dialog"),
    )


def keys_sheet() -> html.Dialog:
    """Return every key and what it does."""
    groups = [_group(title, keys) for title, keys in KEYS]
    return html.Dialog(
        [
            html.Header(
                [
                    html.H2("Keyboard", id="keys-title"),
                    html.Button(
                        icon("close"),
                        className="button square",
                        type="button",
                        id="keys-close",
                        **attributes(aria_label="Close"),
                    ),
                ]
            ),
            html.Div([*groups, _ranges()], className="keys-body"),
            html.Button(
                "Single keys are on",
                id="keys-switch",
                className="button",
                type="button",
                **attributes(aria_pressed="true"),
            ),
        ],
        id="keys",
        className="keys",
        **attributes(aria_labelledby="keys-title"),
    )


def _ranges() -> html.Section:
    titles = {preset.key: preset.title for preset in PRESETS}
    return _group("Range", [(f"t {key}", titles[name]) for key, name in RANGE_KEYS.items()])


def _group(title: str, keys: Sequence[tuple[str, str]]) -> html.Section:
    rows: list[Component] = []
    for key, words in keys:
        rows += [html.Dt(_caps(key)), html.Dd(words)]
    return html.Section([html.H3(title), html.Dl(rows)])


def _caps(key: str) -> list[Any]:
    """Return ``1 – 9`` as caps with a dash between them."""
    return [part if part == "–" else html.Kbd(part) for part in key.split(" ")]
