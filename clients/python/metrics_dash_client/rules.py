"""What an event may hold: the server's rules, each with an error that quotes the bad value and names its place."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from numbers import Integral, Real
from typing import Any, Callable

MAX_NAME_LENGTH = 255
MAX_MEASUREMENTS = 64
MAX_JSON_BYTES = 16 * 1024
EVENT_NAME = re.compile(r"[a-z0-9_]+(?:\.[a-z0-9_]+)*")

_MAX_INTEGER = 2**63 - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)
# Texts are checked before, so what is not ASCII is written as it is: Unicode takes half the bytes of its escapes.
to_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


class InvalidEventError(ValueError):
    """An event that breaks a rule. The message quotes the bad value and names its place."""


def check_name(name: object) -> str:
    """Return an event's name: dotted ``[a-z0-9_]`` segments, at most 255 characters. Raises ``InvalidEventError``."""
    if isinstance(name, str) and len(name) <= MAX_NAME_LENGTH and EVENT_NAME.fullmatch(name):
        return str.__str__(name)
    raise InvalidEventError(
        f"event_name: {quote(name)} is not dotted [a-z0-9_] segments of at most {MAX_NAME_LENGTH} characters"
    )


def check_measurements(measurements: object) -> dict[str, Any]:
    """Return a copy of at most 64 finite numbers by name. Raises ``InvalidEventError``."""
    numbers = _copy(measurements, "measurements", _number)
    if len(numbers) > MAX_MEASUREMENTS:
        raise InvalidEventError(f"measurements: {len(numbers)} values are more than {MAX_MEASUREMENTS}")
    return numbers


def check_metadata(metadata: object) -> dict[str, Any]:
    """Return a copy of JSON scalars by name. Raises ``InvalidEventError``."""
    return _copy(metadata, "metadata", _scalar)


def json_length(place: str, values: dict[str, Any]) -> int:
    """Return how many bytes of JSON checked values are: 16 KiB at most. Raises ``InvalidEventError``."""
    length = len(to_json(values).encode())
    if length > MAX_JSON_BYTES:
        raise InvalidEventError(f"{place}: {length} bytes of JSON are more than {MAX_JSON_BYTES}")
    return length


def is_plain_integer(value: object) -> bool:
    """Tell whether it is exactly an ``int``, and one of 64 bits."""
    return type(value) is int and -_MAX_INTEGER <= value <= _MAX_INTEGER


def to_nanoseconds(moment: object) -> int:
    """Return an aware moment as nanoseconds since 1970 in UTC. Raises ``InvalidEventError``."""
    if not isinstance(moment, datetime):
        raise InvalidEventError(f"occurred_at: {quote(moment)} is not a datetime")
    try:
        if moment.utcoffset() is None:
            raise InvalidEventError(f"occurred_at: {quote(moment)} has no time zone")
        return (moment - _EPOCH) // _MICROSECOND * 1000
    except InvalidEventError:
        raise
    except Exception as error:  # a time zone is somebody else's code
        raise InvalidEventError(f"occurred_at: {quote(moment)} can't be read: {quote(error)}") from None


def to_rfc_3339(nanoseconds: int) -> str:
    """Return the moment in UTC, in whole microseconds."""
    return (_EPOCH + timedelta(microseconds=nanoseconds // 1000)).isoformat()


def quote(value: object) -> str:
    """Return a bad value for an error message: its ``repr``, cut short, in plain ASCII."""
    try:
        text = ascii(value)
    except Exception:
        text = f"<{type(value).__name__}>"
    return text if len(text) <= 80 else text[:77] + "..."


def _copy(mapping: object, place: str, check: Callable[[object, str], object]) -> dict[str, Any]:
    if not isinstance(mapping, Mapping):
        raise InvalidEventError(f"{place}: {quote(mapping)} is not a mapping")
    try:
        items = list(mapping.items())
    except Exception as error:
        raise InvalidEventError(f"{place}: can't be read: {quote(error)}") from None
    return {_text(key, f"a key of {place}"): check(value, f"{place}.{quote(key)}") for key, value in items}


def _number(value: object, place: str) -> object:
    """A finite number. An integer past 64 bits becomes the nearest double, as in any JSON reader."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise InvalidEventError(f"{place}: {quote(value)} is not a number")
    if isinstance(value, Integral) and abs(int(value)) <= _MAX_INTEGER:
        return int(value)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise InvalidEventError(f"{place}: {quote(value)} is not a finite number")
    return number


def _scalar(value: object, place: str) -> object:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value, place)
    if isinstance(value, Real):
        return _number(value, place)
    raise InvalidEventError(f"{place}: {quote(value)} is not text, a number, a boolean or None")


def _text(value: object, place: str) -> str:
    if not isinstance(value, str):
        raise InvalidEventError(f"{place}: {quote(value)} is not text")
    if "\0" in value:
        raise InvalidEventError(f"{place}: {quote(value)} holds a NUL character")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidEventError(f"{place}: {quote(value)} holds half of a surrogate pair") from None
    return str.__str__(value)
