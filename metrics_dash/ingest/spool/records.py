"""One batch as bytes, each with its own check, so that wrong bytes cost the batch that they belong to and no other.

A record is ``mark | length of the payload | CRC-32 | batch id | payload``; the check covers all that follows it and the
length. The payload is compressed: a line of JSON that says what the rows are, and the maps of each row, a line each, as
they came in. JSON as it is written here holds no line break.
"""

import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from struct import Struct
from typing import Any
from uuid import UUID

import orjson

from db.batches import Batch
from db.rows import Counter, More, Row, more_of

MARK = b"\xa7MS1"
_HEAD = Struct(">4sII16s")
_LENGTH = Struct(">I")
HEAD_BYTES = _HEAD.size
# The fastest level. Names and keys repeat, so events take a tenth of their room.
_LEVEL = 1
_FORMAT = 1
_LAST_NANOSECOND = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Record:
    """A batch as it waits on disk. ``arrived``: when its first event came, nanoseconds since 1970."""

    batch: Batch
    arrived: int
    is_report: bool = False


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes that hold no record: from ``start`` to ``end``."""

    start: int
    end: int
    reason: str


class UnknownFormatError(ValueError):
    """A record that is whole, and was written by a version that knows more than this one."""


def encode(record: Record) -> bytes:
    """Return a batch as bytes."""
    payload = zlib.compress(_payload(record), _LEVEL)
    batch_id = record.batch.batch_id.bytes
    return _HEAD.pack(MARK, len(payload), _check(batch_id, payload), batch_id) + payload


def read(data: bytes) -> Iterator[Record | Damage]:
    """Yield the batches in ``data``, in their order, and between them what can't be read.

    Behind wrong bytes the next record is looked for, wherever it begins.
    """
    place = 0
    while place < len(data):
        end = _end_of(data, place)
        if end is None:
            following = _next(data, place + 1)
            yield Damage(place, following, "torn off" if following == len(data) else "the check fails")
            place = following
            continue
        try:
            yield _decode(data[place:end])
        except (ValueError, KeyError, TypeError, zlib.error) as error:
            yield Damage(place, end, f"{type(error).__name__}: {error}")
        place = end


def _end_of(data: bytes, place: int) -> int | None:
    """Return where the record that begins at ``place`` ends; None where none does, or not a whole one."""
    if len(data) - place < HEAD_BYTES:
        return None
    mark, length, check, batch_id = _HEAD.unpack_from(data, place)
    end: int = place + HEAD_BYTES + length
    if mark != MARK or end > len(data) or _check(batch_id, memoryview(data)[place + HEAD_BYTES : end]) != check:
        return None
    return end


def _next(data: bytes, place: int) -> int:
    """Return where the next whole record begins; the end where there is none."""
    while (place := data.find(MARK, place)) >= 0:
        if _end_of(data, place) is not None:
            return place
        place += 1
    return len(data)


def _check(batch_id: bytes, payload: bytes | memoryview) -> int:
    return zlib.crc32(payload, zlib.crc32(batch_id, zlib.crc32(_LENGTH.pack(len(payload)))))


def _payload(record: Record) -> bytes:
    batch = record.batch
    head = {
        "format": _FORMAT,
        "arrived": record.arrived,
        "report": record.is_report,
        "names": [row[0] for row in batch.rows],
        "times": [row[2] for row in batch.rows],
        "more": [[place, *_more(more_of(row))] for place, row in enumerate(batch.rows) if len(row) == 4],
        "places": None if batch.places is None else list(batch.places),
        "refused": [list(refusal) for refusal in batch.refused],
        "digest": None if batch.digest is None else batch.digest.hex(),
        "submission": None if batch.submission is None else batch.submission.hex,
        "refused_names": dict(batch.refused_names),
        # Only says how long the batch is remembered.
        "newest": None if batch.newest is None else min(batch.newest, _LAST_NANOSECOND),
    }
    return b"\n".join((_json(head), *(row[1] for row in batch.rows)))


def _json(head: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(head)
    except TypeError:  # a time of another epoch, past 64 bits
        return json.dumps(head).encode()


def _more(more: More) -> tuple[object, ...]:
    counter = more.counter
    reading = None if counter is None else [counter.series.hex(), *astuple(counter)[1:]]
    return more.weight, more.kind, more.aggregates.decode(), reading


def _decode(data: bytes) -> Record:
    *_, batch_id = _HEAD.unpack_from(data)
    line, *maps = zlib.decompress(data[HEAD_BYTES:]).split(b"\n")
    head = json.loads(line)
    if head["format"] != _FORMAT:
        raise UnknownFormatError(f"format {head['format']} is another version's")
    rows: list[Row] = list(zip(head["names"], maps, head["times"], strict=True))
    for place, *more in head["more"]:
        rows[place] = (*rows[place][:3], _more_again(more))
    batch = Batch(
        UUID(bytes=batch_id),
        rows,
        head["places"],
        tuple((place, reason) for place, reason in head["refused"]),
        None if head["digest"] is None else bytes.fromhex(head["digest"]),
        None if head["submission"] is None else UUID(head["submission"]),
        head["newest"],
        head["refused_names"],
    )
    return Record(batch, head["arrived"], head["report"])


def _more_again(more: Sequence[Any]) -> More:
    weight, kind, aggregates, reading = more
    counter = None if reading is None else Counter(bytes.fromhex(reading[0]), *reading[1:])
    return More(weight, kind, aggregates.encode(), counter)
