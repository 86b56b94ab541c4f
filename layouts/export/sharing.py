"""What takes a chart or a tab away from the page: pictures, tables, links. assets/share/ does what its buttons say."""

from collections.abc import Sequence

from dash import html

from layouts.controls import menu
from layouts.icons import icon
from layouts.markup import attributes
from layouts.reading import reading_items
from metrics_dash.catalog import Chart


def card_menu(chart: Chart) -> html.Details:
    """Return the ⋯ of a card."""
    items = html.Div(export_items(chart), className="options")
    return menu(
        f"share-{chart.id}", f"Read, save or share {chart.title}", [icon("more")], [*reading_items(chart), items]
    )


def tab_menu() -> html.Details:
    """Return the header's Export."""
    items = html.Div(export_items(None), className="options")
    return menu("share-tab", "Save or share this tab", [html.Span("Export")], [items])


def export_items(chart: Chart | None) -> Sequence[html.Button]:
    """Return a button for everything that can be taken away: of one chart, or of the whole tab."""
    of = chart.id if chart else None
    return [
        _item("Save as PNG, light", data_chart=of, data_export="png", data_look="light"),
        _item("Save as PNG, dark", data_chart=of, data_export="png", data_look="dark"),
        _item("Copy as picture", data_chart=of, data_export="copy"),
        _item("Save as CSV", data_chart=of, data_export="csv"),
        _item("Copy link, follows now", data_chart=of, data_export="link", data_time="relative"),
        _item("Copy link, this range", data_chart=of, data_export="link", data_time="absolute"),
    ]


def notice() -> html.Div:
    """Return where it is said, quietly, what came of it. Screen readers read it out."""
    return html.Div(id="notice", className="notice", role="status", **attributes(aria_live="polite"))


def _item(text: str, **data: str | None) -> html.Button:
    return html.Button(text, type="button", **attributes(**data))
