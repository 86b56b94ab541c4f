"""An event on its way in: checked, and copied, so that its maps may be changed afterwards.

The rules are the server's. Checked here, the caller hears of it at once and the wire is spared. It is not encoded here:
JSON takes several times as long as all the rest, and the thread that sends has the time.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from metrics_dash_client import rules
from metrics_dash_client.rules import InvalidEventError

# What an event takes beside its text: a tuple, two dicts, and numbers.
OVERHEAD_BYTES = 600
# Maps within these bounds break no limit, even when JSON writes each character of them as six.
PLAIN_KEYS = 16
PLAIN_KEY_LENGTH = 64
PLAIN_TEXT = 1500
# A program that makes up names or keys without end must not fill the memory with them.
MOST_KNOWN = 10_000

_new = tuple.__new__
_NOTHING: Mapping[str, Any] = {}
_known_names: set[str] = set()
_known_keys: set[str] = set()


class Event(NamedTuple):
    """A checked event: maps that nobody else holds, nanoseconds since 1970, and about how many bytes it takes."""

    name: str
    measurements: Mapping[str, Any]
    metadata: Mapping[str, Any]
    time: int
    size: int


class _NotPlainError(Exception):
    """The event may be valid all the same; the careful way finds out."""


def take(event_name: object, measurements: object, metadata: object, occurred_at: object) -> Event:
    """Check an event and copy it; without ``occurred_at`` it happens now. Raises ``InvalidEventError``."""
    now = time.time_ns()
    try:
        if occurred_at is None and event_name in _known_names:
            numbers = _plain_measurements(measurements) if measurements else _no_map(measurements)
            tags, size = _plain_metadata(metadata) if metadata else (_no_map(metadata), OVERHEAD_BYTES)
            # A named tuple's own constructor takes three times as long.
            return _new(Event, (event_name, numbers, tags, now, size))
    except Exception:  # noqa: S110 - the careful way finds out what is wrong, and says it
        pass
    if occurred_at is not None:
        now = rules.to_nanoseconds(occurred_at)
    return _take_carefully(event_name, measurements, metadata, now)


def _no_map(absent: object) -> Mapping[str, Any]:
    if absent is None or type(absent) is dict:
        return _NOTHING
    raise _NotPlainError


def _plain_measurements(measurements: Any) -> Mapping[str, Any]:
    if type(measurements) is not dict:
        raise _NotPlainError
    numbers = measurements.copy()
    if len(numbers) > PLAIN_KEYS or not _known_keys.issuperset(numbers):
        raise _NotPlainError
    for value in numbers.values():
        # x - x is 0.0 for every finite x and NaN for the others: the cheapest test there is.
        if value - value != 0.0 if type(value) is float else not rules.is_plain_integer(value):
            raise _NotPlainError
    return numbers


def _plain_metadata(metadata: Any) -> tuple[Mapping[str, Any], int]:
    if type(metadata) is not dict:
        raise _NotPlainError
    tags = metadata.copy()
    if len(tags) > PLAIN_KEYS or not _known_keys.issuperset(tags):
        raise _NotPlainError
    text = 0
    for value in tags.values():
        kind = type(value)
        if kind is str:
            # NUL and halves of surrogate pairs are no text; the latter are not ASCII either.
            if not value.isascii() or "\0" in value:
                raise _NotPlainError
            text += len(value)
        elif kind is float:
            if value - value != 0.0:
                raise _NotPlainError
        elif kind is not bool and value is not None and not rules.is_plain_integer(value):
            raise _NotPlainError
    if text > PLAIN_TEXT:
        raise _NotPlainError
    return tags, OVERHEAD_BYTES + text


def _take_carefully(event_name: object, measurements: object, metadata: object, moment: int) -> Event:
    name = rules.check_name(event_name)
    numbers = rules.check_measurements({} if measurements is None else measurements)
    tags = rules.check_metadata({} if metadata is None else metadata)
    size = OVERHEAD_BYTES + rules.json_length("measurements", numbers) + rules.json_length("metadata", tags)
    _learn(_known_names, (name,))
    _learn(_known_keys, (key for key in (*numbers, *tags) if len(key) <= PLAIN_KEY_LENGTH))
    return Event(name, numbers, tags, moment, size)


def _learn(known: set[str], texts: Any) -> None:
    if len(known) < MOST_KNOWN:
        known.update(texts)


def encode(event: Event) -> bytes:
    """Return an event as the server reads it: one line of JSON."""
    document: dict[str, Any] = {"event_name": event.name, "occurred_at": rules.to_rfc_3339(event.time)}
    if event.measurements:
        document["measurements"] = event.measurements
    if event.metadata:
        document["metadata"] = event.metadata
    return rules.to_json(document).encode()


__all__ = ["Event", "InvalidEventError", "encode", "take"]
