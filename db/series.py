"""Reading buckets for charts: one statement for everything that a tab needs.

A ``Read`` asks for the buckets of one event in one stretch of time. All reads of a call become one statement of index
scans on the buckets' primary key. Each answers with one row (one more for each value of a split) whose
buckets are packed into a single ``bytea``: server and client then handle one value instead of thousands, which is
faster than the plain rows. See ``_unpack`` for the layout.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, TextClause, text

from db.labels import OTHER, escape
from db.levels import BUCKET_TYPES, LEVELS, WIDTHS, BucketType

_COARSER: Mapping[str, BucketType] = {level.source: level.name for level in LEVELS}
_LENGTHS = {name: round(width.total_seconds() * 1000) for name, width in WIDTHS.items()}
# Up to so many buckets are searched for the values of a split one by one; for more, the coarser level knows them.
_SEARCHED_BUCKETS = 240

# timestamptz_send gives microseconds since 2000-01-01 UTC.
_POSTGRES_EPOCH_MS = 946_684_800_000
# What it gives for infinity.
_NEVER = 2**63 - 1

_COUNTS = np.dtype([("slot", ">i8"), ("count", ">i8")])
_VALUES = np.dtype([*_COUNTS.descr, ("sum", ">f8"), ("min", ">f8"), ("max", ">f8"), ("values", ">f8")])


@dataclass(frozen=True)
class Read:
    """The buckets of ``event_name`` at ``level`` that start at or after ``start`` and before ``end`` (epoch ms).

    ``measurement``: read its sum, minimum, maximum and count too. ``split_by``: count its ``split_values`` most
    frequent values too. ``edges``: n + 1 ascending bounds (epoch ms) of n longer buckets to add the rows up to.
    ``latest``: no buckets but the last sample of the measurement, of whatever level still has it; it comes as a bucket
    of one event at its own time.
    """

    event_name: str
    level: BucketType
    start: int
    end: int
    measurement: str | None = None
    split_by: str | None = None
    split_values: int = 8
    edges: tuple[int, ...] | None = None
    latest: bool = False

    @cached_property
    def width(self) -> int | None:
        """How long the longer buckets are (ms) where all are equally long; then the server need not search them."""
        if self.edges is None or self.edges[0] != self.start:
            return None
        widths = set(np.diff(self.edges).tolist())
        return widths.pop() if len(widths) == 1 else None


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
class LastSeen:
    """What is known of an event name: whether any was ever stored, the start of the last bucket that has one, and from
    when on it was recorded: its first bucket, as finely as that is held, or when it first arrived if its first buckets
    are no longer kept."""

    ever: bool
    last: datetime | None
    first: datetime | None = None


def read_series(
    connection: Connection, reads: Sequence[Read], names: Sequence[str] = ()
) -> tuple[list[Rows], dict[str, LastSeen]]:
    """Answer every read, and what is known of every event name, in one statement."""
    numbered = list(enumerate(reads))
    kinds = {
        "plain": [(number, read) for number, read in numbered if read.edges is None and not read.latest],
        "latest": [(number, read) for number, read in numbered if read.latest],
        "binned": [(number, read) for number, read in numbered if read.width is not None],
        "folded": [(number, read) for number, read in numbered if read.edges is not None and read.width is None],
    }
    for kind in ("plain", "binned", "folded"):
        kinds[f"{kind}_split"] = [(number, read) for number, read in kinds[kind] if read.split_by is not None]
    asked = tuple(kind for kind, those in kinds.items() if those) + (("seen",) if names else ())
    if not asked:
        return [], {}
    parameters: dict[str, Any] = {"seen_name": list(names)} if names else {}
    for kind, those in kinds.items():
        if those:
            parameters |= _parameters(kind, those)
    answer = connection.execute(_statement(asked), parameters)
    packed = {(part, number, value): content for part, number, value, content in answer}
    seen = {name: _unpack_seen(packed[("seen", number, None)]) for number, name in enumerate(names)}
    return [_unpack(read, number, packed) for number, read in numbered], seen


def last_seen(connection: Connection, names: Sequence[str]) -> dict[str, LastSeen]:
    """Return what is known of each event name."""
    return read_series(connection, (), names)[1]


# The statement. Reads come as arrays, one for each of their properties, and are answered by lateral joins. So its text
# depends on the kinds of reads only, is short, and is parsed and planned the same for one chart and for twelve.


_BUCKETS = """telemetry_buckets WHERE event_name = read.event AND bucket_type = read.level
        AND bucket_start >= read.start AND bucket_start < read.until"""
_READS = """unnest(CAST(:KIND_number AS int[]), CAST(:KIND_event AS text[]), CAST(:KIND_level AS text[]),
        CAST(:KIND_start AS timestamptz[]), CAST(:KIND_until AS timestamptz[]), CAST(:KIND_measurement AS text[]),
        CAST(:KIND_edges AS text[])) AS read(number, event, level, start, until, measurement, bounds)"""
_SPLITS = """unnest(CAST(:KIND_number AS int[]), CAST(:KIND_event AS text[]), CAST(:KIND_level AS text[]),
        CAST(:KIND_start AS timestamptz[]), CAST(:KIND_until AS timestamptz[]), CAST(:KIND_prefix AS text[]),
        CAST(:KIND_most AS int[]), CAST(:KIND_edges AS text[]), CAST(:KIND_coarse AS text[]),
        CAST(:KIND_first AS timestamptz[]), CAST(:KIND_last AS timestamptz[]))
        AS read(number, event, level, start, until, prefix, most, bounds, coarse, first, last)"""

# OFFSET 0 keeps the bounds from being read again for every bucket.
_WITH_EDGES = "(SELECT *, bounds::timestamptz[] AS edges FROM FROM_READS OFFSET 0) AS read"
_SLOT = "width_bucket(bucket_start, read.edges)::bigint"
_BIN = "date_bin(read.bounds, bucket_start, read.start)"

_PLAIN = """
SELECT 'rows', read.number, NULL::text, (
    SELECT string_agg(timestamptz_send(bucket_start) || int8send(count) || CASE WHEN read.measurement IS NULL THEN ''
        ELSE float8send(coalesce((sum_values -> read.measurement)::float8, 'NaN'))
        || float8send(coalesce((min_values -> read.measurement)::float8, 'NaN'))
        || float8send(coalesce((max_values -> read.measurement)::float8, 'NaN'))
        || float8send(coalesce((value_counts -> read.measurement)::float8, 'NaN')) END, '')
    FROM BUCKETS
) FROM FROM_READS"""

# The last sample of whole buckets that lie before the read's end, and of the minute that holds it: coarser levels know
# samples whose minutes are no longer held.
_LATEST = """
SELECT 'rows', read.number, NULL::text, (
    SELECT timestamptz_send(to_timestamp(last.moment)) || int8send(1) || float8send(value) || float8send(value)
        || float8send(value) || float8send(1)
    FROM (
        SELECT (sample ->> 0)::float8 AS moment, (sample ->> 1)::float8 AS value
        FROM (VALUES LEVELS) AS held (level, before) CROSS JOIN LATERAL (
            SELECT last_values -> read.measurement AS sample FROM telemetry_buckets
            WHERE event_name = read.event AND bucket_type = held.level AND bucket_start >= read.start
                AND bucket_start <= read.until - held.before AND last_values ? read.measurement
            ORDER BY bucket_start DESC LIMIT 1
        ) AS found
        ORDER BY 1 DESC, 2 DESC LIMIT 1
    ) AS last
) FROM FROM_READS"""
_BEFORE_THE_END = {level: f"{width.total_seconds():.0f} seconds" for level, width in WIDTHS.items()}
_BEFORE_THE_END[BUCKET_TYPES[0]] = "1 microsecond"
_LEVELS = ", ".join(f"('{level}', interval '{before}')" for level, before in _BEFORE_THE_END.items())
_FOLDED = """
SELECT 'rows', read.number, NULL::text, (
    SELECT string_agg(int8send(slot) || int8send(count) || CASE WHEN read.measurement IS NULL THEN ''
        ELSE float8send(coalesce(sum, 'NaN')) || float8send(coalesce(min, 'NaN'))
        || float8send(coalesce(max, 'NaN')) || float8send(coalesce(values, 'NaN')) END, '')
    FROM (
        SELECT SLOT AS slot, sum(count)::bigint AS count, sum((sum_values -> read.measurement)::float8) AS sum,
            min((min_values -> read.measurement)::float8) AS min, max((max_values -> read.measurement)::float8) AS max,
            sum((value_counts -> read.measurement)::float8) AS values
        FROM BUCKETS GROUP BY 1
    ) AS bucket
) FROM FROM_READS"""

# The counts of the most frequent values, looked up by name: a bucket has entries of many other keys too. In a long
# stretch the names come from the next coarser level, as far as whole buckets of it lie inside, and from the read's own
# level at both ends (`coarse`, `first`, `last`). So a value that is new to the last moments may be missing until its
# coarser bucket is made; it counts among the others meanwhile.
_SPLIT = """
SELECT 'split', read.number, substr(value.name, length(read.prefix) + 1), (
    SELECT string_agg(slot || counted, '') FROM (
        SELECT COUNTED FROM BUCKETS AND metadata_counts ? value.name GROUPED
    ) AS bucket
) FROM FROM_READS CROSS JOIN LATERAL (
    SELECT entry.key AS name
    FROM (
        SELECT metadata_counts FROM telemetry_buckets WHERE event_name = read.event AND bucket_type = read.level
            AND bucket_start >= read.start AND bucket_start < read.first
        UNION ALL SELECT metadata_counts FROM telemetry_buckets WHERE event_name = read.event
            AND bucket_type = read.coarse AND bucket_start >= read.first AND bucket_start < read.last
        UNION ALL SELECT metadata_counts FROM telemetry_buckets WHERE event_name = read.event
            AND bucket_type = read.level AND bucket_start >= read.last AND bucket_start < read.until
    ) AS bucket, jsonb_each(metadata_counts) AS entry
    WHERE starts_with(entry.key, read.prefix) AND entry.key <> read.prefix || 'OTHER'
    GROUP BY 1 ORDER BY sum(entry.value::float8) DESC, 1 LIMIT read.most
) AS value""".replace("OTHER", OTHER)
_PLAIN_COUNT = """timestamptz_send(bucket_start) AS slot,
        float8send((metadata_counts -> value.name)::float8) AS counted"""
_FOLDED_COUNT = "int8send(SLOT) AS slot, float8send(sum((metadata_counts -> value.name)::float8)) AS counted"

_SEEN = """
SELECT 'seen', (seen.number - 1)::int, NULL::text,
    timestamptz_send(coalesce((SELECT first_seen_at FROM event_names WHERE event_name = seen.name), 'infinity'))
    || (SELECT string_agg(
        timestamptz_send(coalesce(first, 'infinity')) || timestamptz_send(coalesce(last, '-infinity')), ''
        ORDER BY fineness)
    FROM (VALUES SEEN_LEVELS) AS of (fineness, level) CROSS JOIN LATERAL (
        SELECT min(bucket_start) AS first, max(bucket_start) AS last FROM telemetry_buckets
        WHERE event_name = seen.name AND bucket_type = of.level
    ) AS held)
FROM unnest(CAST(:seen_name AS text[])) WITH ORDINALITY AS seen(name, number)"""


def _binned(folded: str, reads: str) -> str:
    """Return a statement that adds up for buckets of one length: their slots are the moments at which they begin."""
    sent = re.sub(r"int8send\((slot)\)", r"timestamptz_send(\1)", folded, flags=re.IGNORECASE)
    reads = reads.replace(":KIND_edges AS text[]", ":KIND_edges AS interval[]")
    return sent.replace("FROM_READS", reads).replace("SLOT", _BIN)


_KINDS = {
    "plain": _PLAIN.replace("FROM_READS", _READS),
    "latest": _LATEST.replace("FROM_READS", _READS).replace("LEVELS", _LEVELS),
    "binned": _binned(_FOLDED, _READS),
    "folded": _FOLDED.replace("FROM_READS", _WITH_EDGES.replace("FROM_READS", _READS)),
    "plain_split": _SPLIT.replace("FROM_READS", _SPLITS).replace("COUNTED", _PLAIN_COUNT).replace("GROUPED", ""),
    "binned_split": _binned(_SPLIT.replace("COUNTED", _FOLDED_COUNT).replace("GROUPED", "GROUP BY SLOT"), _SPLITS),
    "folded_split": _SPLIT.replace("FROM_READS", _WITH_EDGES.replace("FROM_READS", _SPLITS))
    .replace("COUNTED", _FOLDED_COUNT)
    .replace("GROUPED", "GROUP BY SLOT"),
    "seen": _SEEN.replace(
        "SEEN_LEVELS", ", ".join(f"({number}, '{level}')" for number, level in enumerate(BUCKET_TYPES))
    ),
}
_PREFIXES = {
    "plain": "p",
    "latest": "l",
    "binned": "b",
    "folded": "f",
    "plain_split": "ps",
    "binned_split": "bs",
    "folded_split": "fs",
    "seen": "",
}


@cache
def _statement(kinds: tuple[str, ...]) -> TextClause:
    parts = (
        _KINDS[kind].replace("KIND", _PREFIXES[kind]).replace("SLOT", _SLOT).replace("BUCKETS", _BUCKETS)
        for kind in kinds
    )
    # psycopg parses a statement anew every time if it is longer than 4,096 characters, which takes it longer than the
    # server takes to answer. So the parameters have short names, and indentation is not sent.
    return text(re.sub(r"\s+", " ", " UNION ALL ".join(parts)))


def _parameters(kind: str, reads: Sequence[tuple[int, Read]]) -> dict[str, list[Any]]:
    """Return the reads of one kind as arrays, one for each property."""
    split = kind.endswith("split")
    columns: dict[str, list[Any]] = {
        "number": [number for number, _ in reads],
        "event": [read.event_name for _, read in reads],
        "level": [read.level for _, read in reads],
        "start": [_moment(read.start) for _, read in reads],
        "until": [_moment(read.end) for _, read in reads],
        "edges": [_bounds(read) for _, read in reads],
    }
    if split:
        coarser = [_coarser_stretch(read) for _, read in reads]
        columns |= {
            "prefix": [f"{escape(read.split_by or '')}:" for _, read in reads],
            "most": [read.split_values for _, read in reads],
            "coarse": [level for level, _, _ in coarser],
            "first": [_moment(first) for _, first, _ in coarser],
            "last": [_moment(last) for _, _, last in coarser],
        }
    else:
        columns["measurement"] = [read.measurement for _, read in reads]
    return {f"{_PREFIXES[kind]}_{name}": values for name, values in columns.items()}


def _coarser_stretch(read: Read) -> tuple[str | None, int, int]:
    """Return the coarser level that knows the values of a split, and the whole buckets of it that a read covers
    (epoch ms)."""
    if read.level not in _COARSER or read.end - read.start <= _SEARCHED_BUCKETS * _LENGTHS[read.level]:
        return None, read.end, read.end
    level = _COARSER[read.level]
    length = _LENGTHS[level]
    return level, -(-read.start // length) * length, read.end // length * length


def _bounds(read: Read) -> str | timedelta | None:
    """Return the length of a read's longer buckets, or their bounds where they are not of one length."""
    if read.width is not None:
        return timedelta(milliseconds=read.width)
    return None if read.edges is None else _array(read.edges)


def _array(moments: Sequence[int]) -> str:
    return "{" + ",".join(_moment(each).isoformat() for each in moments) + "}"


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


# Reading the answer


def _unpack(read: Read, number: int, packed: Mapping[tuple[str, int, str | None], bytes | None]) -> Rows:
    """Turn the packed buckets into arrays. A bucket is a slot and a count, as int8, then four float8 if measured.

    A slot is the bucket's start in microseconds since 2000, or its position among uneven ``edges``, from 1.
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
    if read.edges is not None and read.width is None:
        return np.asarray(read.edges, dtype=np.int64)[slots.astype(np.int64) - 1]
    return slots.astype(np.int64) // 1000 + _POSTGRES_EPOCH_MS


def _doubles(values: NDArray[Any]) -> NDArray[np.float64]:
    return values.astype(np.float64)


def _unpack_seen(content: bytes) -> LastSeen:
    """Turn when a name first arrived and, of every level, the starts of its first and its last bucket into what is
    known."""
    arrived, *starts = np.frombuffer(content, dtype=">i8").tolist()
    firsts = {level: start for level, start in zip(BUCKET_TYPES, starts[::2], strict=True) if start != _NEVER}
    first = min(arrived, _first(firsts))
    last = _stored(max(starts[1::2])) if firsts else None
    return LastSeen(arrived != _NEVER, last, None if first == _NEVER else _stored(first))


def _first(firsts: dict[BucketType, int]) -> int:
    """Return the start of the first bucket, or what finer levels know of the time that this one is of."""
    first, until = _NEVER, _NEVER
    for level, start in reversed(firsts.items()):
        if start < until:
            first, until = start, start + _LENGTHS[level] * 1000
    return first


def _stored(microseconds: int) -> datetime:
    return _moment(microseconds // 1000 + _POSTGRES_EPOCH_MS)
