"""Events: the record, and the rules for what may come in.

The rules on names, measurements and metadata stand beside their encoding in ``db.rows``; here is what depends on the
clock, and how an event is read from decoded JSON.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from orjson import dumps

from db.aggregates import Aggregate, check_histogram, encode_aggregates
from db.collectors import OWN_EVENTS
from db.rows import (
    EVENT,
    MAX_JSON_BYTES,
    MAX_MAGNITUDE,
    MAX_WEIGHT,
    Counter,
    InvalidEventError,
    More,
    Row,
    check_name,
    encode_maps,
    encode_row,
    quote,
    to_nanoseconds,
)

MAX_AHEAD = timedelta(minutes=5)
# No valid event takes so much text, whatever is escaped in it; what is longer is not even decoded.
MAX_EVENT_BYTES = 1024 * 1024
DAY_RETENTION = timedelta(days=365)

_KEYS = frozenset({"event_name", "measurements", "metadata", "occurred_at"})
_NOTHING: Mapping[str, float] = {}
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII)

_OWN = frozenset(OWN_EVENTS)


class TooNewError(InvalidEventError):
    """An event whose time has not come; it may be taken once it has."""

    def __init__(self, message: str, occurred_at: datetime) -> None:
        super().__init__(message, "too_new")
        self.occurred_at = occurred_at


class MalformedEvent(NamedTuple):
    """What stands in the place of an event that could not be decoded, and is refused with ``reason``."""

    reason: str


class Event(NamedTuple):
    """Something that happened once, as a wire format reads it and before it is checked.

    ``occurred_at``: an aware moment; None: now. ``sender_id``: what its sender calls it, in every request that repeats
    it. ``weight`` and ``kind`` are those of ``db.rows.More``; ``aggregates`` are of measurements of which no more is
    known; ``counter`` is a reading of which the event is the difference since the last.
    """

    name: str
    measurements: Mapping[str, float] = {}
    metadata: Mapping[str, object] = {}
    occurred_at: datetime | None = None
    sender_id: str | None = None
    weight: int = 1
    kind: str = EVENT
    aggregates: Mapping[str, Aggregate] = {}
    counter: Counter | None = None


def encode(event: Event) -> Row:
    """Return an event as the row that is stored, whatever its time; that is now where it has none.

    Raises ``InvalidEventError``.
    """
    return encode_row(event.name, event.measurements, event.metadata, event.occurred_at or datetime.now(UTC))


def check_event(event: Event, now: datetime, keep: timedelta = DAY_RETENTION, *, own: bool = False) -> Row:
    """Return an event as the row that is stored; ``now`` and ``keep`` as for ``parse_row``. ``own``: it is one in which
    the application speaks of itself. Raises ``InvalidEventError``."""
    name, maps = (
        check_name(event.name) if own else _others_name(event.name),
        encode_maps(event.measurements, event.metadata),
    )
    occurred_at = now if event.occurred_at is None else check_time(event.occurred_at, now, keep)
    if event.weight == 1 and event.kind == EVENT and not event.aggregates and event.counter is None:
        return name, maps, to_nanoseconds(occurred_at)
    if not 0 < event.weight <= MAX_WEIGHT:
        raise InvalidEventError(f"weight: {event.weight} is not 1 to {MAX_WEIGHT}")
    counter = None if event.counter is None else _checked(event.counter)
    more = More(event.weight, event.kind, encode_aggregates(event.aggregates), counter)
    return name, maps, to_nanoseconds(occurred_at), more


def _others_name(value: object) -> str:
    """Return the name of what somebody sent. The page believes what the application says of itself: nobody else may."""
    name = check_name(value)
    if name in _OWN:
        raise InvalidEventError(f"event_name: {name!r} is kept for what the application says of itself")
    return name


def _checked(counter: Counter) -> Counter:
    """Return a reading that can be stored; without a histogram that is longer than an event's JSON may be."""
    if not abs(counter.value or 0.0) <= MAX_MAGNITUDE:
        raise InvalidEventError(f"value: {quote(counter.value)} is not finite, or too large to add up")
    if not all(0 <= number < 2**63 for number in (counter.count, counter.started, counter.at)):
        raise InvalidEventError("count, start and time are not all within 63 bits")
    if counter.histogram is None:
        return counter
    check_histogram(counter.histogram)
    return replace(counter, histogram=None) if len(dumps(counter.histogram)) > MAX_JSON_BYTES else counter


def parse_row(document: object, now: datetime, keep: timedelta = DAY_RETENTION) -> Row:
    """Return the row that is stored for an event in decoded JSON: ``event_name`` and, optionally, ``measurements``,
    ``metadata`` and ``occurred_at`` (RFC 3339; by default ``now``, which is aware).

    ``keep`` is how long days are kept: an older event has nowhere to go. Raises ``InvalidEventError``, which quotes the
    bad value, names its place, and has a ``reason`` to count it under.
    """
    if not isinstance(document, dict):
        raise InvalidEventError(f"{quote(document)} is not an object")
    if not _KEYS.issuperset(document):
        unknown = next(key for key in document if key not in _KEYS)
        raise InvalidEventError(f"{quote(unknown)} is not a key of an event; they are {', '.join(sorted(_KEYS))}")
    if "event_name" not in document:
        raise InvalidEventError("event_name is missing")
    name = _others_name(document["event_name"])
    maps = encode_maps(document.get("measurements", _NOTHING), document.get("metadata", _NOTHING))
    occurred_at = parse_time(document["occurred_at"]) if "occurred_at" in document else now
    return name, maps, to_nanoseconds(check_time(occurred_at, now, keep))


def parse_time(value: object) -> datetime:
    """Return an aware moment from an RFC 3339 text such as ``2026-01-31T12:00:00Z``. Raises ``InvalidEventError``."""
    if not isinstance(value, str) or not _RFC_3339.fullmatch(value):
        raise InvalidEventError(f"occurred_at: {quote(value)} is not RFC 3339 such as 2026-01-31T12:00:00Z")
    try:
        moment = datetime.fromisoformat(value.upper())
        # Any zone will do, but for the calendar's ends, where UTC may lie past them.
        return moment if 1 < moment.year < 9999 else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidEventError(f"occurred_at: {quote(value)} is not a moment of the calendar") from None


def check_time(occurred_at: datetime, now: datetime, keep: timedelta = DAY_RETENTION) -> datetime:
    """Return a moment between ``now - keep`` and 5 minutes past ``now``. Raises ``InvalidEventError``: too_old,
    too_new."""
    if occurred_at - now > MAX_AHEAD:
        message = f"occurred_at: {occurred_at.astimezone(UTC).isoformat()} lies more than 5 min in the future"
        raise TooNewError(message, occurred_at)
    if now - occurred_at > keep:
        message = f"occurred_at {occurred_at.astimezone(UTC).isoformat()} lies more than {keep.days} days in the past"
        raise InvalidEventError(f"too_old: {message}", "too_old")
    return occurred_at
