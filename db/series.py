"""Reading buckets for charts: one statement for everything that a tab needs.

A ``Read`` asks for the buckets of one event in one stretch of time. All reads of a call become one statement of index
scans on the buckets' primary key. Each answers with one row (one more for each value of a split) whose
buckets are packed into a single ``bytea``: server and client then handle one value instead of thousands, which is
faster than the plain rows. See ``_unpack``.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from db import annotations
from db.annotations import Annotation
from db.filters import Filter, conditions
from db.labels import OTHER, escape
from db.levels import BUCKET_TYPES, LEVELS, WIDTHS, BucketType
from db.registers import Kept, unpack
from db.series_filtered import FILTER, LEFT, Doubts, unpack_doubts
from db.series_raw import TOO_MANY
from db.series_statement import BEFORE_ALL, BETWEEN_UNIQUES, KINDS, PREFIXES, statement

_COARSER: Mapping[str, BucketType] = {level.source: level.name for level in LEVELS}
_LENGTHS = {name: round(width.total_seconds() * 1000) for name, width in WIDTHS.items()}
# Up to so many buckets are searched for the values of a split one by one; for more, the coarser level knows them.
_SEARCHED_BUCKETS = 240

# timestamptz_send gives microseconds since 2000-01-01 UTC.
_POSTGRES_EPOCH_MS = 946_684_800_000
# What it gives for infinity.
_NEVER = 2**63 - 1

_COUNTS = np.dtype([("slot", ">i8"), ("count", ">i8")])
_COUNTED = np.dtype([("slot", ">i8"), ("count", ">f8")])
_VALUES = np.dtype([*_COUNTS.descr, ("sum", ">f8"), ("min", ">f8"), ("max", ">f8"), ("values", ">f8")])


@dataclass(frozen=True)
class Read:
    """The buckets of ``event_name`` at ``level`` that start at or after ``start`` and before ``end`` (epoch ms).

    ``measurement``: read its sum, minimum, maximum and count too. ``split_by``: count its ``split_values`` most
    frequent values too; with ``apart``, read of each of them all that is read of the event (where ``summed``, of those
    with the greatest sums), and of the rest. ``edges``: n + 1 ascending bounds (epoch ms) of n longer buckets to add
    the rows up to.
    ``latest``: no buckets but the last sample of the measurement, of whatever level still has it; it comes as a bucket
    of one event at its own time. ``only``: nothing but the events that carry this value (key and value); their count is
    NaN in buckets that count it among the rest. ``placed``: read the histogram of the measurement too.
    ``unique``: the measurement is a metadata key, and what is known of its different values is read. ``totals``: of
    each value only how many events there were in all; ``edges`` are then of one bucket. ``undeclared``: a key that is
    no dimension of the event, so its values may not be told apart, and it is read since when.
    ``where``: read all that of the events that a filter leaves, also split, but by no other dimension than its own; of
    several filters at once from raw events, by ``edges`` and not split.
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
    only: tuple[str, str] | None = None
    placed: bool = False
    unique: bool = False
    apart: bool = False
    summed: bool = False
    totals: bool = False
    undeclared: str | None = None
    where: Filter | None = None

    @cached_property
    def width(self) -> int | None:
        """How long the longer buckets are (ms) where all are equally long; then the server need not search them."""
        if self.edges is None or self.edges[0] != self.start:
            return None
        widths = set(np.diff(self.edges).tolist())
        return widths.pop() if len(widths) == 1 else None


@dataclass(frozen=True)
class Bins:
    """How many values (``count``) lie in a place (``db.bins``) of the bucket that starts then (epoch ms): arrays of
    equal length, in no particular order. A bucket and a place may stand there more than once."""

    start: NDArray[np.int64]
    place: NDArray[np.int64]
    count: NDArray[np.int64]


@dataclass(frozen=True)
class Rows:
    """The buckets that exist, in no particular order: arrays of equal length, NaN where nothing was measured.

    ``start``: epoch ms. ``count``: events. ``sum``, ``min``, ``max``, ``values`` (how many events carried it) are of
    the measurement and None without one. ``splits``: value to the starts and counts of the buckets that have it.
    ``bins``: of a read that asks for histograms. ``uniques``: of one that asks for those, the start of each bucket that
    has events, and what is kept of its values, None where the key was not declared when it was made. ``apart``: of a
    read that asks for it, value to all of that, of all other values under None. Where the rows of a bucket do not add
    up to it, some of what it is made of is not told apart. ``whole_since``: from when on none of the values of an
    undeclared key are.
    ``unknown``: the starts of the buckets in which a filter can't tell its value from others; they have no rows.
    ``doubts``: of a filter, also where it tells some of them. ``too_many``: there are more raw events than are read.
    """

    start: NDArray[np.int64]
    count: NDArray[np.float64]
    sum: NDArray[np.float64] | None = None
    min: NDArray[np.float64] | None = None
    max: NDArray[np.float64] | None = None
    values: NDArray[np.float64] | None = None
    splits: Mapping[str, tuple[NDArray[np.int64], NDArray[np.float64]]] = field(default_factory=dict)
    bins: Bins | None = None
    uniques: Sequence[tuple[int, Kept | None]] | None = None
    apart: Mapping[str | None, "Rows"] = field(default_factory=dict)
    whole_since: datetime | None = None
    unknown: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    doubts: Doubts | None = None
    too_many: bool = False


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
    answers, seen, _ = read_tab(connection, reads, names)
    return answers, seen


def read_tab(
    connection: Connection,
    reads: Sequence[Read],
    names: Sequence[str] = (),
    annotated: tuple[datetime, datetime] | None = None,
) -> tuple[list[Rows], dict[str, LastSeen], tuple[Annotation, ...]]:
    """As ``read_series``, with the newest annotations that touch ``annotated`` (aware), in the same statement."""
    kinds: dict[str, list[tuple[int, Read]]] = {}
    for number, read in enumerate(reads):
        for kind in _kinds_of(read):
            kinds.setdefault(kind, []).append((number, read))
    asked = tuple(kind for kind in KINDS if kind in kinds)
    asked += (("seen",) if names else ()) + (("notes",) if annotated else ())
    if not asked:
        return [], {}, ()
    parameters: dict[str, Any] = {"seen_name": list(names)} if names else {}
    if annotated is not None:
        parameters |= annotations.packed_parameters(*annotated)
    for kind, those in kinds.items():
        parameters |= _parameters(kind, those)
    answer = connection.execute(statement(asked), parameters)
    packed = {(part, number, value): content for part, number, value, content in answer}
    seen = {name: _unpack_seen(packed[("seen", number, None)]) for number, name in enumerate(names)}
    noted = annotations.unpack(packed.get(("notes", 0, None)))
    return [_unpack(read, number, packed) for number, read in enumerate(reads)], seen, noted


def _kinds_of(read: Read) -> list[str]:
    """Return the parts of the statement that answer a read."""
    if read.latest:
        return ["latest"]
    shape = "plain" if read.edges is None else "folded" if read.width is None else "binned"
    if read.only is not None:
        return [f"{shape}_only"]
    if read.where is not None and read.where.also:
        return [f"{shape}_raw", *(f"{kind}_raw" for kind in _further(read))]
    by_value = [f"{shape}_{_by_value(read)}"] if read.split_by is not None else []
    if read.where is not None:
        return [f"{shape}_filtered", *by_value, *(f"{kind}_filtered" for kind in _further(read)), *_whole(read)]
    return [shape, *by_value, *_further(read), *_whole(read)]


def _by_value(read: Read) -> str:
    return "values" if read.apart else "totals_split" if read.totals else "split"


def _further(read: Read) -> list[str]:
    return [kind for kind, asked in (("bins", read.placed), ("uniques", read.unique)) if asked]


def _whole(read: Read) -> list[str]:
    return ["whole"] if read.undeclared is not None else []


def last_seen(connection: Connection, names: Sequence[str]) -> dict[str, LastSeen]:
    """Return what is known of each event name."""
    return read_series(connection, (), names)[1]


# A read's parameters


def _parameters(kind: str, reads: Sequence[tuple[int, Read]]) -> dict[str, list[Any]]:
    """Return the reads of one kind as arrays, one for each property."""
    if kind == "whole":
        numbers, events = [number for number, _ in reads], [read.event_name for _, read in reads]
        return {"w_number": numbers, "w_event": events, "w_key": [read.undeclared for _, read in reads]}
    columns: dict[str, list[Any]] = {
        "number": [number for number, _ in reads],
        "event": [read.event_name for _, read in reads],
        "level": [read.level for _, read in reads],
        "start": [_moment(read.start) for _, read in reads],
        "until": [_moment(read.end) for _, read in reads],
        "edges": [None if kind.startswith(("bins", "uniques")) else _bounds(read) for _, read in reads],
    }
    if kind.endswith("only"):
        keys = [(f"{escape(read.only[0])}:", read.only[1]) for _, read in reads if read.only is not None]
        columns |= {"label": [key + value for key, value in keys], "rest": [key + OTHER for key, _ in keys]}
    elif kind.endswith("split"):
        coarser = [_coarser_stretch(read) for _, read in reads]
        columns |= {
            "prefix": [f"{escape(read.split_by or '')}:" for _, read in reads],
            "most": [read.split_values for _, read in reads],
            "coarse": [level for level, _, _ in coarser],
            "first": [_moment(first) for _, first, _ in coarser],
            "last": [_moment(last) for _, _, last in coarser],
            "without": [None if read.where is None else read.where.label for _, read in reads],
        }
    else:
        columns["measurement"] = [read.measurement for _, read in reads]
    if kind.endswith("values"):
        columns |= {
            "dimension": [read.split_by for _, read in reads],
            "most": [read.split_values for _, read in reads],
            "want": [_wanted(read) for _, read in reads],
            "without": [None if read.where is None else read.where.value for _, read in reads],
        }
    if kind.endswith("raw"):
        columns["conditions"] = [conditions(read.where) for _, read in reads]
    if kind.endswith("filtered"):
        filters = [read.where for _, read in reads if read.where is not None]
        columns |= {name: [getattr(each, name) for each in filters] for name in FILTER}
    return {f"{PREFIXES[kind]}_{name}": values for name, values in columns.items()}


def _wanted(read: Read) -> str | None:
    """Return what more than numbers is wanted of each value, or whether values go by their sums."""
    return "bins" if read.placed else "uniques" if read.unique else "sum" if read.summed else None


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
    if read.only is not None:
        counted = np.frombuffer(packed[("rows", number, None)] or b"", dtype=_COUNTED)
        return Rows(_starts(counted["slot"], read), _doubles(counted["count"]))
    splits: dict[str, tuple[NDArray[np.int64], NDArray[np.float64]]] = {}
    for (part, of, value), content in packed.items():
        if part == "split" and of == number and value is not None:
            counted = np.frombuffer(content or b"", dtype=_COUNTED)
            splits[value] = (_starts(counted["slot"], read), _doubles(counted["count"]))
    apart = {
        value: _unpack_rows(read, packed[(part, of, value)], *2 * (packed.get(("value kept", of, value)),))
        for part, of, value in packed
        if part == "value" and of == number
    }
    content, bins, uniques = (packed.get((kind, number, None)) for kind in ("rows", "bins", "uniques"))
    if content == TOO_MANY:
        return Rows(np.zeros(0, dtype=np.int64), np.zeros(0), too_many=True)
    layout = None if read.where is None or read.where.also else LEFT[read.measurement is not None]
    rows = _unpack_rows(read, content, bins, uniques, layout)
    whole = packed.get(("whole", number, None))
    since = None if whole is None else _stored(int.from_bytes(whole, "big", signed=True))
    return replace(rows, splits=splits, apart=apart, whole_since=since)


def _unpack_rows(
    read: Read, content: bytes | None, bins: bytes | None, uniques: bytes | None, layout: np.dtype[Any] | None = None
) -> Rows:
    buckets = np.frombuffer(content or b"", dtype=layout or (_COUNTS if read.measurement is None else _VALUES))
    names = () if read.measurement is None else ("sum", "min", "max", "values")
    doubts = None if layout is None else unpack_doubts(buckets, _starts(buckets["slot"], read))
    unknown = _starts(buckets["slot"][buckets["count"] < 0], read)
    buckets = buckets[buckets["count"] >= 0]
    measured: dict[str, Any] = {name: _doubles(buckets[name]) for name in names}
    return Rows(
        _starts(buckets["slot"], read),
        _doubles(buckets["count"]),
        bins=_but(_unpack_bins(bins or b"", read), unknown) if read.placed else None,
        uniques=_unpack_uniques((uniques or b"").decode(), read, unknown) if read.unique else None,
        unknown=unknown,
        doubts=doubts,
        **measured,
    )


def _but(bins: Bins, unknown: NDArray[np.int64]) -> Bins:
    if not len(unknown):
        return bins
    known = ~np.isin(bins.start, unknown)
    return Bins(bins.start[known], bins.place[known], bins.count[known])


def _unpack_uniques(content: str, read: Read, unknown: NDArray[np.int64]) -> list[tuple[int, Kept | None]]:
    left_out = set(unknown.tolist())
    found = (each.partition(" ") for each in content.split(BETWEEN_UNIQUES) if each)
    placed = ((_bucket_of(int(start) * 1000, read), kept) for start, _, kept in found)
    return [(start, unpack(kept) if kept else None) for start, kept in placed if start not in left_out]


def _bucket_of(start: int, read: Read) -> int:
    """Return the start of the longer bucket that one lies in."""
    return start if read.edges is None else read.edges[bisect_right(read.edges, start) - 1]


def _unpack_bins(content: bytes, read: Read) -> Bins:
    """Turn histograms into arrays: texts as ``db.bins`` has them, each behind its bucket's start: in seconds since
    1970, and below ``BEFORE_ALL`` by as much, where no place and no count lies."""
    if not content:
        return Bins(*(np.array([], dtype=np.int64) for _ in range(3)))
    numbers = np.fromstring(content.replace(b":", b" "), dtype=np.int64, sep=" ")
    heads = np.flatnonzero(numbers <= BEFORE_ALL // 2)
    sizes = np.diff(heads, append=len(numbers)) // 2
    starts = np.repeat((BEFORE_ALL - numbers[heads]) * 1000, sizes)
    pairs = np.delete(numbers, heads).reshape(-1, 2)
    if read.edges is not None:
        edges = np.asarray(read.edges, dtype=np.int64)
        starts = edges[np.searchsorted(edges, starts, side="right") - 1]
    return Bins(starts, pairs[:, 0], pairs[:, 1])


def _starts(slots: NDArray[Any], read: Read) -> NDArray[np.int64]:
    if read.edges is not None and read.width is None:
        return np.asarray(read.edges, dtype=np.int64)[slots.astype(np.int64) - 1]
    return slots.astype(np.int64) // 1000 + _POSTGRES_EPOCH_MS


def _doubles(values: NDArray[Any]) -> NDArray[np.float64]:
    return values.astype(np.float64)


def _unpack_seen(content: bytes) -> LastSeen:
    """Turn when a name first arrived, and of each level the starts of its first and last bucket, into what is known."""
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
