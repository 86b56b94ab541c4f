"""A ratio: one count or sum divided by another, such as the logins that succeeded by all of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import PlainValidator

from db.labels import OTHER, VALUE_BYTES
from metrics_dash.catalog_names import EventName, Key
from metrics_dash.catalog_rules import ChoiceError, Event, Record, check_show, choose_measurement, nearest, unit_of

Side = Literal["numerator", "denominator"]
SIDES: tuple[Side, ...] = get_args(Side)
PERCENT = "%"


class RatioError(ValueError):
    """Parts that can't be divided. The message begins with the key that is to blame."""


def _label(value: object) -> str:
    """Return a dimension's value as buckets name it: its JSON without quotes."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if not isinstance(value, str):
        raise ValueError("must be text, a whole number, true or false")
    if value == OTHER or len(value.encode()) > VALUE_BYTES:
        raise ValueError(f"must be a value that is counted by itself: at most {VALUE_BYTES} bytes, and not {OTHER!r}")
    return value


class PartDeclaration(Record):
    """One part of a ratio as somebody writes it down. ``event``: the chart's own where it is not said; ``where``: count
    only those of its events that carry this value."""

    event: EventName | None = None
    show: Literal["count", "sum"] = "count"
    measurement: Key | None = None
    where: dict[Key, Annotated[Any, PlainValidator(_label)]] | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """What is added up: the events, those with one value of a dimension (``only``: key and value), or a measurement."""

    event: str
    measurement: str | None = None
    only: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Ratio:
    """Two parts, the sum of one divided by that of the other. ``unit``: of the quotient; in percent it is ``scale``
    times as large."""

    numerator: Part
    denominator: Part
    unit: str = PERCENT
    scale: float = 100.0

    @property
    def events(self) -> tuple[str, ...]:
        """The names of the events that are asked for."""
        return tuple(dict.fromkeys((self.denominator.event, self.numerator.event)))


def resolve_ratio(
    declared: Mapping[Side, PartDeclaration | None], own: str | None, events: Mapping[str, Event]
) -> Ratio:
    """Check the parts of a ratio and complete them. ``own``: the chart's event. Raises ``RatioError``."""
    parts, units = {}, {}
    for side in SIDES:
        part = declared[side]
        if part is None:
            raise RatioError(f"{side}: is missing; a ratio has both a numerator and a denominator")
        parts[side] = _resolve_part(side, part, own, events)
        units[side] = unit_of(part.show, parts[side].measurement, events[parts[side].event])
    if own is not None and all(part is not None and part.event is not None for part in declared.values()):
        raise RatioError(f"event: {own!r} is not asked for, because both parts name an event of their own")
    if parts["numerator"] == parts["denominator"]:
        raise RatioError("numerator: is the same as the denominator, so the ratio would always be one")
    return Ratio(parts["numerator"], parts["denominator"], *_unit(units["numerator"], units["denominator"]))


def _unit(numerator: str, denominator: str) -> tuple[str, float]:
    """Return the unit of a quotient, and how much of it one is: of two alike percent."""
    if numerator == denominator:
        return PERCENT, 100.0
    return (f"{numerator}/{denominator}" if denominator else numerator), 1.0


def _resolve_part(side: Side, part: PartDeclaration, own: str | None, events: Mapping[str, Event]) -> Part:
    name = part.event or own
    if name is None:
        raise RatioError(f"{side}.event: is missing, and the chart names none")
    event = events.get(name)
    if event is None:
        raise RatioError(f"{side}: event {name!r} is not declared{nearest(name, events)}")
    try:
        measurement = choose_measurement(part.measurement, check_show(part.show, event), event)
    except ChoiceError as error:
        raise RatioError(f"{side}: {error}") from None
    return Part(event.name, measurement, _only(side, part, event))


def _only(side: Side, part: PartDeclaration, event: Event) -> tuple[str, str] | None:
    if part.where is None:
        return None
    if part.show != "count":
        raise RatioError(f"{side}.where: only counts can be of one value, not {part.show!r}")
    if len(part.where) != 1:
        named = ", ".join(map(repr, part.where)) or "nothing"
        raise RatioError(f"{side}.where: names one dimension and its value, not {named}")
    ((key, value),) = part.where.items()
    if key not in event.dimensions:
        known = f"; use one of {', '.join(sorted(event.dimensions))}" if event.dimensions else ", which has none"
        raise RatioError(f"{side}.where: {key!r} is not a dimension of {event.name!r}{known}")
    return key, value
