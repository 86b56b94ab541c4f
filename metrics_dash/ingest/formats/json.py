"""This program's own events: one object, an array of them, or one on each line.

A decoded event is dropped as soon as it is checked, so what can be in memory is one of bounded text.
"""

from collections.abc import Iterator

import orjson

from metrics_dash.ingest.event import MAX_EVENT_BYTES, MalformedEvent
from metrics_dash.ingest.formats.documents import TOO_LONG, check_end, elements, loads, skip_space
from metrics_dash.ingest.formats.reading import (
    MAX_EVENTS,
    MalformedBodyError,
    OversizedBodyError,
    UnsupportedTypeError,
    Work,
    bounded,
    too_many,
)
from metrics_dash.ingest.pieces import Decoded

NDJSON_TYPES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"})
# Types under which JSON is sent; whether it is one document or lines shows in the body. "" is no type at all.
SNIFFED_TYPES = frozenset({"", "application/json", "text/json", "text/plain", "application/octet-stream",
                           "application/x-www-form-urlencoded"})  # fmt: skip
# So much of the lines is taken apart at once.
_BLOCK_BYTES = 64 * 1024


def check_type(content_type: str) -> bool:
    """Return whether the type says that each line is an event. Raises ``UnsupportedTypeError`` for one that is
    not JSON."""
    if content_type in NDJSON_TYPES:
        return True
    if content_type not in SNIFFED_TYPES:
        raise UnsupportedTypeError(f"Content-Type {content_type!r} is not supported; send application/json or x-ndjson")
    return False


def are_lines(body: bytearray) -> bool:
    """Return whether more follows a first line that is an object by itself, as in NDJSON and never in one document."""
    start = skip_space(body, 0)
    end = body.find(b"\n", start)
    if end < 0 or end - start > MAX_EVENT_BYTES or body[start : start + 1] != b"{":
        return False
    try:
        orjson.loads(body[start:end])
    except orjson.JSONDecodeError:
        return False
    return True


def decode(body: bytearray, *, lines: bool, work: Work) -> Iterator[Decoded]:
    """Yield each event, or a ``MalformedEvent`` in its place, and the bytes that it took.

    Raises ``MalformedBodyError`` for nothing at all, for a document that is not JSON and for lines none of which is,
    ``OversizedBodyError`` for too many events.
    """
    return bounded(_lines(body) if lines else _document(body), work)


def _lines(body: bytearray) -> Iterator[Decoded]:
    # Blank ones count here: they cost as much to look at.
    if body.count(b"\n") > MAX_EVENTS:
        raise too_many("lines")
    first_bad, any_good = None, False
    number = 0
    for start, end in _blocks_of_lines(body):
        if end - start > MAX_EVENT_BYTES:
            number += 1
            yield MalformedEvent(f"line {number} {TOO_LONG}"), end - start
            any_good = True
            continue
        for line in body[start:end].split(b"\n"):
            number += 1
            try:
                event: object = orjson.loads(line)
                any_good = True
            except orjson.JSONDecodeError as error:
                if not line.strip():
                    continue
                event = MalformedEvent(f"line {number} is not JSON: {error}")
                first_bad = first_bad or event
            yield event, len(line)
    if not any_good:
        raise MalformedBodyError(first_bad.reason if first_bad else "the body is empty; send one event a line")


def _blocks_of_lines(body: bytearray) -> Iterator[tuple[int, int]]:
    """Yield where some lines begin and end: one by one they take longer, and all at once a second body."""
    start = 0
    while start < len(body):
        end = body.rfind(b"\n", start, start + _BLOCK_BYTES)
        end = end if end >= 0 else body.find(b"\n", start)
        end = end if end >= 0 else len(body)
        yield start, end
        start = end + 1


def _document(body: bytearray) -> Iterator[Decoded]:
    start = skip_space(body, 0)
    if start == len(body):
        raise MalformedBodyError("the body is empty; send an event, an array of events, or one event a line")
    if body[start : start + 1] == b"[":
        check_end(body, (yield from elements(body, start)))
        return
    length = len(body) - start
    if length > MAX_EVENT_BYTES:
        raise OversizedBodyError(f"the event {TOO_LONG}")
    yield loads(body, start, len(body)), length
