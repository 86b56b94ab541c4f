"""A request's body, read and decoded within bounds: pure functions over bytes.

Limits: 1 MiB compressed, 20 MiB inflated (or sent plainly), 250,000 events.
"""

import zlib
from collections.abc import Iterator
from itertools import islice
from typing import IO

import orjson

from metrics_dash.web.problems import ProblemError

MIB = 1024 * 1024
MAX_COMPRESSED = 1 * MIB
MAX_INFLATED = 20 * MIB
# Events of some meaning are larger than 20 MiB shared out among so many. What is smaller is made to be costly: each is
# refused with a sentence of its own, and ten million of those fill the memory of the server.
MAX_EVENTS = 250_000
# A member of gzip is found at the end of the one before, so what follows it is looked at in pieces and not as a whole.
_PIECE = 16 * 1024

NDJSON_TYPES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"})
# Types under which JSON is sent; whether it is one document or lines shows in the body. "" is no type at all.
SNIFFED_TYPES = frozenset({"", "application/json", "text/json", "text/plain", "application/octet-stream",
                           "application/x-www-form-urlencoded"})  # fmt: skip
_GZIP_OR_PLAIN = "send it plainly or with Content-Encoding: gzip"


class Malformed:
    """A line that is not JSON. It stands in the place of the event and is rejected with ``reason``."""

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        self.reason = reason


def read(stream: IO[bytes], length: int | None, encoding: str) -> bytes:
    """The whole body, inflated. ``length`` is what the sender announced. Raises ``ProblemError`` (413, 415, 400)."""
    if encoding not in ("", "identity", "gzip", "x-gzip"):
        raise ProblemError(415, f"Content-Encoding {encoding!r} is not supported; {_GZIP_OR_PLAIN}")
    compressed = encoding.endswith("gzip")
    limit = MAX_COMPRESSED if compressed else MAX_INFLATED
    if length is not None and length > limit:
        raise _too_large(compressed)
    raw = stream.read(limit + 1)
    if len(raw) > limit:
        raise _too_large(compressed)
    return inflate(raw) if compressed else raw


def inflate(raw: bytes, limit: int = MAX_INFLATED) -> bytes:
    """Decompress gzip, of any number of members, up to ``limit`` bytes. Raises ``ProblemError``."""
    view, at = memoryview(raw), 0
    parts: list[bytes] = []
    room = limit
    while at < len(view):
        member = zlib.decompressobj(wbits=31)
        while not member.eof:
            piece = view[at : at + _PIECE]
            if not piece:
                raise ProblemError(400, "the gzip body is cut off")
            try:
                part = member.decompress(piece, room + 1)
            except zlib.error:
                raise ProblemError(400, "the body is not gzip, although Content-Encoding says so") from None
            room -= len(part)
            if room < 0:
                raise ProblemError(413, f"the body inflates to more than {limit // MIB} MiB; send smaller batches")
            parts.append(part)
            at += len(piece) - len(member.unused_data)
        while at < len(view) and not view[at]:
            at += 1  # zeros may pad what stands between members
    return b"".join(parts)


def _too_large(compressed: bool) -> ProblemError:
    if compressed:
        return ProblemError(
            413, f"the compressed body is larger than {MAX_COMPRESSED // MIB} MiB; send smaller batches"
        )
    return ProblemError(413, f"the body is larger than {MAX_INFLATED // MIB} MiB; send smaller batches, or gzip them")


def decode(body: bytes, content_type: str) -> list[object]:
    """The decoded events: of one object, of an array, or of each line that is not blank.

    A line of NDJSON that is not JSON comes back as ``Malformed``. Raises ``ProblemError``: 415 for another type, 400
    for nothing at all or a document that is not JSON.
    """
    if content_type in NDJSON_TYPES:
        return _lines(body)
    if content_type not in SNIFFED_TYPES:
        raise ProblemError(415, f"Content-Type {content_type!r} is not supported; send application/json or x-ndjson")
    body = body.strip()
    if not body:
        raise ProblemError(400, "the body is empty; send an event, an array of events, or one event a line")
    if body.startswith(b"{") and _first_line_is_whole(body):
        return _lines(body)
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ProblemError(400, f"the body is not JSON: {error}") from None
    return _not_too_many(document) if isinstance(document, list) else [document]


def _first_line_is_whole(body: bytes) -> bool:
    """Whether more follows a first line that is JSON by itself, as in NDJSON and never in one document."""
    first, newline, _ = body.partition(b"\n")
    if not newline:
        return False
    try:
        orjson.loads(first)
    except orjson.JSONDecodeError:
        return False
    return True


def _lines(body: bytes) -> list[object]:
    events = _not_too_many(list(islice(_each_line(body), MAX_EVENTS + 1)))
    if not events:
        raise ProblemError(400, "the body is empty; send one event a line")
    if all(isinstance(event, Malformed) for event in events):
        first = events[0]
        assert isinstance(first, Malformed)
        raise ProblemError(400, first.reason)
    return events


def _not_too_many(events: list[object]) -> list[object]:
    if len(events) > MAX_EVENTS:
        raise ProblemError(413, f"the body holds more than {MAX_EVENTS:,} events; send smaller batches")
    return events


def _each_line(body: bytes) -> Iterator[object]:
    loads = orjson.loads
    for number, line in enumerate(body.split(b"\n"), start=1):
        try:
            yield loads(line)
        except orjson.JSONDecodeError as error:
            if line.strip():
                yield Malformed(f"line {number} is not JSON: {error}")
