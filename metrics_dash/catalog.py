"""The catalog: which events are tracked, and the tabs and charts that draw them.

A chart is one record of a TOML file; its unit, its query, its callback and its place in the navigation are derived
from it. A catalog is checked when it is loaded, so that a chart that can't be drawn never reaches a page: every
problem is a ``CatalogError`` that quotes the value and names its place.
"""

import difflib
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cached_property, reduce
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from metrics_dash.bounds import NO_BOUNDS, Bounds, BoundsError, Good, Number, check_bounds
from metrics_dash.catalog_names import EventName, Identifier, Key

DEFAULT_PATH = Path(__file__).with_name("catalog.toml")

Kind = Literal["counter", "gauge", "timing"]
Show = Literal["count", "sum", "avg", "min", "max", "rate", "p50", "p95", "p99", "unique"]
Draw = Literal["line", "bar", "area"]

# What may be shown of each kind. The sum of a gauge's samples means nothing, and neither does their number.
SHOWS_OF_KIND: Mapping[Kind, frozenset[Show]] = {
    "counter": frozenset({"count", "rate", "sum", "avg", "min", "max"}),
    "gauge": frozenset({"avg", "min", "max"}),
    "timing": frozenset({"count", "rate", "sum", "avg", "min", "max"}),
}
NEEDS_MEASUREMENT: frozenset[Show] = frozenset({"sum", "avg", "min", "max"})
SPLITTABLE: frozenset[Show] = frozenset({"count", "rate"})
ANY_SHOW: frozenset[Show] = frozenset().union(*SHOWS_OF_KIND.values())
NEEDS_SKETCH: frozenset[Show] = frozenset({"p50", "p95", "p99", "unique"})


class CatalogError(ValueError):
    """A catalog that can't be drawn. The message quotes the value and names its place."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


class ChoiceError(ValueError):
    """Something that can't be shown of an event. ``parameter``: which choice it is about; ``allowed``: what may stand
    there instead, where that can be listed."""

    def __init__(self, parameter: str, complaint: str, allowed: Iterable[str] = ()) -> None:
        self.parameter, self.complaint, self.allowed = parameter, complaint, tuple(sorted(allowed))
        super().__init__(complaint + (f"; use one of {', '.join(self.allowed)}" if self.allowed else ""))


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Measurement(_Record):
    """One number that an event carries. ``unit`` is what the axis says, such as ``ms``."""

    unit: str = ""


class Event(_Record):
    """A tracked event. ``name`` is its key in the catalog."""

    name: EventName
    kind: Kind
    measurements: dict[Key, Measurement] = {}
    dimensions: tuple[Key, ...] = ()
    help: str = ""


class ChartDeclaration(_Record):
    """A chart as somebody writes it down; what is not said here is derived from its event, see ``Chart``."""

    id: Identifier
    title: str = Field(min_length=1)
    event: EventName
    measurement: Key | None = None
    show: Show
    draw: Draw = "line"
    split_by: Key | None = None
    good: Good = "none"
    min: Number | None = None
    max: Number | None = None
    target: Number | None = None
    warn: Number | None = None
    help: str = ""


class TabDeclaration(_Record):
    """A tab as somebody writes it down: an id that stands in the URL, a title, and its charts in order."""

    id: Identifier
    title: str = Field(min_length=1)
    charts: tuple[ChartDeclaration, ...] = Field(min_length=1)


class CatalogDeclaration(_Record):
    """A catalog file: events by name, tabs in order."""

    events: dict[str, Event]
    tabs: tuple[TabDeclaration, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        charts = [chart.id for tab in self.tabs for chart in tab.charts]
        for what, ids in (("tab", [tab.id for tab in self.tabs]), ("chart", charts)):
            repeated = [name for name, times in Counter(ids).items() if times > 1]
            if repeated:
                raise ValueError(f"{what} id {repeated[0]!r} is declared more than once")
        return self


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart that can be drawn: its declaration, checked against its event and completed from it.

    ``measurement`` is set where ``show`` needs one. ``unit``: of that measurement, ``/s`` of a rate. ``dimensions``:
    what it may be split by. ``good``: which way a change is for the better. ``bounds``: what it is held against.
    """

    id: str
    title: str
    event: str
    show: Show
    kind: Kind
    draw: Draw = "line"
    measurement: str | None = None
    split_by: str | None = None
    unit: str = ""
    dimensions: tuple[str, ...] = ()
    good: Good = "none"
    bounds: Bounds = NO_BOUNDS
    help: str = ""


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab that can be drawn."""

    id: str
    title: str
    charts: tuple[Chart, ...]


@dataclass(frozen=True)
class Catalog:
    """Events by name, tabs in order. Every chart's references have been resolved."""

    events: Mapping[str, Event]
    tabs: tuple[Tab, ...]

    def charts(self) -> Iterator[Chart]:
        """Return every chart of every tab, in order."""
        return (chart for tab in self.tabs for chart in tab.charts)

    @cached_property
    def _places(self) -> dict[str, tuple[Tab, Chart]]:
        return {chart.id: (tab, chart) for tab in self.tabs for chart in tab.charts}

    def chart(self, chart_id: str) -> Chart:
        """Return the chart of that id; ``KeyError`` names an unknown one."""
        return self._places[chart_id][1]

    def tab_of(self, chart_id: str) -> Tab:
        """Return the tab that a chart stands in; ``KeyError`` names an unknown one."""
        return self._places[chart_id][0]

    def tab(self, tab_id: str) -> Tab:
        """Return the tab of that id; ``KeyError`` names an unknown one."""
        return {tab.id: tab for tab in self.tabs}[tab_id]

    def fingerprint(self) -> str:
        """Return a text that changes with whatever is declared."""
        return repr((sorted(self.events.items()), self.tabs))


# What may be shown of an event: each rule once, for catalogs, for the page and for the query API.


def check_show(show: str, event: Event | None) -> Show:
    """Return ``show`` if it may be shown of the event (None: of one that is not declared). Raises ``ChoiceError``."""
    allowed = SHOWS_OF_KIND[event.kind] if event is not None else ANY_SHOW
    if show in NEEDS_SKETCH:
        raise ChoiceError("show", f"show {show!r} needs sketches, which buckets do not store yet", allowed)
    if show not in ANY_SHOW:
        raise ChoiceError("show", f"show {show!r} is not known", allowed)
    if show not in allowed:
        assert event is not None
        raise ChoiceError("show", f"a {event.kind} has no {show!r}", allowed)
    return show


def choose_measurement(named: str | None, show: Show, event: Event | None) -> str | None:
    """Return the measurement to show, None where events are counted. The only one of a declared event need not be
    named; of an event that is not declared (None) any may be. Raises ``ChoiceError``."""
    if show not in NEEDS_MEASUREMENT:
        if named is not None:
            raise ChoiceError("measurement", f"show {show!r} counts events and takes no measurement, not {named!r}")
        return None
    if event is None:
        if named is None:
            raise ChoiceError("measurement", f"the measurement is missing; show {show!r} needs one")
        return named
    if not event.measurements:
        raise ChoiceError("measurement", f"{event.name!r} has no measurements, so it has no {show!r}")
    if named is None:
        if len(event.measurements) > 1:
            raise ChoiceError("measurement", f"name a measurement of {event.name!r}", event.measurements)
        return next(iter(event.measurements))
    if named not in event.measurements:
        raise ChoiceError("measurement", f"measurement {named!r} is not one of {event.name!r}", event.measurements)
    return named


def dimensions_of(show: Show, event: Event) -> tuple[str, ...]:
    """Return what a chart of ``show`` may be split by."""
    return event.dimensions if show in SPLITTABLE else ()


def unit_of(show: Show, measurement: str | None, event: Event | None) -> str:
    """Return the unit of what is shown: of its measurement, where that is declared; a rate counts events."""
    declared = event.measurements.get(measurement) if event and measurement else None
    return "/s" if show == "rate" else declared.unit if declared else ""


def check_split(key: str | None, show: Show, event: Event | None) -> str | None:
    """Return the dimension to split by, of an event that is not declared (None) any key. Raises ``ChoiceError``."""
    if key is None:
        return None
    if event is not None and key not in event.dimensions:
        complaint = f"split_by {key!r} is not a dimension of {event.name!r}"
        raise ChoiceError("split_by", complaint + ("" if event.dimensions else ", which has none"), event.dimensions)
    if show not in SPLITTABLE:
        raise ChoiceError("split_by", f"only counts and rates can be split, not {show!r}")
    return key


# From a file to charts that can be drawn


def load_catalog(path: Path | None = None) -> Catalog:
    """Read and check a catalog; without a path the one that comes along. Raises ``CatalogError``."""
    path = path or DEFAULT_PATH
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no UTF-8"
        raise CatalogError(f"METRICS_CATALOG: {path}: can't be read: {reason}") from error
    return parse_catalog(text, source=str(path))


def parse_catalog(text: str, source: str = "catalog") -> Catalog:
    """Check a catalog given as TOML text. ``source`` names it in errors."""
    try:
        document = tomllib.loads(text)
    except ValueError as error:  # the decoder's own, and those of numbers and dates that it passes on
        raise CatalogError(f"{source}: not TOML: {error}") from None
    except RecursionError:
        raise CatalogError(f"{source}: not a catalog: it is nested too deeply") from None
    events = document.get("events")
    for name, event in events.items() if isinstance(events, dict) else ():
        if isinstance(event, dict):
            event.setdefault("name", name)
            if event["name"] != name:
                raise CatalogError(f"{source}: events.{name}.name: the name is the table's own, not {event['name']!r}")
    try:
        declared = CatalogDeclaration.model_validate(document)
    except ValidationError as error:
        raise CatalogError(f"{source}: {_first_problem(error, document)}") from None
    return Catalog(declared.events, tuple(_resolve_tab(tab, declared.events, source) for tab in declared.tabs))


def _resolve_tab(tab: TabDeclaration, events: Mapping[str, Event], source: str) -> Tab:
    charts = tuple(resolve_chart(chart, events, f"{source}: tabs.{tab.id}.charts.{chart.id}") for chart in tab.charts)
    return Tab(tab.id, tab.title, charts)


def resolve_chart(declared: ChartDeclaration, events: Mapping[str, Event], place: str) -> Chart:
    """Check a chart's references and complete it from its event. Raises ``CatalogError`` naming ``place``."""
    event = events.get(declared.event)
    if event is None:
        raise CatalogError(f"{place}: event {declared.event!r} is not declared{_nearest(declared.event, events)}")
    try:
        show = check_show(declared.show, event)
        measurement = choose_measurement(declared.measurement, show, event)
        split_by = check_split(declared.split_by, show, event)
        bounds = Bounds(declared.min, declared.max, declared.target, declared.warn)
        bounds = check_bounds(bounds, show=show, draw=declared.draw, good=declared.good)
    except (ChoiceError, BoundsError) as error:
        raise CatalogError(f"{place}: {error}") from None
    return Chart(
        id=declared.id,
        title=declared.title,
        event=event.name,
        show=show,
        kind=event.kind,
        draw=declared.draw,
        measurement=measurement,
        split_by=split_by,
        unit=unit_of(show, measurement, event),
        dimensions=dimensions_of(show, event),
        good=declared.good,
        bounds=bounds,
        help=declared.help,
    )


# Errors


def _nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name that somebody may have meant, as the end of a sentence; nothing where none is near."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {found[0]!r}?" if found else ""


def _first_problem(error: ValidationError, document: Mapping[str, Any]) -> str:
    problems = error.errors(include_url=False, include_context=False)
    # A key that is unknown explains the one that is missing.
    if (unknown := next((each for each in problems if each["type"] == "extra_forbidden"), None)) is not None:
        return _unknown_key(unknown["loc"], document)
    first = problems[0]
    message = _MESSAGES.get(first["type"], first["msg"].removeprefix("Value error, "))
    value = first["input"]
    if first["type"] == "literal_error" and first["loc"][-1] == "show" and isinstance(value, str):
        message = f"show {value!r} is not known{_nearest(value, ANY_SHOW)}; use one of {', '.join(sorted(ANY_SHOW))}"
    if isinstance(value, str | int | float | bool) and repr(value) not in message:
        message = f"{message}, not {value!r}"
    place = _place(first["loc"], document)
    return f"{place}: {message}" if place else message


# What pydantic says of these speaks of Python, and whoever writes a catalog writes TOML.
_MESSAGES = {
    "missing": "is missing",
    "dict_type": 'must be a table, such as { unit = "ms" }',
    "model_type": 'must be a table, such as { unit = "ms" }',
    "tuple_type": "must be an array; tables in one are written [[tabs]] and [[tabs.charts]]",
    "string_type": "must be text in quotes",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "too_short": "must not be empty",
    "string_too_short": "must not be empty",
}


def _unknown_key(loc: tuple[int | str, ...], document: Mapping[str, Any]) -> str:
    """Say which key is unknown, and which one may have been meant."""
    key, holder = str(loc[-1]), _holder(loc)
    known = [name for name in holder.model_fields if (holder, name) != (Event, "name")]
    if holder is Event and isinstance(_at(loc, document), dict):
        name = ".".join(str(part) for part in loc[1:])
        hint = f'; the name of an event stands in quotes: [events."{name}…"]'
    elif holder is ChartDeclaration and key in _DERIVED:
        hint = "; it is derived from the chart's event"
    else:
        hint = _nearest(key, known) or f"; the keys are {', '.join(known)}"
    return f"{_place(loc[:-1], document) or 'the file'}: {key!r} is not a key{hint}"


_DERIVED = frozenset(field.name for field in fields(Chart)) - ChartDeclaration.model_fields.keys() - {"bounds"}


def _holder(loc: tuple[int | str, ...]) -> type[_Record]:
    """Return the record that a place's last key stands in."""
    by_depth: dict[tuple[str, int], type[_Record]] = {("events", 3): Event, ("events", 5): Measurement}
    by_depth |= {("tabs", 3): TabDeclaration, ("tabs", 5): ChartDeclaration}
    return by_depth.get((str(loc[0]), len(loc)), CatalogDeclaration)


def _at(loc: Iterable[int | str], document: Any) -> Any:
    """Return what stands at a place; None where nothing does."""
    try:
        return reduce(lambda here, part: here[part], loc, document)
    except (KeyError, IndexError, TypeError):
        return None


def _place(loc: tuple[int | str, ...], document: Any) -> str:
    """Return a place as people name it: ``tabs.shop.charts.revenue.unit``, a number only where an id is missing."""
    ids = [isinstance(part, int) and _at((*loc[:depth], part, "id"), document) for depth, part in enumerate(loc)]
    return ".".join(str(found if isinstance(found, str) else part) for part, found in zip(loc, ids, strict=True))
