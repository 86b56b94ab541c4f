"""What stands on the page for walls: the part of a tab, what is next, the clock, and the note about a new version."""

from dash import html

from layouts.brand import NO_BRAND, Brand
from layouts.markup import attributes


def part() -> html.Span:
    """Return which part of its tab a wall shows, a value and a page; filled by ``assets/wall/next.js``."""
    return html.Span(id="wall-part", className="wall-part")


def strip(brand: Brand = NO_BRAND) -> html.Div:
    """Return what is next, and the time; filled and shown by ``assets/wall/`` in kiosk mode only. ``brand``: whose wall
    it is, where that has a name or a logo of its own."""
    whose = [html.Span(brand.parts(), className="wall-brand")] if brand.is_own else []
    return html.Div(
        [
            *whose,
            html.Span(id="wall-next", className="wall-next"),
            html.Span(className="ring", title="Until the next refresh"),
            html.Time(id="wall-clock", className="wall-clock"),
        ],
        className="wall-strip",
        **attributes(aria_hidden="true"),
    )


def release_note() -> html.Button:
    """Quietly offers to load the page of a new version (``assets/wall/release.js``); a wall does so by itself."""
    return html.Button(
        "A new version is ready — reload", id="release-note", className="button note", type="button", hidden=True
    )
