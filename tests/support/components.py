"""Parts of the page, looked through as a browser or a listener would."""

from collections.abc import Iterator
from typing import Any

from dash.development.base_component import Component


def every(part: Any, kind: type[Component] = Component) -> Iterator[Component]:
    """The component and all that it holds, of a kind, in the order of the page."""
    if isinstance(part, list | tuple):
        for one in part:
            yield from every(one, kind)
    elif isinstance(part, Component):
        if isinstance(part, kind):
            yield part
        yield from every(getattr(part, "children", None), kind)


def words(part: Any) -> str:
    """What can be read in it, thin spaces as plain ones."""
    if isinstance(part, list | tuple):
        return "".join(words(one) for one in part)
    if isinstance(part, Component):
        return words(getattr(part, "children", None))
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
