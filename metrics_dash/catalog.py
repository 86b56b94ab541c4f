"""The catalog: which events are tracked, and the tabs and charts that draw them.

A chart is one record of a TOML file; its unit, its query, its callback and its place in the navigation are derived
from it. A catalog is checked when it is loaded, so that a chart that can't be drawn never reaches a page: every
problem is a ``CatalogError`` that quotes the value and names its place.
"""

import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cached_property, reduce
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from db.declared import Declared
from db.filters import Filter
from metrics_dash.bounds import NO_BOUNDS, Bounds, BoundsError, Good, Number, check_bounds
from metrics_dash.catalog_draws import WITHOUT_FIGURE, Draw, check_draw
from metrics_dash.catalog_names import EventName, Identifier, Key
from metrics_dash.catalog_ratio import SIDES, PartDeclaration, Ratio, RatioError, resolve_ratio
from metrics_dash.catalog_rules import (
    CHART_SHOWS,
    SHOWS_OF_KIND,
    ChoiceError,
    Event,
    Kind,
    Measurement,
    Record,
    Show,
    check_show,
    check_split,
    choose_measurement,
    nearest,
    shows_of,
    unit_of,
)

DEFAULT_PATH = Path(__file__).with_name("catalog.toml")

Size = Literal["small", "wide", "full"]


class CatalogError(ValueError):
    """A catalog that can't be drawn. The message quotes the value and names its place."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


class ChartDeclaration(Record):
    """A chart as somebody writes it down; what is not said here is derived from its event, see ``Chart``."""

    id: Identifier
    title: str = Field(min_length=1)
    event: EventName | None = None
    numerator: PartDeclaration | None = None
    denominator: PartDeclaration | None = None
    measurement: Key | None = None
    show: Show
    draw: Draw = "line"
    size: Size | None = None
    split_by: Key | None = None
    good: Good = "none"
    min: Number | None = None
    max: Number | None = None
    target: Number | None = None
    warn: Number | None = None
    help: str = ""


class TabDeclaration(Record):
    """A tab as somebody writes it down: an id that stands in the URL, a title, and its charts in order."""

    id: Identifier
    title: str = Field(min_length=1)
    description: str = ""
    charts: tuple[ChartDeclaration, ...] = Field(min_length=1)


class CatalogDeclaration(Record):
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

    ``measurement`` is set where ``show`` needs one. ``unit``: of that, ``/s`` of a rate. ``dimensions``: what it may be
    split by. ``good``: which way a change is for the better. ``bounds``: what it is held against. ``draw``: ``stat`` is
    a tile of the number alone, ``heatmap`` shows how all values are spread, ``top`` is a table of the values that it is
    split by. ``size``: None is half a row. ``ratio``: the two things that a ratio divides; ``event`` is that of the
    denominator. ``where``: its filter. ``aside``: why it is not filtered as asked.
    """

    id: str
    title: str
    event: str
    show: Show
    kind: Kind
    draw: Draw = "line"
    size: Size | None = None
    measurement: str | None = None
    split_by: str | None = None
    unit: str = ""
    dimensions: tuple[str, ...] = ()
    good: Good = "none"
    bounds: Bounds = NO_BOUNDS
    help: str = ""
    ratio: Ratio | None = None
    where: Filter | None = None
    aside: str = ""

    @property
    def is_tile(self) -> bool:
        """Whether its card shows the number alone."""
        return self.draw == "stat"

    @property
    def is_ranking(self) -> bool:
        """Whether its card is a table of the values that it is split by."""
        return self.draw == "top"

    @property
    def has_figure(self) -> bool:
        """Whether there is something on its card for Plotly to draw."""
        return self.draw not in WITHOUT_FIGURE

    @property
    def only(self) -> str | None:
        """The one value of its split that a filter leaves; None where there are others, or it is not split."""
        filters = () if self.where is None else self.where.all()
        return next((each.value for each in filters if not each.without and each.dimension == self.split_by), None)

    @property
    def reads_raw(self) -> bool:
        """Whether it is filtered by more than buckets tell apart, and is drawn from raw events."""
        return self.where is not None and bool(self.where.also)

    @property
    def shows_density(self) -> bool:
        """Whether it draws how all values are spread; where they are told apart it is a line for each."""
        return self.draw == "heatmap" and self.split_by is None

    @property
    def events(self) -> tuple[str, ...]:
        """The names of the events that it draws, ``event`` first."""
        return (self.event,) if self.ratio is None else self.ratio.events


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab that can be drawn."""

    id: str
    title: str
    charts: tuple[Chart, ...]
    description: str = ""

    def sizes(self) -> tuple[Size | None, ...]:
        """Return the size of each chart's card. Where nothing is said of any, the first of an odd number is full."""
        sizes = [chart.size for chart in self.charts]
        if len(sizes) % 2 and not any(sizes):
            sizes[0] = "full"
        return tuple(sizes)


@dataclass(frozen=True)
class Catalog:
    """Events by name, tabs in order. Every chart's references have been resolved."""

    events: Mapping[str, Event]
    tabs: tuple[Tab, ...]

    @cached_property
    def declared(self) -> Declared:
        """What buckets and the quota of names are to know of it."""
        return Declared(
            tuple(self.events),
            unique={name: event.unique for name, event in self.events.items() if event.unique},
            split={name: event.dimensions for name, event in self.events.items() if event.dimensions},
        )

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


# From a file to charts that can be drawn


def load_catalog(path: Path | None = None) -> Catalog:
    """Read and check a catalog; without a path the one that comes along. Raises ``CatalogError``."""
    path = path or DEFAULT_PATH
    try:
        text = path.read_text(encoding="utf-8-sig")  # editors of Windows begin a file with a mark
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
    return Tab(tab.id, tab.title, charts, tab.description)


def resolve_chart(declared: ChartDeclaration, events: Mapping[str, Event], place: str) -> Chart:
    """Check a chart's references and complete it from its event. Raises ``CatalogError`` naming ``place``."""
    try:
        derived = _of_a_ratio(declared, events) if declared.show == "ratio" else _of_one_event(declared, events)
        bounds = Bounds(declared.min, declared.max, declared.target, declared.warn)
        check_draw(declared.draw, declared.show, declared.split_by, bounds)
        bounds = check_bounds(bounds, show=declared.show, draw=declared.draw, good=declared.good)
    except (ChoiceError, BoundsError, RatioError) as error:
        raise CatalogError(f"{place}: {error}") from None
    except KeyError as error:
        (name,) = error.args
        raise CatalogError(f"{place}: event {name!r} is not declared{nearest(name, events)}") from None
    return Chart(
        id=declared.id,
        title=declared.title,
        show=declared.show,
        draw=declared.draw,
        size=declared.size or ("small" if declared.draw == "stat" else None),
        good=declared.good,
        bounds=bounds,
        help=declared.help,
        **derived,
    )


def _of_one_event(declared: ChartDeclaration, events: Mapping[str, Event]) -> dict[str, Any]:
    for side in SIDES:
        if getattr(declared, side) is not None:
            raise RatioError(f"{side}: only a ratio has one, not {declared.show!r}")
    if declared.event is None:
        raise RatioError("event: is missing")
    event = events[declared.event]
    show = check_show(declared.show, event)
    measurement = choose_measurement(declared.measurement, show, event)
    return {
        "event": event.name,
        "kind": event.kind,
        "measurement": measurement,
        "split_by": check_split(declared.split_by, show, event),
        "unit": unit_of(show, measurement, event),
        "dimensions": () if declared.draw == "stat" else event.dimensions,
    }


def _of_a_ratio(declared: ChartDeclaration, events: Mapping[str, Event]) -> dict[str, Any]:
    if declared.measurement is not None:
        raise RatioError(f"measurement: {declared.measurement!r} belongs into the numerator or the denominator")
    if declared.event is not None:
        events[declared.event]
    check_split(declared.split_by, "ratio", None)
    ratio = resolve_ratio({side: getattr(declared, side) for side in SIDES}, declared.event, events)
    event = events[ratio.denominator.event]
    return {"event": event.name, "kind": event.kind, "unit": ratio.unit, "ratio": ratio}


# Errors


def _first_problem(error: ValidationError, document: Mapping[str, Any]) -> str:
    problems = error.errors(include_url=False, include_context=False)
    # A key that is unknown explains the one that is missing.
    if (unknown := next((each for each in problems if each["type"] == "extra_forbidden"), None)) is not None:
        return _unknown_key(unknown["loc"], document)
    first = problems[0]
    message = _MESSAGES.get(first["type"], first["msg"].removeprefix("Value error, "))
    if first["type"] == "model_type" and first["loc"][-1] in SIDES:
        message = "must be a table, such as { where = { success = true } }"
    value = first["input"]
    if first["type"] == "literal_error" and first["loc"][4:] == ("show",) and isinstance(value, str):
        known = _shows_at(first["loc"], document)
        message = f"show {value!r} is not known{nearest(value, known)}; use one of {', '.join(sorted(known))}"
    if isinstance(value, str | int | float | bool) and repr(value) not in message:
        message = f"{message}, not {value!r}"
    place = _place(first["loc"], document)
    return f"{place}: {message}" if place else message


def _shows_at(loc: tuple[int | str, ...], document: Mapping[str, Any]) -> frozenset[Show]:
    """Return what works for the event of the chart whose ``show`` stands at a place; all, where it can't be told."""
    event: Any = _at(("events", _at((*loc[:-1], "event"), document)), document)
    if not isinstance(event, dict) or event.get("kind") not in SHOWS_OF_KIND:
        return CHART_SHOWS
    measured, unique = bool(event.get("measurements")), bool(event.get("unique"))
    return shows_of(event["kind"], measured=measured, unique=unique) | {"ratio"}


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
        hint = nearest(key, known) or f"; the keys are {', '.join(known)}"
    return f"{_place(loc[:-1], document) or 'the file'}: {key!r} is not a key{hint}"


_DERIVED = frozenset(field.name for field in fields(Chart)) - ChartDeclaration.model_fields.keys() - {"bounds"}


def _holder(loc: tuple[int | str, ...]) -> type[Record]:
    """Return the record that a place's last key stands in."""
    by_depth: dict[tuple[str, int], type[Record]] = {("events", 3): Event, ("events", 5): Measurement}
    by_depth |= {("tabs", 3): TabDeclaration, ("tabs", 5): ChartDeclaration, ("tabs", 6): PartDeclaration}
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
