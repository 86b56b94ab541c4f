"""Parts of the page, looked through as a browser or a listener would."""

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

from dash import html
from dash.development.base_component import Component

from layouts.static import VOID


def every(part: Any, kind: type[Component] = Component) -> Iterator[Component]:
    """The component and all that it holds, of a kind, in the order of the page."""
    if isinstance(part, list | tuple):
        for one in part:
            yield from every(one, kind)
    elif isinstance(part, Component):
        if isinstance(part, kind):
            yield part
        yield from every(within(part), kind)


def within(part: Component) -> Any:
    """What a component holds, also of what the browser builds from text."""
    text = getattr(part, "data-still", None)
    return getattr(part, "children", None) if text is None else _Built(text).parts


class _Built(HTMLParser):
    """Components again of what was made HTML of them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.parts: list[Any] = []
        self._open: list[tuple[str, dict[str, Any], list[Any]]] = [("", {}, self.parts)]
        self.feed(text)
        self.close()
        assert len(self._open) == 1, "an element was not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open.append((tag, {name: True if value is None else value for name, value in attrs}, []))
        if tag in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        opened, given, children = self._open.pop()
        assert opened == tag
        kind = getattr(html, tag.capitalize())
        names = {"class": "className", **{name.lower(): name for name in kind(None).available_properties}}
        self._open[-1][2].append(kind(children, **{names.get(name, name): value for name, value in given.items()}))

    def handle_data(self, data: str) -> None:
        self._open[-1][2].append(data)


def words(part: Any) -> str:
    """What can be read in it, thin spaces as plain ones."""
    if isinstance(part, list | tuple):
        return "".join(words(one) for one in part)
    if isinstance(part, Component):
        return words(within(part))
    return "" if part is None else str(part).replace("\u202f", " ")


def attribute(part: Component, name: str) -> Any:
    """An attribute by its name in HTML, None where it is not set."""
    return getattr(part, name, None)


def carrying(part: Any, name: str) -> list[Component]:
    """Everything in it that has an attribute."""
    return [one for one in every(part) if attribute(one, name) is not None]


def ids(part: Any) -> list[Any]:
    """The ids in it, in the order of the page."""
    return [attribute(one, "id") for one in carrying(part, "id")]


def with_id(part: Any, name: Any) -> Component:
    """The one component of that id."""
    (found,) = (one for one in every(part) if attribute(one, "id") == name)
    return found


def name_of(part: Component) -> str:
    """What a screen reader calls it: its label, or its words."""
    return str(attribute(part, "aria-label") or words(part)).strip()
