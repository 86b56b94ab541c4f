"""What a catalog declares of an event, and what may be shown of it: each rule once, for catalogs, for the page and for
the query API.
"""

import difflib
from collections.abc import Collection, Iterable, Mapping
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, model_validator

from metrics_dash.catalog_names import EventName, Key

Kind = Literal["counter", "gauge", "timing"]
Show = Literal["count", "sum", "avg", "min", "max", "rate", "ratio", "p50", "p90", "p95", "p99", "unique"]

PERCENTILES: frozenset[Show] = frozenset({"p50", "p90", "p95", "p99"})
# What is one of the values of a measurement, or between them, so that it has a place among them.
OF_VALUES: frozenset[Show] = PERCENTILES | {"avg", "min", "max"}
_OF_EVENTS: frozenset[Show] = OF_VALUES | {"count", "rate", "sum"}
# What may be shown of each kind. The sum of a gauge's samples means nothing, and neither does their number.
SHOWS_OF_KIND: Mapping[Kind, frozenset[Show]] = {"counter": _OF_EVENTS, "gauge": OF_VALUES, "timing": _OF_EVENTS}
# How many different values a metadata key had; which one stands in the place of the measurement.
UNIQUE: Show = "unique"
# Each costs up to 2 KB of every bucket.
MOST_UNIQUE = 8
NEEDS_MEASUREMENT: frozenset[Show] = OF_VALUES | {"sum"}
# What may be split by any key: its values are counted in every bucket. All else is told apart by what is declared.
SPLIT_BY_ANY: frozenset[Show] = frozenset({"count", "rate"})
# What all values of a split have together is the sum of what each has.
ADDS_UP: frozenset[Show] = frozenset({"count", "rate", "sum"})
ANY_SHOW: frozenset[Show] = frozenset().union(*SHOWS_OF_KIND.values()) | {UNIQUE}
# A ratio is of two things, so it is no choice for one event.
CHART_SHOWS: frozenset[Show] = ANY_SHOW | {"ratio"}


class ChoiceError(ValueError):
    """Something that can't be shown of an event. ``parameter``: which choice it is about; ``allowed``: what may stand
    there instead, where that can be listed."""

    def __init__(self, parameter: str, complaint: str, allowed: Iterable[str] = ()) -> None:
        self.parameter, self.complaint, self.allowed = parameter, complaint, tuple(sorted(allowed))
        super().__init__(complaint + (f"; use one of {', '.join(self.allowed)}" if self.allowed else ""))


class Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Measurement(Record):
    """One number that an event carries. ``unit`` is what the axis says, such as ``ms``."""

    unit: str = ""


class Event(Record):
    """A tracked event. ``name`` is its key in the catalog."""

    name: EventName
    kind: Kind
    measurements: dict[Key, Measurement] = {}
    dimensions: tuple[Key, ...] = ()
    unique: tuple[Key, ...] = ()
    help: str = ""

    @model_validator(mode="after")
    def _unique_keys_are_few_and_of_events(self) -> Self:
        if len(self.unique) > MOST_UNIQUE:
            raise ValueError(f"unique: {len(self.unique)} keys are more than {MOST_UNIQUE}")
        if self.unique and self.kind == "gauge":
            raise ValueError(
                f"unique {self.unique[0]!r}: a gauge's samples are no events, whose values could be counted"
            )
        return self


def shows_of(kind: Kind, *, measured: bool, unique: bool) -> frozenset[Show]:
    """Return what works for an event of a kind; ``measured``: whether it has measurements, ``unique``: and keys whose
    values are counted once each."""
    shows = SHOWS_OF_KIND[kind] if measured else SHOWS_OF_KIND[kind] - NEEDS_MEASUREMENT
    return shows | {UNIQUE} if unique else shows


def check_show(show: str, event: Event | None) -> Show:
    """Return ``show`` if it may be shown of the event (None: of one that is not declared). Raises ``ChoiceError``."""
    allowed = ANY_SHOW - {UNIQUE}
    if event is not None:
        allowed = shows_of(event.kind, measured=bool(event.measurements), unique=bool(event.unique))
    if show == UNIQUE and UNIQUE not in allowed:
        where = "the catalog lists for the event" if event is None else f"{event.name!r} lists"
        raise ChoiceError("show", f"show 'unique' needs a key that {where} under unique", allowed)
    if show == "ratio":
        raise ChoiceError("show", "show 'ratio' needs a numerator and a denominator, which a catalog declares", allowed)
    if show not in ANY_SHOW:
        raise ChoiceError("show", f"show {show!r} is not known", allowed)
    if event is not None and show not in SHOWS_OF_KIND[event.kind] | {UNIQUE}:
        raise ChoiceError("show", f"a {event.kind} has no {show!r}", allowed)
    return show


def choose_measurement(named: str | None, show: Show, event: Event | None) -> str | None:
    """Return the measurement to show, None where events are counted; of ``unique`` the key. The only one of a declared
    event need not be named; of an event that is not declared (None) any may be. Raises ``ChoiceError``."""
    if show == UNIQUE and event is not None:
        return _choose(named, event, event.unique, "key")
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
    return _choose(named, event, event.measurements, "measurement")


def _choose(named: str | None, event: Event, those: Collection[str], what: str) -> str:
    if named is None:
        if len(those) > 1:
            raise ChoiceError("measurement", f"name a {what} of {event.name!r}", those)
        return next(iter(those))
    if named not in those:
        raise ChoiceError("measurement", f"{what} {named!r} is not one of {event.name!r}", those)
    return named


def unit_of(show: Show, measurement: str | None, event: Event | None) -> str:
    """Return the unit of what is shown: of its measurement, where that is declared; a rate counts events."""
    declared = event.measurements.get(measurement) if event and measurement and show != UNIQUE else None
    return "/s" if show == "rate" else declared.unit if declared else ""


def check_split(key: str | None, show: Show, event: Event | None) -> str | None:
    """Return the dimension to split by, of an event that is not declared (None) any key. Raises ``ChoiceError``."""
    if key is None:
        return None
    if event is not None and key not in event.dimensions:
        complaint = f"split_by {key!r} is not a dimension of {event.name!r}"
        raise ChoiceError("split_by", complaint + ("" if event.dimensions else ", which has none"), event.dimensions)
    if show == "ratio":
        raise ChoiceError("split_by", "a ratio can't be split")
    if event is None and show not in SPLIT_BY_ANY:
        complaint = f"show {show!r} can be split by dimensions that the catalog declares for the event only"
        raise ChoiceError("split_by", f"{complaint}, not by {key!r}")
    return key


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name that somebody may have meant, as the end of a sentence; nothing where none is near."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {found[0]!r}?" if found else ""
