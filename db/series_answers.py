"""From the packed answer of the statement that reads buckets to arrays."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from db.levels import BUCKET_TYPES, WIDTHS, BucketType
from db.registers import unpack_all
from db.series_filtered import LEFT, unpack_doubts
from db.series_kept import BETWEEN_UNIQUES, NO_PLACE
from db.series_raw import TOO_MANY
from db.series_reads import Bins, LastSeen, Read, Rows, Uniques

_LENGTHS = {name: round(width.total_seconds() * 1000) for name, width in WIDTHS.items()}

# timestamptz_send gives microseconds since 2000-01-01 UTC.
_POSTGRES_EPOCH_MS = 946_684_800_000
# What it gives for infinity.
_NEVER = 2**63 - 1

_COUNTS = np.dtype([("slot", ">i8"), ("count", ">i8")])
_COUNTED = np.dtype([("slot", ">i8"), ("count", ">f8")])
_SUMS, _EXTREMES = ("sum", "values"), ("min", "max")
_NONE = np.zeros(0, dtype=np.int64)
_VALUES = np.dtype([*_COUNTS.descr, ("sum", ">f8"), ("min", ">f8"), ("max", ">f8"), ("values", ">f8")])


Packed: TypeAlias = dict[tuple[str, int], dict[str | None, bytes | None]]
"""What comes back: of a part and a number the content, or that of each value of a split."""


def unpack_read(read: Read, packed: Packed, at: Mapping[str, int], bare: bool = False) -> Rows:
    """Turn the packed buckets into arrays. A bucket is a slot and a count, as int8, then four float8 if measured.

    A slot is the bucket's start in microseconds since 2000, or its position among uneven ``edges``, from 1.
    ``at``: of each part of the answer its number. ``bare``: what was read of the buckets is no more than counts.
    """

    def parts(name: str, of: str | None = None) -> Mapping[str | None, bytes | None]:
        return packed.get((name, at.get(of or name, 0)), {})

    content = parts("rows").get(None)
    if read.only is not None:
        counted = np.frombuffer(content or b"", dtype=_COUNTED)
        return Rows(_starts(counted["slot"], read), _doubles(counted["count"]))
    splits: dict[str, tuple[NDArray[np.int64], NDArray[np.float64]]] = {}
    for value, of_value in parts("split").items():
        if value is not None:
            counted = np.frombuffer(of_value or b"", dtype=_COUNTED)
            splits[value] = (_starts(counted["slot"], read), _doubles(counted["count"]))
    kept = parts("value kept", "value")
    apart = {value: _unpack_rows(read, of_value, *2 * (kept.get(value),)) for value, of_value in parts("value").items()}
    if content == TOO_MANY:
        return Rows(np.zeros(0, dtype=np.int64), np.zeros(0), too_many=True)
    filtered = read.where is not None and not read.where.also
    layout = LEFT[read.measurement is not None] if filtered else _COUNTS if bare else _VALUES
    rows = _unpack_rows(read, content, parts("bins").get(None), parts("uniques").get(None), layout)
    whole = parts("whole").get(None)
    since = None if whole is None else _stored(int.from_bytes(whole, "big", signed=True))
    if rows.bins is not None and None in apart:
        apart[None] = replace(apart[None], bins=_rest_of(rows.bins, [each.bins for each in apart.values()]))
    return replace(rows, splits=splits, apart=apart, whole_since=since) if splits or apart or since else rows


def _unpack_rows(
    read: Read, content: bytes | None, bins: bytes | None, uniques: bytes | None, layout: np.dtype[Any] = _VALUES
) -> Rows:
    buckets = np.frombuffer(content or b"", dtype=layout)
    filtered = "hidden" in (buckets.dtype.names or ())
    doubts = unpack_doubts(buckets, _starts(buckets["slot"], read)) if filtered else None
    negative = buckets["count"] < 0
    unknown = _NONE
    if negative.any():
        unknown, buckets = _starts(buckets["slot"][negative], read), buckets[~negative]
    asked = (*_SUMS * read.sums, *_EXTREMES * read.extremes) if read.measurement is not None else ()
    measured: dict[str, Any] = {name: _doubles(buckets[name]) for name in asked}
    return Rows(
        _starts(buckets["slot"], read),
        _doubles(buckets["count"]),
        bins=_but(_unpack_bins(bins or b"", read), unknown) if read.placed else None,
        uniques=_unpack_uniques(uniques or b"", read, unknown) if read.unique else None,
        unknown=unknown,
        doubts=doubts,
        **measured,
    )


def _rest_of(bins: Bins, named: Iterable[Bins | None]) -> Bins:
    """Return the histograms of all but named values: with counts below zero, as what has been read is not added up."""
    less = [each for each in named if each is not None]
    return Bins(
        np.concatenate([bins.start, *(each.start for each in less)]),
        np.concatenate([bins.place, *(each.place for each in less)]),
        np.concatenate([bins.count, *(-each.count for each in less)]),
    )


def _but(bins: Bins, unknown: NDArray[np.int64]) -> Bins:
    if not len(unknown):
        return bins
    known = ~np.isin(bins.start, unknown)
    return Bins(bins.start[known], bins.place[known], bins.count[known])


def _unpack_kept(content: bytes, read: Read) -> tuple[NDArray[np.int64], bytes]:
    """Return the starts of the longer buckets that kept texts (``db.series_kept``) lie in, and those texts."""
    if not content:
        return _NONE, b""
    texts = 8 * (1 + int.from_bytes(content[:8]))
    moments = np.frombuffer(content[8:texts], dtype=">i8").astype(np.int64)
    return _buckets_of(moments // 1000 + _POSTGRES_EPOCH_MS, read), content[texts:]


def _unpack_uniques(content: bytes, read: Read, unknown: NDArray[np.int64]) -> Uniques:
    starts, texts = _unpack_kept(content, read)
    kept = unpack_all(texts.decode().split(BETWEEN_UNIQUES) if len(starts) else ())
    registers = tuple((int(starts[place]), each) for place, each in kept.registers)
    found = Uniques(starts, kept.known, kept.sizes, kept.hashes, registers)
    return found.of(~np.isin(starts, unknown)) if len(unknown) else found


def _buckets_of(starts: NDArray[np.int64], read: Read) -> NDArray[np.int64]:
    """Return the starts of the longer buckets that these lie in."""
    if read.edges is None:
        return starts
    if read.width is not None:
        return read.start + (starts - read.start) // read.width * read.width
    edges = np.asarray(read.edges, dtype=np.int64)
    return np.asarray(edges[np.searchsorted(edges, starts, side="right") - 1])


def _unpack_bins(content: bytes, read: Read) -> Bins:
    starts, texts = _unpack_kept(content, read)
    numbers = np.fromstring(texts.replace(b":", b" "), dtype=np.int64, sep=" ") if texts else _NONE
    between = np.flatnonzero(numbers == NO_PLACE)
    sizes = np.diff(between - np.arange(len(between)), prepend=0, append=len(numbers) - len(between)) // 2
    pairs = numbers[numbers != NO_PLACE].reshape(-1, 2)
    return Bins(np.repeat(starts, sizes if len(starts) else 0), pairs[:, 0], pairs[:, 1])


def _starts(slots: NDArray[Any], read: Read) -> NDArray[np.int64]:
    if read.edges is not None and read.width is None:
        return np.asarray(read.edges, dtype=np.int64)[slots.astype(np.int64) - 1]
    return slots.astype(np.int64) // 1000 + _POSTGRES_EPOCH_MS


def _doubles(values: NDArray[Any]) -> NDArray[np.float64]:
    return values.astype(np.float64)


def unpack_seen(content: bytes | None) -> LastSeen:
    """Turn when a name first arrived, and of each level the starts of its first and last bucket, into what is known."""
    arrived, *starts = np.frombuffer(content or b"", dtype=">i8").tolist()
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
