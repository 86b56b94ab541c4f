"""The catalog: which events are tracked, and the tabs and charts that draw them.

A chart is one record of a TOML file; its unit, its query, its callback and its place in the navigation are derived
from it. A catalog is checked when it is loaded, so that a chart that can't be drawn never reaches a page: every
problem is a ``CatalogError`` that quotes the value and names its place.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

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
NEEDS_SKETCH: frozenset[Show] = frozenset({"p50", "p95", "p99", "unique"})

EVENT_NAME = re.compile(r"[a-z0-9_]+(?:\.[a-z0-9_]+)*")
MAX_EVENT_NAME = 255
_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class CatalogError(ValueError):
    """A catalog that can't be drawn. The message quotes the value and names its place."""


def _event_name(value: str) -> str:
    if len(value) > MAX_EVENT_NAME or not EVENT_NAME.fullmatch(value):
        raise ValueError(f"{value!r} is not an event name: dotted [a-z0-9_] segments, at most 255 characters")
    return value


def _identifier(value: str) -> str:
    if not _ID.fullmatch(value):
        raise ValueError(f"{value!r} is not an id: lower-case words joined by hyphens")
    return value


def _key(value: str) -> str:
    if not _KEY.fullmatch(value):
        raise ValueError(f"{value!r} is not a name of letters, digits and underscores")
    return value


EventName = Annotated[str, AfterValidator(_event_name)]
Identifier = Annotated[str, AfterValidator(_identifier)]
Key = Annotated[str, AfterValidator(_key)]


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


class Chart(_Record):
    """One chart. ``unit``, ``kind`` and ``dimensions`` (what it may be split by) are derived from its event when the
    catalog is checked."""

    id: Identifier
    title: str = Field(min_length=1)
    event: EventName
    measurement: Key | None = None
    show: Show
    draw: Draw = "line"
    split_by: Key | None = None
    help: str = ""
    kind: Kind = "counter"
    unit: str = ""
    dimensions: tuple[Key, ...] = ()


class Tab(_Record):
    """One tab: an id that stands in the URL, a title, and its charts in order."""

    id: Identifier
    title: str = Field(min_length=1)
    charts: tuple[Chart, ...] = Field(min_length=1)


class Catalog(_Record):
    """Events by name, tabs in order. Every chart's references have been resolved."""

    events: dict[str, Event]
    tabs: tuple[Tab, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        for what, ids in (("tab", [t.id for t in self.tabs]), ("chart", [c.id for c in self.charts()])):
            repeated = [name for name, times in Counter(ids).items() if times > 1]
            if repeated:
                raise ValueError(f"{what} id {repeated[0]!r} is declared more than once")
        return self

    def charts(self) -> Iterator[Chart]:
        """Every chart of every tab, in order."""
        return (chart for tab in self.tabs for chart in tab.charts)

    @cached_property
    def _charts_by_id(self) -> dict[str, Chart]:
        return {chart.id: chart for chart in self.charts()}

    def chart(self, chart_id: str) -> Chart:
        """The chart of that id; ``KeyError`` names an unknown one."""
        return self._charts_by_id[chart_id]

    def tab(self, tab_id: str) -> Tab:
        """The tab of that id; ``KeyError`` names an unknown one."""
        for tab in self.tabs:
            if tab.id == tab_id:
                return tab
        raise KeyError(tab_id)


def load_catalog(path: Path | None = None) -> Catalog:
    """Read and check a catalog; without a path the one that comes along. Raises ``CatalogError``."""
    path = path or DEFAULT_PATH
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogError(f"{path}: can't be read: {error}") from error
    return parse_catalog(text, source=path.name)


def parse_catalog(text: str, source: str = "catalog") -> Catalog:
    """Check a catalog given as TOML text. ``source`` names it in errors."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CatalogError(f"{source}: not TOML: {error}") from error
    for name, event in document.get("events", {}).items():
        if isinstance(event, dict):
            event["name"] = name
    try:
        catalog = Catalog.model_validate(document)
    except ValidationError as error:
        raise CatalogError(f"{source}: {_first_problem(error)}") from None
    return catalog.model_copy(update={"tabs": tuple(_resolve_tab(tab, catalog.events, source) for tab in catalog.tabs)})


def _resolve_tab(tab: Tab, events: Mapping[str, Event], source: str) -> Tab:
    charts = tuple(resolve_chart(chart, events, f"{source}: tabs.{tab.id}.charts.{chart.id}") for chart in tab.charts)
    return tab.model_copy(update={"charts": charts})


def resolve_chart(chart: Chart, events: Mapping[str, Event], place: str) -> Chart:
    """Check a chart's references and derive its kind and unit. Raises ``CatalogError`` naming ``place``."""
    event = events.get(chart.event)
    if event is None:
        raise CatalogError(f"{place}: event {chart.event!r} is not declared")
    if chart.show in NEEDS_SKETCH:
        raise CatalogError(f"{place}: show {chart.show!r} needs sketches, which buckets do not store yet")
    if chart.show not in SHOWS_OF_KIND[event.kind]:
        allowed = ", ".join(sorted(SHOWS_OF_KIND[event.kind]))
        raise CatalogError(f"{place}: a {event.kind} has no {chart.show!r}; it has {allowed}")
    measurement = _measurement(chart, event, place)
    _check_split(chart, event, place)
    unit = event.measurements[measurement].unit if measurement else ""
    dimensions = event.dimensions if chart.show in SPLITTABLE else ()
    derived = {"kind": event.kind, "measurement": measurement, "unit": unit, "dimensions": dimensions}
    return chart.model_copy(update=derived)


def _measurement(chart: Chart, event: Event, place: str) -> str | None:
    """The measurement to draw; one that an event has alone need not be named."""
    if chart.show not in NEEDS_MEASUREMENT:
        if chart.measurement is not None:
            raise CatalogError(
                f"{place}: show {chart.show!r} counts events and takes no measurement, not {chart.measurement!r}"
            )
        return None
    if chart.measurement is None:
        if len(event.measurements) != 1:
            raise CatalogError(f"{place}: name a measurement of {event.name!r}, one of {sorted(event.measurements)}")
        return next(iter(event.measurements))
    if chart.measurement not in event.measurements:
        raise CatalogError(f"{place}: measurement {chart.measurement!r} is not one of {sorted(event.measurements)}")
    return chart.measurement


def _check_split(chart: Chart, event: Event, place: str) -> None:
    if chart.split_by is None:
        return
    if chart.split_by not in event.dimensions:
        raise CatalogError(f"{place}: split_by {chart.split_by!r} is not one of {sorted(event.dimensions)}")
    if chart.show not in SPLITTABLE:
        raise CatalogError(f"{place}: only counts and rates can be split, not {chart.show!r}")


def _first_problem(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    value = first["input"]
    if isinstance(value, str | int | float | bool) and repr(value) not in message:
        message = f"{message}, not {value!r}"
    return f"{place}: {message}" if place else message
