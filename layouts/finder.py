"""What ``/`` opens: a tab or a chart is found by typing some of its name. assets/page/finder.js fills it."""

import dash_bootstrap_components as dbc
from dash import html

from layouts.icons import icon
from layouts.markup import attributes

WORDS = "Find a tab or a chart"


def finder() -> html.Dialog:
    """Return the dialog: a field, and a list of what fits."""
    return html.Dialog(
        [
            html.Header(
                [
                    html.Label(WORDS, htmlFor="finder-text", className="unseen"),
                    dbc.Input(
                        id="finder-text",
                        type="text",
                        className="input",
                        placeholder=WORDS,
                        autocomplete="off",
                        debounce=False,
                    ),
                    html.Button(
                        icon("close"),
                        className="button square",
                        type="button",
                        **attributes(data_close="finder", aria_label="Close"),
                    ),
                ]
            ),
            html.Ul(id="finder-list", role="listbox", **attributes(aria_label="Tabs and charts")),
            html.P(id="finder-none", className="quiet", role="status"),
        ],
        id="finder",
        className="finder",
        **attributes(aria_label=WORDS),
    )


def finder_button() -> html.Button:
    """Opens it; in the sidebar, above the sheet of keys."""
    return html.Button(
        [html.Span("Find"), html.Kbd("/")],
        id="finder-open",
        className="entry keys-open",
        type="button",
        **attributes(aria_haspopup="dialog"),
    )
