"""Reading buckets for charts: one statement for everything that a tab needs.

A ``Read`` asks for the buckets of one event in one stretch of time. All reads of a call become one statement, a UNION
ALL of index scans on the buckets' primary key. Each answers with one row (one more for each value of a split) whose
buckets are packed into a single ``bytea``: server and client then handle one value instead of thousands, which is
faster than the plain rows. See ``_unpack`` for the layout.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from string import Template
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, text

Level = Literal["minute", "hour", "day"]

OTHER_VALUES = "__other__"
"""The value under which a bucket counts what lies beyond the most frequent values of a metadata key."""

_COARSER: Mapping[str, tuple[Level, int]] = {"minute": ("hour", 3_600_000), "hour": ("day", 86_400_000)}
_LENGTHS = {"minute": 60_000, "hour": 3_600_000, "day": 86_400_000}
# Up to so many buckets are searched for the values of a split one by one; for more, the coarser level knows them.
_SEARCHED_BUCKETS = 240

# timestamptz_send gives microseconds since 2000-01-01 UTC.
_POSTGRES_EPOCH_MS = 946_684_800_000

_COUNTS = np.dtype([("slot", ">i8"), ("count", ">i8")])
_VALUES = np.dtype([*_COUNTS.descr, ("sum", ">f8"), ("min", ">f8"), ("max", ">f8"), ("values", ">f8")])


@dataclass(frozen=True)
class Read:
    """The buckets of ``event_name`` at ``level`` that start at or after ``start`` and before ``end`` (epoch ms).

    ``measurement``: read its sum, minimum, maximum and count too. ``split_by``: count its ``split_values`` most
    frequent values too. ``edges``: n + 1 ascending bounds (epoch ms) of n longer buckets to add the rows up to.
    ``latest``: only the last bucket that has any events.
    """

    event_name: str
    level: Level
    start: int
    end: int
    measurement: str | None = None
    split_by: str | None = None
    split_values: int = 8
    edges: tuple[int, ...] | None = None
    latest: bool = False


@dataclass(frozen=True)
class Rows:
    """The buckets that exist, in no particular order: arrays of equal length, NaN where nothing was measured.

    ``start``: epoch ms. ``count``: events. ``sum``, ``min``, ``max``, ``values`` (how many events carried it) are of
    the measurement and None without one. ``splits``: value to the starts and counts of the buckets that have it.
    """

    start: NDArray[np.int64]
    count: NDArray[np.float64]
    sum: NDArray[np.float64] | None = None
    min: NDArray[np.float64] | None = None
    max: NDArray[np.float64] | None = None
    values: NDArray[np.float64] | None = None
    splits: Mapping[str, tuple[NDArray[np.int64], NDArray[np.float64]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Seen:
    """What is known of an event name: whether any was ever stored, and the start of the last bucket that has one."""

    ever: bool
    last: datetime | None


def read_series(
    connection: Connection, reads: Sequence[Read], names: Sequence[str] = ()
) -> tuple[list[Rows], dict[str, Seen]]:
    """Answer every read, and what is known of every event name, in one statement."""
    parts: list[str] = []
    parameters: dict[str, Any] = {}
    for number, read in enumerate(reads):
        parts += _statements(number, read, parameters)
    for number, name in enumerate(names):
        parts.append(_SEEN.substitute(n=number))
        parameters[f"seen_{number}"] = name
    if not parts:
        return [], {}
    answer = connection.execute(text("\nUNION ALL\n".join(parts)), parameters).all()
    packed = {(part, number, value): content for part, number, value, content in answer}
    seen = {name: _unpack_seen(packed[("seen", number, None)]) for number, name in enumerate(names)}
    return [_unpack(read, number, packed) for number, read in enumerate(reads)], seen


def last_seen(connection: Connection, names: Sequence[str]) -> dict[str, Seen]:
    """What is known of each event name."""
    return read_series(connection, (), names)[1]


# Building the statement. In the templates $n is the number of the read, which its parameters carry in their names;
# nothing else is put into the text but these templates themselves.


_WHERE = Template(
    "event_name = :event_$n AND bucket_type = :level_$n AND bucket_start >= :start_$n AND bucket_start < :end_$n"
)
_PLAIN_ROWS = Template("""
SELECT 'rows', $n, NULL::text, string_agg($packed, ''::bytea)
FROM (SELECT * FROM telemetry_buckets WHERE $where $order) AS bucket
""")
_FOLDED_ROWS = Template("""
SELECT 'rows', $n, NULL::text, string_agg($packed, ''::bytea)
FROM (
    SELECT $slot AS slot, sum(count)::bigint AS count $measured
    FROM telemetry_buckets WHERE $where GROUP BY 1 $order
) AS bucket
""")
_SLOT = Template("width_bucket(bucket_start, CAST(:edges_$n AS timestamptz[]))::bigint")

# The counts of the most frequent values, looked up by name: a bucket has entries of many other keys too.
_SPLIT = Template("""
SELECT 'split', $n, substr(value.name, length(:prefix_$n) + 1), (
    SELECT string_agg(slot || counted, ''::bytea)
    FROM (
        SELECT $slot AS slot, float8send($count) AS counted
        FROM telemetry_buckets WHERE $where AND metadata_counts ? value.name $group
    ) AS bucket
)
FROM (
    SELECT entry.key AS name
    FROM ($stretches) AS bucket, jsonb_each(metadata_counts) AS entry
    WHERE starts_with(entry.key, :prefix_$n) AND entry.key <> :prefix_$n || :other_$n
    GROUP BY 1 ORDER BY sum(entry.value::float8) DESC, 1 LIMIT :limit_$n
) AS value
""")
_SPLIT_COUNT = "(metadata_counts -> value.name)::float8"
_STRETCH = Template("SELECT metadata_counts FROM telemetry_buckets WHERE $where")
_LONG_STRETCH = Template("""
SELECT metadata_counts FROM telemetry_buckets
WHERE event_name = :event_$n AND bucket_type = :level_$n AND bucket_start >= :start_$n AND bucket_start < :first_$n
UNION ALL SELECT metadata_counts FROM telemetry_buckets
WHERE event_name = :event_$n AND bucket_type = :coarse_$n AND bucket_start >= :first_$n AND bucket_start < :last_$n
UNION ALL SELECT metadata_counts FROM telemetry_buckets
WHERE event_name = :event_$n AND bucket_type = :level_$n AND bucket_start >= :last_$n AND bucket_start < :end_$n
""")
_SEEN = Template("""
SELECT 'seen', $n, NULL::text,
    CASE WHEN EXISTS (SELECT FROM event_names WHERE event_name = :seen_$n) THEN '\\x01'::bytea ELSE '\\x00' END
    || coalesce(timestamptz_send(greatest(
        (SELECT max(bucket_start) FROM telemetry_buckets WHERE event_name = :seen_$n AND bucket_type = 'minute'),
        (SELECT max(bucket_start) FROM telemetry_buckets WHERE event_name = :seen_$n AND bucket_type = 'hour'),
        (SELECT max(bucket_start) FROM telemetry_buckets WHERE event_name = :seen_$n AND bucket_type = 'day')
    )), ''::bytea)
""")
_MEASURED = {"sum_values": "sum", "min_values": "min", "max_values": "max", "value_counts": "sum"}


def _statements(number: int, read: Read, parameters: dict[str, Any]) -> Iterator[str]:
    """The statements of a read: its rows, and the values of its split; their parameters are added."""
    values: dict[str, Any] = {
        "event": read.event_name,
        "level": read.level,
        "start": _moment(read.start),
        "end": _moment(read.end),
    }
    if read.measurement is not None:
        values["measurement"] = read.measurement
    if read.edges is not None:
        values["edges"] = [_moment(edge) for edge in read.edges]
    yield _rows(number, read)
    if read.split_by is not None:
        values |= {"prefix": f"{read.split_by}:", "limit": read.split_values, "other": OTHER_VALUES}
        values |= _coarser_stretch(read)
        yield _split(number, read)
    parameters |= {f"{name}_{number}": value for name, value in values.items()}


def _rows(number: int, read: Read) -> str:
    measured = _MEASURED if read.measurement is not None else {}
    where = _WHERE.substitute(n=number)
    if read.edges is None:
        parts = ["timestamptz_send(bucket_start)", "int8send(count)"]
        parts += [_double(_measured(column, number)) for column in measured]
        order = "ORDER BY bucket_start DESC LIMIT 1" if read.latest else ""
        return _PLAIN_ROWS.substitute(n=number, packed=" || ".join(parts), where=where, order=order)
    parts = ["int8send(slot)", "int8send(count)", *(_double(column) for column in measured)]
    folded = "".join(f", {fold}({_measured(column, number)}) AS {column}" for column, fold in measured.items())
    order = "ORDER BY slot DESC LIMIT 1" if read.latest else ""
    slot = _SLOT.substitute(n=number)
    packed = " || ".join(parts)
    return _FOLDED_ROWS.substitute(n=number, packed=packed, slot=slot, measured=folded, where=where, order=order)


def _split(number: int, read: Read) -> str:
    where = _WHERE.substitute(n=number)
    stretches = (_LONG_STRETCH if _is_long(read) else _STRETCH).substitute(n=number, where=where)
    if read.edges is None:
        slot, count, group = "timestamptz_send(bucket_start)", _SPLIT_COUNT, ""
    else:
        slot, count, group = f"int8send({_SLOT.substitute(n=number)})", f"sum({_SPLIT_COUNT})", "GROUP BY 1"
    return _SPLIT.substitute(n=number, slot=slot, count=count, group=group, where=where, stretches=stretches)


def _is_long(read: Read) -> bool:
    return read.level in _COARSER and read.end - read.start > _SEARCHED_BUCKETS * _LENGTHS[read.level]


def _coarser_stretch(read: Read) -> dict[str, Any]:
    """Where a long read finds the values of its split: in the next coarser level, as far as whole buckets of it lie
    inside, and at its own level at both ends.

    So a value that is new to the last moments may be missing until its coarser bucket is made; it counts among the
    others meanwhile.
    """
    if not _is_long(read):
        return {}
    level, length = _COARSER[read.level]
    first, last = -(-read.start // length) * length, read.end // length * length
    return {"coarse": level, "first": _moment(first), "last": _moment(last)}


def _measured(column: str, number: int) -> str:
    return f"({column} -> :measurement_{number})::float8"


def _double(expression: str) -> str:
    return f"float8send(coalesce({expression}, 'NaN'))"


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


# Reading the answer


def _unpack(read: Read, number: int, packed: Mapping[tuple[str, int, str | None], bytes | None]) -> Rows:
    """Turn the packed buckets into arrays. A bucket is a slot and a count, as int8, then four float8 if measured.

    A slot is the bucket's start in microseconds since 2000, or its position among ``edges``, from 1.
    """
    layout = _COUNTS if read.measurement is None else _VALUES
    buckets = np.frombuffer(packed[("rows", number, None)] or b"", dtype=layout)
    measured = (
        {} if read.measurement is None else {name: _doubles(buckets[name]) for name in ("sum", "min", "max", "values")}
    )
    splits: dict[str, tuple[NDArray[np.int64], NDArray[np.float64]]] = {}
    for (part, of, value), content in packed.items():
        if part == "split" and of == number and value is not None:
            counted = np.frombuffer(content or b"", dtype=[("slot", ">i8"), ("count", ">f8")])
            splits[value] = (_starts(counted["slot"], read), _doubles(counted["count"]))
    return Rows(_starts(buckets["slot"], read), _doubles(buckets["count"]), splits=splits, **measured)


def _starts(slots: NDArray[Any], read: Read) -> NDArray[np.int64]:
    if read.edges is not None:
        return np.asarray(read.edges, dtype=np.int64)[slots.astype(np.int64) - 1]
    return slots.astype(np.int64) // 1000 + _POSTGRES_EPOCH_MS


def _doubles(values: NDArray[Any]) -> NDArray[np.float64]:
    return values.astype(np.float64)


def _unpack_seen(content: bytes) -> Seen:
    last = int.from_bytes(content[1:9], "big", signed=True) // 1000 + _POSTGRES_EPOCH_MS if len(content) > 1 else None
    return Seen(content[0] == 1, None if last is None else _moment(last))
