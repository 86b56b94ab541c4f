"""A raw row: what an event may hold, and how it travels to ``telemetry_events``.

The limits stand here, beside the encoding, because a row that breaks one would abort the COPY of a whole batch.
Measurements and metadata are encoded once, at the door: the bytes are an immutable snapshot of known size, and they are
what PostgreSQL stores.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from numbers import Integral, Real
from struct import Struct
from typing import Any, NamedTuple, cast

import orjson

MAX_NAME_LENGTH = 255
MAX_MEASUREMENTS = 64
MAX_METADATA_KEYS = 64
MAX_JSON_BYTES = 16 * 1024
# What makes the next overflow impossible: a bucket counts in a bigint, and 2**63 measurements of this size add up to
# 9.2e307, which is still a double. So no sum over any buckets can leave the doubles' range, whatever comes in.
MAX_MAGNITUDE = 1e289
EVENT_NAME = re.compile(r"[a-z0-9_]+(?:\.[a-z0-9_]+)*")

# What a row is: something that happened, a change of a counter, or a look at a level. Only the first counts as events.
EVENT, DELTA, SAMPLE = "event", "delta", "sample"
KINDS = (EVENT, DELTA, SAMPLE)
# Weights and the counts of aggregates; so many of them add up to no more than a bigint.
MAX_WEIGHT = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Counter:
    """A reading of a counter that its sender adds up for ever: the row is the difference since the last one.

    ``series`` tells it from every other counter; ``started`` and ``at`` are nanoseconds since 1970. It ``counts``
    values whose sum is ``value`` if that is known (then ``count`` and perhaps ``histogram`` are theirs), or is a value
    that only grows where it is ``monotonic``.
    """

    series: bytes
    measurement: str
    started: int
    at: int
    value: float | None
    count: int = 0
    histogram: Mapping[str, Any] | None = None
    counts: bool = False
    monotonic: bool = True


class More(NamedTuple):
    """What a row holds beyond one event.

    ``weight``: how many it stands for; its measurements count and add up as often. ``aggregates``: measurements of
    which only the aggregate is known, as JSON by name (``db.aggregates``); the weight is none of theirs. ``counter``: a
    reading, of which the rest is made when the row is stored (``db.counters``).
    """

    weight: int = 1
    kind: str = EVENT
    aggregates: bytes = b"{}"
    counter: Counter | None = None


# (event_name, measurements and metadata, occurred_at in nanoseconds since 1970 in UTC), and perhaps more. The two maps
# are JSON with ``BETWEEN`` between them, as the list ``[measurements, "", metadata]`` has it: one call encodes both.
# Flat JSON holds no other ``,"",``: after a comma an empty text is a key, and a colon follows.
PlainRow = tuple[str, bytes, int]
Row = PlainRow | tuple[str, bytes, int, More]
BETWEEN = b',"",'
EMPTY_MAP = b"{}"
# What a row costs in memory beyond its JSON: a tuple, a bytes object and an int.
ROW_OVERHEAD_BYTES = 160

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# In JSON it announces whatever had to be escaped, a NUL among it.
BACKSLASH = ord("\\")
_MAX_INTEGER = 2**63 - 1
# The exact types that JSON writes as they are; subclasses of them take the careful way.
PLAIN_SCALARS = frozenset({str, int, bool, type(None)})


class InvalidEventError(ValueError):
    """An event that can't be stored. The message quotes the bad value and names its place.

    ``reason`` is what it is counted under: ``invalid``, ``too_old`` or ``too_new``.
    """

    def __init__(self, message: str, reason: str = "invalid") -> None:
        super().__init__(message)
        self.reason = reason


def quote(value: object) -> str:
    """Return a bad value for an error message: its ``repr``, cut short, in plain ASCII."""
    try:
        text = ascii(value)
    except Exception:
        text = f"<{type(value).__name__}>"
    return text if len(text) <= 80 else text[:77] + "..."


def check_name(name: object) -> str:
    """Return an event's name, checked: dotted ``[a-z0-9_]`` segments, at most 255 characters. Raises
    ``InvalidEventError``."""
    if not isinstance(name, str) or len(name) > MAX_NAME_LENGTH or not _is_name(name):
        raise InvalidEventError(
            f"event_name: {quote(name)} is not dotted [a-z0-9_] segments of at most {MAX_NAME_LENGTH} characters"
        )
    return str(name)


@lru_cache(4096)
def _is_name(text: str) -> bool:
    return EVENT_NAME.fullmatch(text) is not None


def encode_measurements(measurements: Mapping[str, float]) -> bytes:
    """Return measurements as JSON: at most 64 numbers of at most ``MAX_MAGNITUDE`` by name. Raises
    ``InvalidEventError``."""
    if not measurements and type(measurements) is dict:
        return EMPTY_MAP
    try:
        for value in measurements.values():
            # Also false for NaN. JSON that is written as it is holds no integer past 64 bits.
            if type(value) is float:
                if not -MAX_MAGNITUDE <= value <= MAX_MAGNITUDE:
                    break
            elif type(value) is not int:
                break
        else:
            encoded = orjson.dumps(measurements)
            if len(measurements) <= MAX_MEASUREMENTS and len(encoded) <= MAX_JSON_BYTES and BACKSLASH not in encoded:
                return encoded
    except Exception:  # noqa: S110 - the careful way below finds out what is wrong, and says it
        pass
    return _encode("measurements", _clean(measurements, "measurements", _measured), MAX_MEASUREMENTS)


def encode_metadata(metadata: Mapping[str, object]) -> bytes:
    """Return metadata as JSON: at most 64 scalars by name, 16 KiB in all. Raises ``InvalidEventError``."""
    if not metadata and type(metadata) is dict:
        return EMPTY_MAP
    try:
        for value in metadata.values():
            if type(value) not in PLAIN_SCALARS:
                break
        else:
            encoded = orjson.dumps(metadata)
            if len(metadata) <= MAX_METADATA_KEYS and len(encoded) <= MAX_JSON_BYTES and BACKSLASH not in encoded:
                return encoded
    except Exception:  # noqa: S110 - as above
        pass
    return _encode("metadata", _clean(metadata, "metadata", _scalar), MAX_METADATA_KEYS)


def _clean(mapping: object, place: str, check: Callable[[object, str], object]) -> dict[str, object]:
    if not isinstance(mapping, Mapping):
        raise InvalidEventError(f"{place}: {quote(mapping)} is not an object")
    try:
        items = list(mapping.items())
    except Exception as error:
        raise InvalidEventError(f"{place}: can't be read: {quote(error)}") from error
    return {_text(key, f"a key of {place}"): check(value, f"{place}.{quote(key)}") for key, value in items}


def _encode(place: str, values: dict[str, object], most: int) -> bytes:
    if len(values) > most:
        raise InvalidEventError(f"{place}: {len(values)} values are more than {most}")
    encoded = orjson.dumps(values)
    if len(encoded) > MAX_JSON_BYTES:
        raise InvalidEventError(f"{place}: {len(encoded)} bytes of JSON are more than {MAX_JSON_BYTES}")
    return encoded


def _measured(value: object, place: str) -> object:
    """Return a finite number that can be added up."""
    number = _number(value, place)
    if isinstance(number, float) and abs(number) > MAX_MAGNITUDE:
        raise InvalidEventError(f"{place}: {quote_number(value)} is beyond ±{MAX_MAGNITUDE:g}, too large to add up")
    return number


def _number(value: object, place: str) -> object:
    """Return a finite number. An integer past 64 bits is kept as the nearest double, like any JSON reader would."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise InvalidEventError(f"{place}: {quote(value)} is not a number")
    if isinstance(value, Integral) and abs(int(value)) <= _MAX_INTEGER:
        return int(value)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise InvalidEventError(f"{place}: {quote_number(value)} is not a finite number")
    return number


def quote_number(value: object) -> str:
    """Like ``quote``, but safe for integers of more digits than Python agrees to print."""
    try:
        return quote(value) if not isinstance(value, int) or abs(value) < 10**30 else "an integer of that size"
    except ValueError:
        return "an integer of that size"


def _scalar(value: object, place: str) -> object:
    """Return a JSON scalar: text, a finite number, a boolean or null."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value, place)
    if isinstance(value, Real):
        return _number(value, place)
    raise InvalidEventError(f"{place}: {quote(value)} is not text, a number, a boolean or null")


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


def to_nanoseconds(moment: datetime) -> int:
    """Return an aware moment in nanoseconds since 1970 in UTC. Raises ``InvalidEventError`` for a naive one."""
    if not isinstance(moment, datetime):
        raise InvalidEventError(f"occurred_at: {quote(moment)} is not a datetime")
    try:
        since = moment - _EPOCH
    except TypeError:
        raise InvalidEventError(f"occurred_at: {quote(str(moment))} has no time zone") from None
    # Whole numbers by hand: half the time of dividing by a timedelta, and this is done once for every event.
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1000


def check_aware(**moments: datetime) -> None:
    """Refuse what names no moment: read in whatever zone this machine or that session has, it would name another one.

    Raises ``ValueError`` with the argument's name.
    """
    for name, moment in moments.items():
        if not isinstance(moment, datetime) or moment.utcoffset() is None:
            raise ValueError(f"{name}: {quote(moment)} is not a datetime with a time zone")


def from_nanoseconds(nanoseconds: int) -> datetime:
    """Return the inverse of ``to_nanoseconds``: an aware UTC datetime, in whole microseconds like PostgreSQL's."""
    return _EPOCH + timedelta(microseconds=nanoseconds // 1000)


def encode_row(
    event_name: object, measurements: Mapping[str, float], metadata: Mapping[str, object], occurred_at: datetime
) -> Row:
    """Check an event's parts and encode them. Raises ``InvalidEventError``."""
    return check_name(event_name), encode_maps(measurements, metadata), to_nanoseconds(occurred_at)


def encode_maps(measurements: Mapping[str, float], metadata: Mapping[str, object]) -> bytes:
    """Return an event's maps as a row holds them, checked. Raises ``InvalidEventError``."""
    return encode_measurements(measurements) + BETWEEN + encode_metadata(metadata)


def decode_maps(maps: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the measurements and metadata of a row."""
    measurements, _, metadata = maps.partition(BETWEEN)
    return orjson.loads(measurements), orjson.loads(metadata)


def size_in_memory(rows: Sequence[Row]) -> int:
    """About how many bytes the rows take."""
    more = 0 if plain(rows) else sum(_size_of(more_of(row)) for row in rows)
    return sum([len(row[1]) for row in rows]) + ROW_OVERHEAD_BYTES * len(rows) + more


def _size_of(more: More) -> int:
    histogram = more.counter.histogram if more.counter is not None else None
    # A number of a list takes four times its digits and comma, or less.
    held = 4 * len(orjson.dumps(histogram)) if histogram else 0
    return len(more.aggregates) + held + ROW_OVERHEAD_BYTES


def plain(rows: Sequence[Row]) -> bool:
    """Return whether each of the rows is one event and nothing more."""
    return set(map(len, rows)) <= {3}


def more_of(row: Row) -> More:
    """Return what a row holds beyond one event."""
    return row[3] if len(row) == 4 else _NOTHING_MORE


# The binary COPY format: https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS
COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + b"\0" * 8
COPY_TRAILER = b"\xff\xff"
COPY_COLUMNS = "event_name, measurements, metadata, occurred_at"
COPY_MORE_COLUMNS = f"{COPY_COLUMNS}, weight, kind, aggregates"
_POSTGRES_EPOCH = 946_684_800_000_000  # 2000-01-01 in microseconds since 1970
_FIELDS_AND_LENGTH = Struct("!hi")
_TIMESTAMP = Struct("!iq")
_JSONB = Struct("!iB")
_JSONB_VERSION = 1
_STAMP_HEAD = 8  # the length of a timestamp
_FIELDS = Struct("!h")
_LENGTH = Struct("!i")
_WEIGHT = Struct("!ii")
_NOTHING_MORE = More()


class _JsonbHeads(dict[int, bytes]):
    """What stands before JSON of a length; made once for each length, of which there are at most 16 K."""

    def __missing__(self, size: int) -> bytes:
        head = self[size] = _JSONB.pack(size + 1, _JSONB_VERSION)
        return head


class _NameHeads(dict[str, bytes]):
    """The beginning of a row, its name included."""

    def __missing__(self, name: str) -> bytes:
        encoded = name.encode()
        head = self[name] = _FIELDS_AND_LENGTH.pack(4, len(encoded)) + encoded
        return head


_jsonb_heads = _JsonbHeads()


def copy_payload(rows: Sequence[Row]) -> bytes:
    """Return plain rows as the body of a binary COPY of ``COPY_COLUMNS``, without header and trailer.

    Written by hand: it takes a fifth of the time of psycopg's row-by-row adaptation, as the JSON is encoded already.
    """
    parts: list[bytes] = []
    name_heads = _NameHeads()
    plain_rows = cast(Sequence[PlainRow], rows)
    heads = _jsonb_heads
    stamp = _TIMESTAMP.pack
    # All at once: that is a third of the time of splitting one by one.
    maps = iter(BETWEEN.join([row[1] for row in rows]).split(BETWEEN))
    for (name, _, occurred), measurements, metadata in zip(plain_rows, maps, maps, strict=False):
        parts += (
            name_heads[name],
            heads[len(measurements)],
            measurements,
            heads[len(metadata)],
            metadata,
            stamp(_STAMP_HEAD, occurred // 1000 - _POSTGRES_EPOCH),
        )
    return b"".join(parts)


def copy_more_payload(rows: Sequence[Row]) -> bytes:
    """Return rows as the body of a binary COPY of ``COPY_MORE_COLUMNS``, whatever more they hold."""
    parts: list[bytes] = []
    for row in rows:
        weight, kind, aggregates, _ = more_of(row)
        measurements, _, metadata = row[1].partition(BETWEEN)
        name = row[0].encode()
        parts += (
            _FIELDS.pack(7) + _LENGTH.pack(len(name)) + name,
            _jsonb_heads[len(measurements)] + measurements,
            _jsonb_heads[len(metadata)] + metadata,
            _TIMESTAMP.pack(_STAMP_HEAD, row[2] // 1000 - _POSTGRES_EPOCH),
            _WEIGHT.pack(4, weight) + _LENGTH.pack(len(kind)) + kind.encode(),
            _jsonb_heads[len(aggregates)] + aggregates,
        )
    return b"".join(parts)
