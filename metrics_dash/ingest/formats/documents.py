"""JSON taken apart by its text: elements of an array and members of an object, each decoded when its turn comes.

Never all at once: a decoded value takes many times its text. What can be in memory is one value of bounded text,
whatever the body holds.
"""

import json
import re
from collections.abc import Collection, Generator, Iterator

import orjson

from metrics_dash.ingest.event import MAX_EVENT_BYTES, MalformedEvent
from metrics_dash.ingest.formats.reading import STRIDE, MalformedBodyError, OversizedBodyError, Work
from metrics_dash.ingest.pieces import Decoded

TOO_LONG = f"is longer than {MAX_EVENT_BYTES // (1024 * 1024)} MiB, as no event is"

_TEXT = rb'"[^"\\]*(?:\\.[^"\\]*)*"'
_FLAT = rb'\{[^{}"]*(?:' + _TEXT + rb'[^{}"]*)*\}'
# An object of objects, as an event is, or a scalar; what is deeper is measured by its brackets.
_VALUE = re.compile(
    rb'\{[^{}"]*(?:(?:' + _TEXT + rb"|" + _FLAT + rb')[^{}"]*)*\}|' + _TEXT + rb'|[^][{}",\s]+', re.DOTALL
)
# A text that never ends is one, too: else every quote in it would be tried as the beginning of another.
_BRACKET = re.compile(_TEXT + rb"?|[][{}]", re.DOTALL)
_DEEPER = {b"[": 1, b"{": 1, b"]": -1, b"}": -1}
_KEY = re.compile(rb'"([^"\\]*(?:\\.[^"\\]*)*)"[ \t\r\n]*:[ \t\r\n]*', re.DOTALL)
_SPACE = re.compile(rb"[ \t\r\n]*")


def items(body: bytearray, name: str) -> Iterator[Decoded]:
    """Yield the elements of an array, or of the array that an object has as ``name``, or the object that has none.

    Raises ``MalformedBodyError`` for nothing at all and for what is not JSON.
    """
    start = skip_space(body, 0)
    opening = body[start : start + 1]
    if opening == b"[":
        check_end(body, (yield from elements(body, start)))
    elif opening == b"{":
        yield from _members(body, start, name.encode())
    else:
        raise _not_json("expected { or [", body, start)


def elements(body: bytearray, start: int) -> Generator[Decoded, None, int]:
    """Yield the elements of the array that begins there; return where it ends."""
    at = skip_space(body, start + 1)
    closed = body[at : at + 1] == b"]"
    while not closed:
        end = _end_of_value(body, at)
        yield _element(body, at, end), end - at
        at, closed = _next(body, end, b"]")
    return at + 1


def _element(body: bytearray, start: int, end: int) -> object:
    """Decode an element of an array. Where only what it holds can't be read (1e400, NaN, half of a surrogate pair),
    it alone is refused: the others are none the worse for it.
    """
    # No name outlives its block: an error that its own frame holds is a circle, and would keep the whole body.
    try:
        return orjson.loads(body[start:end])
    except orjson.JSONDecodeError as error:
        if not _is_json(body[start:end]):
            raise _not_json(error.msg, body, start + error.pos) from None
        return MalformedEvent(f"the event can't be read: {error.msg}")


def _is_json(text: bytearray) -> bool:
    """Return whether a lenient reader could read it."""
    try:
        json.loads(text, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return False
    return True


def check_end(body: bytearray, at: int, what: str = "array") -> None:
    """Raise ``MalformedBodyError`` where anything follows."""
    if skip_space(body, at) != len(body):
        raise _not_json(f"something follows the {what}", body, at)


def text_of(body: bytearray, names: Collection[bytes], work: Work) -> str | None:
    """Return the text that an object has under one of ``names``, the first; None where it has none.

    What else the object holds is passed over and not decoded. Raises ``BodyError``.
    """
    start = skip_space(body, 0)
    if body[start : start + 1] != b"{":
        return None
    at = skip_space(body, start + 1)
    closed = body[at : at + 1] == b"}"
    while not closed:
        key, at = _key(body, at)
        end = _end_of_array(body, at, work) if body[at : at + 1] == b"[" else _end_of_value(body, at)
        if key in names and isinstance(text := loads(body, at, end), str):
            return text
        work()
        at, closed = _next(body, end, b"}")
    return None


def _end_of_array(body: bytearray, start: int, work: Work) -> int:
    """Return where the array ends that begins there, without decoding what is in it."""
    at = skip_space(body, start + 1)
    closed = body[at : at + 1] == b"]"
    number = 0
    while not closed:
        if number % STRIDE == 0:
            work()
        number += 1
        at, closed = _next(body, _end_of_value(body, at), b"]")
    return at + 1


def _members(body: bytearray, start: int, name: bytes) -> Iterator[Decoded]:
    at = skip_space(body, start + 1)
    closed, found = body[at : at + 1] == b"}", False
    while not closed:
        key, at = _key(body, at)
        if key == name and body[at : at + 1] == b"[":
            found = True
            end = yield from elements(body, at)
        else:
            end = _end_of_value(body, at)
            loads(body, at, end)
        at, closed = _next(body, end, b"}")
    check_end(body, at + 1, "object")
    if not found:
        if at - start >= MAX_EVENT_BYTES:
            raise OversizedBodyError(f"the event {TOO_LONG}")
        yield loads(body, start, at + 1), at + 1 - start


def _key(body: bytearray, at: int) -> tuple[bytes, int]:
    """Return a member's key as it stands there, and where its value begins."""
    key = _KEY.match(body, at)
    if key is None:
        raise _not_json("expected a key", body, at)
    return key[1], key.end()


def _next(body: bytearray, end: int, closing: bytes) -> tuple[int, bool]:
    """Return where the next value begins, or the bracket that closes, and whether it is that."""
    at = skip_space(body, end)
    after = body[at : at + 1]
    if after == closing:
        return at, True
    if after != b",":
        raise _not_json(f"expected , or {closing.decode()}", body, at)
    return skip_space(body, at + 1), False


def _end_of_value(body: bytearray, at: int) -> int:
    """Return where the value ends that begins at ``at``. Raises ``OversizedBodyError`` where that is too far to be an
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
    raise OversizedBodyError(f"an event of the array {TOO_LONG}")


def skip_space(body: bytearray, at: int) -> int:
    """Return where something else than white space stands, from there on."""
    space = _SPACE.match(body, at)
    return space.end() if space else at


def loads(body: bytearray, start: int, end: int) -> object:
    """Decode what stands between. Raises ``MalformedBodyError`` with the line and column of what is wrong."""
    try:
        return orjson.loads(body[start:end])
    except orjson.JSONDecodeError as error:
        raise _not_json(error.msg, body, start + error.pos) from None


def _not_json(message: str, body: bytearray, at: int) -> MalformedBodyError:
    line, column = body.count(b"\n", 0, at) + 1, at - body.rfind(b"\n", 0, at)
    return MalformedBodyError(f"the body is not JSON: {message}: line {line} column {column}")
