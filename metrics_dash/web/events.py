"""The events in a request's body, decoded one after the other: of one object, of an array, or of each line.

Never all at once: a decoded event takes many times its text, and is dropped as soon as it is checked. What can be in
memory is one event of bounded text, whatever the body holds.
"""

import json
import re
from collections.abc import Iterator

import orjson

from metrics_dash.ingest.event import MAX_EVENT_BYTES, MalformedEvent
from metrics_dash.ingest.pieces import Decoded
from metrics_dash.web.body import MAX_EVENTS, too_many
from metrics_dash.web.budget import MIB, Share
from metrics_dash.web.problems import ProblemError

NDJSON_TYPES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"})
# Types under which JSON is sent; whether it is one document or lines shows in the body. "" is no type at all.
SNIFFED_TYPES = frozenset({"", "application/json", "text/json", "text/plain", "application/octet-stream",
                           "application/x-www-form-urlencoded"})  # fmt: skip
# Work is accounted for once in so many events, and their number looked at: a part of the most that there may be.
_STRIDE = MAX_EVENTS // 1000
_BLOCK_BYTES = 64 * 1024

_TEXT = rb'"[^"\\]*(?:\\.[^"\\]*)*"'
_FLAT = rb'\{[^{}"]*(?:' + _TEXT + rb'[^{}"]*)*\}'
# An object of objects, as an event is, or a scalar; what is deeper is measured by its brackets.
_VALUE = re.compile(
    rb'\{[^{}"]*(?:(?:' + _TEXT + rb"|" + _FLAT + rb')[^{}"]*)*\}|' + _TEXT + rb'|[^][{}",\s]+', re.DOTALL
)
# A text that never ends is one, too: else every quote in it would be tried as the beginning of another.
_BRACKET = re.compile(_TEXT + rb"?|[][{}]", re.DOTALL)
_DEEPER = {b"[": 1, b"{": 1, b"]": -1, b"}": -1}
_SPACE = re.compile(rb"[ \t\r\n]*")
_TOO_LONG = f"is longer than {MAX_EVENT_BYTES // MIB} MiB, as no event is"


def check_type(content_type: str) -> bool:
    """Return whether the type says that each line is an event. Raises ``ProblemError`` 415 for one that is not JSON."""
    if content_type in NDJSON_TYPES:
        return True
    if content_type not in SNIFFED_TYPES:
        raise ProblemError(415, f"Content-Type {content_type!r} is not supported; send application/json or x-ndjson")
    return False


def are_lines(body: bytearray) -> bool:
    """Return whether more follows a first line that is an object by itself, as in NDJSON and never in one document."""
    start = _skip(body, 0)
    end = body.find(b"\n", start)
    if end < 0 or end - start > MAX_EVENT_BYTES or body[start : start + 1] != b"{":
        return False
    try:
        orjson.loads(body[start:end])
    except orjson.JSONDecodeError:
        return False
    return True


def decode(body: bytearray, *, lines: bool, share: Share) -> Iterator[Decoded]:
    """Yield each event, or a ``MalformedEvent`` in its place, and the bytes that it took.

    Raises ``ProblemError``: 400 for nothing at all, for a document that is not JSON and for lines none of which is, 413
    for too many events, 503 where all requests together take too long.
    """
    for number, event in enumerate(_lines(body) if lines else _document(body)):
        if number % _STRIDE == 0:
            share.work()
            if number >= MAX_EVENTS:
                raise too_many("events")
        yield event


def _lines(body: bytearray) -> Iterator[Decoded]:
    # Blank ones count here: they cost as much to look at.
    if body.count(b"\n") > MAX_EVENTS:
        raise too_many("lines")
    first_bad, any_good = None, False
    number = 0
    for start, end in _blocks_of_lines(body):
        if end - start > MAX_EVENT_BYTES:
            number += 1
            yield MalformedEvent(f"line {number} {_TOO_LONG}"), end - start
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
        raise ProblemError(400, first_bad.reason if first_bad else "the body is empty; send one event a line")


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
    start = _skip(body, 0)
    if start == len(body):
        raise ProblemError(400, "the body is empty; send an event, an array of events, or one event a line")
    if body[start : start + 1] == b"[":
        yield from _elements(body, start)
        return
    length = len(body) - start
    if length > MAX_EVENT_BYTES:
        raise ProblemError(413, f"the event {_TOO_LONG}")
    yield _loads(body, start, len(body)), length


def _elements(body: bytearray, start: int) -> Iterator[Decoded]:
    """Yield the elements of the array that begins there and must end with the body."""
    at = _skip(body, start + 1)
    closed = body[at : at + 1] == b"]"
    while not closed:
        end = _end_of_value(body, at)
        yield _element(body, at, end), end - at
        at = _skip(body, end)
        after = body[at : at + 1]
        closed = after == b"]"
        if not closed:
            if after != b",":
                raise _not_json("expected , or ]", body, at)
            at = _skip(body, at + 1)
    if _skip(body, at + 1) != len(body):
        raise _not_json("something follows the array", body, at + 1)


def _element(body: bytearray, start: int, end: int) -> object:
    """Decode an element of an array. Where only what it holds can't be read (1e400, NaN, half of a surrogate pair),
    it alone is refused: the others are none the worse for it.
    """
    text = body[start:end]
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        why = error
    try:
        json.loads(text, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        raise _not_json(why.msg, body, start + why.pos) from None
    return MalformedEvent(f"the event can't be read: {why.msg}")


def _end_of_value(body: bytearray, at: int) -> int:
    """Return where the value ends that begins at ``at``. Raises ``ProblemError`` where that is too far to be an
    event."""
    limit = min(len(body), at + MAX_EVENT_BYTES)
    value = _VALUE.match(body, at, limit)
    if value is not None:
        return value.end()
    depth = 0
    for bracket in _BRACKET.finditer(body, at, limit):
        depth += _DEEPER.get(bracket[0], 0)
        if depth <= 0:
            return bracket.end()
    if limit == len(body):
        raise _not_json("it ends within an event", body, limit)
    raise ProblemError(413, f"an event of the array {_TOO_LONG}")


def _skip(body: bytearray, at: int) -> int:
    space = _SPACE.match(body, at)
    return space.end() if space else at


def _loads(body: bytearray, start: int, end: int) -> object:
    try:
        return orjson.loads(body[start:end])
    except orjson.JSONDecodeError as error:
        raise _not_json(error.msg, body, start + error.pos) from None


def _not_json(message: str, body: bytearray, at: int) -> ProblemError:
    line, column = body.count(b"\n", 0, at) + 1, at - body.rfind(b"\n", 0, at)
    return ProblemError(400, f"the body is not JSON: {message}: line {line} column {column}")
