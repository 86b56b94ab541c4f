"""InfluxDB's line protocol, as Telegraf and InfluxDB's clients write it: one point after the other.

``measurement,tag=value field=1.5,other=2i,text="…" 1700000000000000000``. A point is a sample and counts as no event.
Its numbers are measurements; its tags, texts and booleans are metadata. A point of a time is known by its text.

A text in quotes may hold newlines, so lines are found by reading them and not by splitting.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from db.rows import MAX_MEASUREMENTS, SAMPLE, InvalidEventError
from metrics_dash.ingest.event import MAX_EVENT_BYTES, Event, MalformedEvent
from metrics_dash.ingest.formats.moments import from_epoch
from metrics_dash.ingest.formats.names import named
from metrics_dash.ingest.formats.properties import LONGEST_TEXT
from metrics_dash.ingest.formats.reading import MalformedBodyError, Work, bounded
from metrics_dash.ingest.pieces import Decoded

# Nanoseconds of the units that a request may give its times in: of both versions of the API.
UNITS: Mapping[str, int] = {
    "": 1, "n": 1, "ns": 1, "u": 10**3, "us": 10**3, "µ": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9,
    "h": 3600 * 10**9,
}  # fmt: skip

_WORD = rb"(?:[^,= \r\n\\]|\\[^\r\n])++"
_TAG = rb",(" + _WORD + rb")=(" + _WORD + rb")"
_VALUE = rb'"(?:[^"\\]|\\.)*+"|[^," \r\n]++'
_FIELD = rb"(" + _WORD + rb")=(" + _VALUE + rb")"
_LINE = re.compile(
    rb"((?:[^, \r\n\\]|\\[^\r\n])++)((?:" + _TAG + rb")*+) +(" + _FIELD + rb"(?:," + _FIELD + rb")*+)"
    rb"(?: +(-?\d{1,20}))? *(?:\r?\n|\r?\Z)",
    re.DOTALL,
)
_TAGS, _FIELDS = re.compile(_TAG, re.DOTALL), re.compile(_FIELD, re.DOTALL)
_ESCAPED, _ESCAPED_TEXT = re.compile(rb"\\([,= ])"), re.compile(rb'\\(["\\])')
# All that stand together: one by one, a body of nothing else would take a minute, and be no work of any event.
_BLANK = re.compile(rb"(?:[ \t\r\n]++|#[^\n]*+)++")
_INTEGER = re.compile(r"-?\d{1,20}[iu]", re.ASCII)
_FLOAT = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_BOOLEANS = {**dict.fromkeys(("t", "T", "true", "True", "TRUE"), True),
             **dict.fromkeys(("f", "F", "false", "False", "FALSE"), False)}  # fmt: skip
# Groups of a line: its measurement, its tags, its fields, its time.
_MEASUREMENT, _OF_TAGS, _OF_FIELDS, _TIME = 1, 2, 5, 10


def unit(precision: str) -> int:
    """Return the nanoseconds of a unit of time. Raises ``MalformedBodyError`` for one that there is not."""
    if precision not in UNITS:
        raise MalformedBodyError(f"precision is not one of {', '.join(filter(None, UNITS))}")
    return UNITS[precision]


def decode(body: bytearray, work: Work, nanoseconds: int = 1) -> Iterator[Decoded]:
    """Yield the points of a body whose times are in units of so many nanoseconds. Raises ``OversizedBodyError``."""
    return bounded(_points(body, nanoseconds), work)


def _points(body: bytearray, nanoseconds: int) -> Iterator[Decoded]:
    at, number = 0, 1
    while at < len(body):
        if blank := _BLANK.match(body, at):
            number += body.count(b"\n", at, blank.end())
            at = blank.end()
            continue
        line = _LINE.match(body, at, min(len(body), at + MAX_EVENT_BYTES))
        if line is None or (line.end() == at + MAX_EVENT_BYTES and line[0][-1:] != b"\n"):
            end = body.find(b"\n", at)
            end = len(body) if end < 0 else end + 1
            yield MalformedEvent(f"line {number} is not of the line protocol"), end - at
        else:
            end = line.end()
            yield from _events(line, nanoseconds, end - at)
        number += body.count(b"\n", at, end)
        at = end


def _events(line: re.Match[bytes], nanoseconds: int, length: int) -> Iterator[Decoded]:
    try:
        events = _read(line, nanoseconds)
    except InvalidEventError as error:
        yield MalformedEvent(str(error)), length
        return
    for event in events:
        yield event, length // len(events)


def _read(line: re.Match[bytes], nanoseconds: int) -> list[Event]:
    """Return a point as events: several where it has more fields than one may have."""
    metadata: dict[str, object] = {_plain(key): _plain(value) for key, value in _TAGS.findall(line[_OF_TAGS])}
    numbers: dict[str, float] = {}
    for key, value in _FIELDS.findall(line[_OF_FIELDS]):
        read = _value(value)
        if isinstance(read, bool | str):
            metadata[_plain(key)] = read
        else:
            numbers[_plain(key)] = read
    name = named(_plain(line[_MEASUREMENT]), metadata)
    at = _moment(line[_TIME], nanoseconds)
    parts = [*_parts(list(numbers.items()))] or [{}]
    known = None if at is None else line[0].decode(errors="surrogateescape").strip()
    return [
        Event(name, part, metadata, at, None if known is None else f"{number} {known}", kind=SAMPLE)
        for number, part in enumerate(parts)
    ]


def _parts(numbers: list[tuple[str, float]]) -> Iterator[dict[str, float]]:
    for start in range(0, len(numbers), MAX_MEASUREMENTS):
        yield dict(numbers[start : start + MAX_MEASUREMENTS])


def _moment(text: bytes | None, nanoseconds: int) -> datetime | None:
    return None if text is None else from_epoch(int(text) * nanoseconds)


def _value(text: bytes) -> float | bool | str:
    if text[:1] == b'"':
        return _ESCAPED_TEXT.sub(rb"\1", text[1:-1]).decode(errors="replace")[:LONGEST_TEXT]
    value = text.decode(errors="replace")
    if value in _BOOLEANS:
        return _BOOLEANS[value]
    if _INTEGER.fullmatch(value):
        return int(value[:-1])
    if _FLOAT.fullmatch(value):
        return float(value)
    raise InvalidEventError(f"{value[:80]!a} is no value of a field")


def _plain(text: bytes) -> str:
    return _ESCAPED.sub(rb"\1", text).decode(errors="replace")
