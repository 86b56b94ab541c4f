"""Fields, buttons and tables of the management pages."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from layouts.markup import attributes

Row = Sequence[Any]


def form(path: str, csrf: str, action: str, *parts: Component, **hidden: str) -> Component:
    """Return a form that is posted to its page; ``action`` says what is to be done, ``hidden`` with what."""
    kept = {"csrf_token": csrf, "action": action, **hidden}
    fields = [dbc.Input(type="hidden", name=name, value=value) for name, value in kept.items()]
    made: Component = dbc.Form(
        [*fields, *parts], action=path, method="POST", prevent_default_on_submit=False, className=f"form {action}"
    )
    return made


def field(name: str, label: str, identity: str = "", **options: Any) -> html.Div:
    """Return a labelled text field; ``identity`` tells it from others of its name."""
    options = {"type": "text", "maxlength": 256, "autocomplete": "off", **options}
    control = dbc.Input(id=_id(name, identity), name=name, className="input", **options)
    return html.Div([dbc.Label(label, html_for=_id(name, identity)), control], className="field")


def _id(name: str, identity: str = "") -> str:
    return f"field-{name}-{identity}" if identity else f"field-{name}"


def choice(name: str, label: str, options: Sequence[str], value: str, identity: str = "") -> html.Div:
    """Return a labelled choice of one; ``identity`` tells it from others of its name."""
    control = dbc.Select(id=_id(name, identity), name=name, options=list(options), value=value, className="input")
    return html.Div([dbc.Label(label, html_for=_id(name, identity)), control], className="field")


def check(name: str, label: str, *, value: bool = False) -> Component:
    """Return a box to tick."""
    made: Component = dbc.Checkbox(id=_id(name), name=name, label=label, value=value, className="check")
    return made


def button(label: str, *, primary: bool = False, of: str = "") -> Component:
    """Return the button that sends a form; ``of``: what a screen reader hears after its label."""
    words = [label, html.Span(f" {of}", className="unseen")] if of else label
    made: Component = dbc.Button(words, type="submit", className="button primary" if primary else "button")
    return made


def table(caption: str, head: Sequence[str], rows: Sequence[Row], empty: str) -> Component:
    """Return a table that a phone can scroll, or what is said where there is nothing."""
    if not rows:
        return html.P(empty, className="quiet")
    content = html.Table(
        [
            html.Caption(caption, className="unseen"),
            html.Thead(html.Tr([html.Th(title, scope="col") for title in head])),
            html.Tbody([html.Tr([html.Td(cell) for cell in row]) for row in rows]),
        ],
        className="rows",
    )
    return html.Div(content, className="scroll", tabIndex="0", role="region", **attributes(aria_label=caption))


def section(title: str, *parts: Component) -> html.Section:
    """Return a part of a page under its title."""
    return html.Section([html.H2(title), *parts], className="panel")


def moment(at: datetime | None) -> str:
    """Return a moment as the pages show it."""
    return "–" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def ended(revoked_at: datetime | None, expires_at: datetime | None, now: datetime) -> str:
    """Say why something holds no longer, nothing where it holds."""
    if revoked_at is not None:
        return "revoked"
    return "expired" if expires_at is not None and expires_at <= now else ""
