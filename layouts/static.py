"""Components as HTML text, for what the server sends before any script has run.

Text is text wherever it stands, and nothing of it is a field for Dash to fill in: those begin with a brace, and no
brace is left.
"""

import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from dash.development.base_component import Component

from layouts.markup import attributes

# Components that are one element of another name. All others that are not HTML's have no look before their scripts.
_ELEMENTS = {"dash_bootstrap_components": {"Input": "input"}}
_HTML = "dash_html_components"
VOID = frozenset({"br", "hr", "img", "input"})
_NAMES = {"className": "class", "htmlFor": "for"}
_LEFT_OUT = frozenset({"children", "key", "debounce", "n_clicks"})
_CAPITAL = re.compile(r"(?<=[a-z])([A-Z])")


class Html(str):
    """Text that is HTML already. Whoever makes one answers for what stands in it."""

    __slots__ = ()


def still(*parts: Any) -> dict[str, Any]:
    """Return what an element has within it for good, as an attribute. assets/lib/still.js builds it there: of what no
    answer changes Dash needs to know nothing."""
    return attributes(data_still=as_html(list(parts)))


def as_html(part: Any) -> str:
    """Return a component, a text, or a list of both as HTML; nothing for what has no look without scripts."""
    if part is None:
        return ""
    if isinstance(part, Html):
        return part
    if isinstance(part, list | tuple):
        return "".join(map(as_html, part))
    if not isinstance(part, Component):
        return as_text(part)
    tag = _tag(part)
    if tag is None:
        return ""
    inside = "" if tag in VOID else f"{as_html(getattr(part, 'children', None))}</{tag}>"
    return f"<{tag}{''.join(_attributes(part))}>{inside}"


def as_text(value: object) -> str:
    """Return a text as HTML says it, within an element or the quotes of an attribute."""
    return escape(str(value)).replace("{", "&#123;")


def _tag(component: Any) -> str | None:
    name: str = component._type
    if component._namespace == _HTML:
        return name.lower()
    return _ELEMENTS.get(component._namespace, {}).get(name)


def _attributes(component: Any) -> Iterator[str]:
    given: Mapping[str, Any] = component.to_plotly_json()["props"]
    for name, value in given.items():
        if name in _LEFT_OUT or value is None or value is False or (name == "id" and not isinstance(value, str)):
            continue
        if value is True:
            yield f" {name.lower()}"
        else:
            text = _style(value) if name == "style" else value
            yield f' {_NAMES.get(name, name.lower())}="{as_text(text)}"'


def _style(rules: Mapping[str, object]) -> str:
    return ";".join(f"{_CAPITAL.sub(_hyphened, name)}:{value}" for name, value in rules.items())


def _hyphened(capital: re.Match[str]) -> str:
    return f"-{capital[1].lower()}"
