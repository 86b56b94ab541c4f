"""Properties of any depth, as analytics SDKs send them, as measurements and metadata of one level."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import orjson

from db.rows import MAX_MEASUREMENTS, MAX_METADATA_KEYS, InvalidEventError
from metrics_dash.ingest.event import MalformedEvent, parse_time

# What is longer is cut: an event's metadata has 16 KiB in all, and a value of this length is listed nowhere.
LONGEST_TEXT = 1024
DEEPEST = 5
# Room for what the formats add themselves.
_METADATA_KEYS = MAX_METADATA_KEYS - 8

Parts = tuple[dict[str, float], dict[str, object]]


def parts_of(properties: Mapping[str, object]) -> Parts:
    """Return measurements and metadata: a number is a measurement, unless its key says that it names something.

    Objects inside become keys such as ``address.city``, lists their JSON. What is too long is cut, and what is more
    than an event may have is left out, the last first. Raises ``InvalidEventError`` for lists nested too deeply.
    """
    measurements: dict[str, float] = {}
    metadata: dict[str, object] = {}
    for key, value in _flat(properties, "", 0):
        if isinstance(value, int | float) and not isinstance(value, bool) and not _names_something(key):
            if len(measurements) < MAX_MEASUREMENTS:
                measurements[key] = value
        elif len(metadata) < _METADATA_KEYS:
            metadata[key] = short(value)
    return measurements, metadata


def short(value: object) -> object:
    """Return a scalar that fits beside others in an event's metadata."""
    return value[:LONGEST_TEXT] if isinstance(value, str) else value


def moment_of(value: object) -> datetime | None:
    """Return an ISO 8601 text as a moment, in UTC where it names no zone; None for none. Raises
    ``InvalidEventError``."""
    if value is None or value == "":
        return None
    try:
        naive = isinstance(value, str) and datetime.fromisoformat(value).tzinfo is None
    except ValueError:
        naive = False
    return datetime.fromisoformat(str(value)).replace(tzinfo=UTC) if naive else parse_time(value)


def object_of(value: object, place: str) -> Mapping[str, object]:
    """Return an object, empty for null. Raises ``InvalidEventError``."""
    if isinstance(value, MalformedEvent):
        raise InvalidEventError(value.reason)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidEventError(f"{place} is not an object")
    return value


def _flat(properties: Mapping[str, object], prefix: str, depth: int) -> Iterator[tuple[str, object]]:
    for key, value in properties.items():
        if isinstance(value, dict):
            if depth < DEEPEST:
                yield from _flat(value, f"{prefix}{key}.", depth + 1)
        elif isinstance(value, list):
            yield f"{prefix}{key}", _as_text(value)
        elif value is not None:
            yield f"{prefix}{key}", value


def _as_text(value: list[object]) -> str:
    """Return a list's JSON. Raises ``InvalidEventError`` for what is read but not written: 255 lists in each other."""
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError as error:
        raise InvalidEventError(f"a list among the properties can't be kept as JSON: {error}") from None


def _names_something(key: str) -> bool:
    """Return whether a number under the key is no quantity: an id, or what SDKs say about themselves."""
    return key.startswith("$") or key.lower() == "id" or key.endswith(("_id", "Id", "ID", ".id", "-id"))
