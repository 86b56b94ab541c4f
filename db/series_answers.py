"""From the packed answer of the statement that reads buckets to arrays."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from db.levels import BUCKET_TYPES, WIDTHS, BucketType
from db.registers import Kept, unpack
from db.series_filtered import LEFT, unpack_doubts
from db.series_raw import TOO_MANY
from db.series_reads import Bins, LastSeen, Read, Rows
from db.series_statement import BEFORE_ALL, BETWEEN_UNIQUES

_LENGTHS = {name: round(width.total_seconds() * 1000) for name, width in WIDTHS.items()}

# timestamptz_send gives microseconds since 2000-01-01 UTC.
_POSTGRES_EPOCH_MS = 946_684_800_000
# What it gives for infinity.
_NEVER = 2**63 - 1

_COUNTS = np.dtype([("slot", ">i8"), ("count", ">i8")])
_COUNTED = np.dtype([("slot", ">i8"), ("count", ">f8")])
_VALUES = np.dtype([*_COUNTS.descr, ("sum", ">f8"), ("min", ">f8"), ("max", ">f8"), ("values", ">f8")])


def unpack_read(read: Read, number: int, packed: Mapping[tuple[str, int, str | None], bytes | None]) -> Rows:
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


def unpack_seen(content: bytes) -> LastSeen:
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
    return datetime.fromtimestamp((microseconds // 1000 + _POSTGRES_EPOCH_MS) / 1000, UTC)
