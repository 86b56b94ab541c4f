"""The few line icons of the page, as inline images: they take the text's colour and cost no request."""

from urllib.parse import quote

from dash import html

from layouts.markup import attributes

_STROKES = {
    "left": "M10 3.5 5.5 8l4.5 4.5",
    "right": "M6 3.5 10.5 8 6 12.5",
    "down": "M4 6l4 4 4-4",
    "info": "M8 7.2v4M8 4.8v.1M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0z",
    "sun": "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM8 1v1.4M8 13.6V15M1 8h1.4M13.6 8H15M3 3l1 1M12 12l1 1M3 13l1-1M12 4l1-1",
    "moon": "M13.5 9.6A5.8 5.8 0 0 1 6.4 2.5a5.8 5.8 0 1 0 7.1 7.1z",
    "refresh": "M13 8a5 5 0 1 1-1.5-3.6M13 2.5v2.8h-2.8",
    "metrics": "M2 12.5l3.5-5 3 2.5L13.5 4",
    "pipeline": "M2 5.5h4l4 5h4M2 10.5h4l1.2-1.5M8.8 7 10 5.5h4",
    "users": "M8 8a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM2.5 14a5.5 5.5 0 0 1 11 0",
    "token": "M10.5 8.5a3 3 0 1 0-2.9-2.2L2.5 11.4v2.1h2.2l.9-.9v-1.3h1.3l2-2z",
    "link": "M7 9.2a2.8 2.8 0 0 0 4 0l2-2a2.8 2.8 0 0 0-4-4l-.8.8M9 6.8a2.8 2.8 0 0 0-4 0l-2 2a2.8 2.8 0 0 0 4 4l.8-.8",
    "log": "M3 3.5h10M3 6.5h10M3 9.5h10M3 12.5h6",
    "calendar": "M2.5 4h11v9.5h-11zM2.5 7h11M5.5 2.5v3M10.5 2.5v3",
    "menu": "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
    "close": "M4 4l8 8M12 4l-8 8",
    "zoom-out": "M11 7a4 4 0 1 1-8 0 4 4 0 0 1 8 0zM10 10l3.5 3.5M5.2 7h3.6",
    "more": "M3.5 8h.1M8 8h.1M12.5 8h.1",
}


def icon(name: str) -> html.I:
    """Return a 16 px icon in the colour of the text around it; decoration only, so give what holds it a name."""
    width = "2.2" if name == "more" else "1.5"
    drawing = (
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16' fill='none' stroke='black' "
        f"stroke-width='{width}' stroke-linecap='round' stroke-linejoin='round'><path d='{_STROKES[name]}'/></svg>"
    )
    image = f'url("data:image/svg+xml,{quote(drawing, safe="")}")'
    return html.I(className="icon", style={"--icon": image}, **attributes(aria_hidden="true"))
