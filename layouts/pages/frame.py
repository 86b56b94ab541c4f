"""The shell of the management pages: the dashboard's sidebar, a title, and room for what the address names."""

from collections.abc import Sequence

from dash import dcc, html
from dash.development.base_component import Component

from layouts.account import ENTRIES, account, entries
from layouts.begin import FIRST_SCRIPT
from layouts.brand import NO_BRAND, Brand
from layouts.markup import attributes
from metrics_dash.auth.permissions import Principal

TITLES = {path: title for path, title, _, _ in ENTRIES}

_INDEX = """<!DOCTYPE html>
<html lang="en">
<head>
{%metas%}
<title>{%title%}</title>
{%favicon%}
<script>FIRST_SCRIPT</script>
<style>CSS_VARIABLES</style>
{%css%}
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
{%app_entry%}
<footer>
{%config%}
{%scripts%}
{%renderer%}
</footer>
</body>
</html>"""


def index_string(brand: Brand = NO_BRAND) -> str:
    """Return the HTML that Dash fills in."""
    return _INDEX.replace("FIRST_SCRIPT", FIRST_SCRIPT).replace("CSS_VARIABLES", brand.variables())


def page() -> html.Div:
    """Return what every page begins as; its parts come by the address."""
    return html.Div(
        [dcc.Location(id="place", refresh=False), html.Div(id="side"), html.Main(id="content", tabIndex="-1")],
        className="app manage",
    )


def sidebar(viewer: Principal, csrf: str, current: str, brand: Brand = NO_BRAND) -> html.Nav:
    """Return the admin area's entries that are open to whoever looks."""
    return html.Nav(
        [html.Div(brand.parts(), className="brand"), entries(viewer, current), account(viewer, csrf)],
        className="sidebar",
        **attributes(aria_label="Admin"),
    )


def body(path: str, parts: Sequence[Component], notices: Sequence[tuple[str, str]]) -> list[Component]:
    """Return a page's title, what became of the last form (kind and words), and its parts."""
    told = [
        html.P(words, className=f"told {kind}", role="alert" if kind == "bad" else "status") for kind, words in notices
    ]
    return [html.Header(html.H1(TITLES[path]), className="top"), *told, *parts]
