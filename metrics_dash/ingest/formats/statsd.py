"""StatsD and DogStatsD: lines of a datagram, ``name:value|type|@rate|#tag:value``.

Counters are deltas, gauges samples, timings (in milliseconds), histograms and distributions events of a number, members
of a set events. One that is sent at a rate of 0.1 weighs ten. Tags become metadata, whatever their order and case.
"""

import math
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from fractions import Fraction
from typing import NamedTuple

from db.rows import DELTA, MAX_WEIGHT, SAMPLE, InvalidEventError, quote
from metrics_dash.ingest.event import Event, MalformedEvent
from metrics_dash.ingest.formats.moments import from_epoch
from metrics_dash.ingest.formats.names import named
from metrics_dash.ingest.formats.properties import LONGEST_TEXT

# What DogStatsD's clients say about themselves.
OWN_TELEMETRY = "datadog.dogstatsd.client."
# Rates, and gauges that are changed by what is sent, of which the last state is kept.
REMEMBERED = 10_000

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_EVENT = re.compile(r"_e\{(\d{1,5}),(\d{1,5})\}:")
_MEASUREMENT = {"c": "value", "g": "value", "ms": "duration_ms", "h": "value", "d": "value"}
_NAMED_IN_AN_EVENT = {"h": "host", "k": "aggregation_key", "p": "priority", "s": "source_type", "t": "alert_type"}


class Note(NamedTuple):
    """What a sender says of a moment, to be seen beside the charts. ``occurred_at``: None is now."""

    title: str
    text: str
    tags: tuple[str, ...]
    source: str
    occurred_at: datetime | None = None


Read = Event | MalformedEvent | Note


class Memory:
    """What has to be remembered from line to line.

    Weights are whole numbers, and what a rate leaves over is added to the next: at 0.3 they are 3, 3 and 4 in turn, so
    that no count is off by more than one. A gauge that is sent as ``+1`` or ``-1`` changes the one that there was.
    """

    def __init__(self) -> None:
        self._left: dict[str, Fraction] = {}
        self._gauges: dict[object, float] = {}

    def weight(self, rate: str) -> int:
        """Return what the next line of a rate weighs. Raises ``InvalidEventError``."""
        if not _NUMBER.fullmatch(rate) or len(rate) > 30 or not 1 / MAX_WEIGHT < float(rate) <= 1:
            raise InvalidEventError(f"{quote(rate)} is no sample rate")
        exact = self._left.pop(rate, Fraction(0)) + 1 / Fraction(rate)
        weight = math.floor(exact)
        if len(self._left) < REMEMBERED:
            self._left[rate] = exact - weight
        return weight

    def gauge(self, series: object, value: float, *, relative: bool) -> float:
        """Return the level that a gauge is at now."""
        level = self._gauges.pop(series, 0.0) + value if relative else value
        while len(self._gauges) >= REMEMBERED:
            self._gauges.pop(next(iter(self._gauges)))
        self._gauges[series] = level
        return level


def decode(datagram: bytes, memory: Memory) -> Iterator[Read]:
    """Yield what the lines of a datagram say, each on its own. Raises nothing."""
    for line in datagram.split(b"\n"):
        if text := line.decode(errors="replace").strip("\r\0 "):
            try:
                yield from _read(text, memory)
            except (InvalidEventError, OverflowError) as error:
                yield MalformedEvent(str(error))


def _read(line: str, memory: Memory) -> Iterator[Read]:
    if line.startswith("_e{"):
        yield _note(line)
    elif line.startswith("_sc|"):
        yield _check(line)
    elif not line.startswith(OWN_TELEMETRY):
        yield from _metric(line, memory)


def _metric(line: str, memory: Memory) -> Iterator[Event]:
    head, *sections = line.split("|")
    name, colon, values = head.partition(":")
    if not name or not colon or not sections:
        raise InvalidEventError(f"{quote(line)} is not name:value|type")
    kind, said = sections[0], _sections(sections[1:])
    metadata = _tags(said.get("#", ""))
    at = from_epoch(_integer(said["T"]) * 10**9) if "T" in said else None
    event = named(name, metadata)
    for value in [values] if kind == "s" else values.split(":"):
        yield _event(event, kind, value, memory, metadata, at, said.get("@", "1"))


def _event(
    name: str, kind: str, text: str, memory: Memory, metadata: dict[str, object], at: datetime | None, rate: str
) -> Event:
    if kind == "s":
        return Event(name, {}, {**metadata, "member": text[:LONGEST_TEXT]}, at)
    if kind not in _MEASUREMENT:
        raise InvalidEventError(f"{quote(kind)} is not one of c, g, ms, h, d, s")
    value = _number(text)
    if kind == "g":
        value = memory.gauge((name, *sorted(map(str, metadata.items()))), value, relative=text[0] in "+-")
        return Event(name, {"value": value}, metadata, at, kind=SAMPLE)
    measured = {_MEASUREMENT[kind]: value}
    weight = memory.weight(rate)
    return (
        Event(name, measured, metadata, at, None, weight, DELTA)
        if kind == "c"
        else Event(name, measured, metadata, at, None, weight)
    )


def _sections(sections: list[str]) -> Mapping[str, str]:
    """Return what follows a type by its mark: ``@``, ``#``, ``T``; others (``c:``, ``e:``) are left out."""
    return {section[0]: section[1:] for section in sections if section[:1] in ("@", "#", "T")}


def _tags(text: str) -> dict[str, object]:
    """Return tags as metadata, in one order and case, so that what is one series stays one. One without a value is
    true."""
    found: dict[str, object] = {}
    for tag in sorted(filter(None, text.lower().split(","))):
        key, colon, value = tag.partition(":")
        found[key] = value[:LONGEST_TEXT] if colon else True
    return found


def _check(line: str) -> Event:
    """Return a service check as a sample of its status: 0 is well, 1 a warning, 2 critical, 3 unknown."""
    parts = line.split("|")
    if len(parts) < 3 or parts[2] not in ("0", "1", "2", "3"):
        raise InvalidEventError(f"{quote(line)} is no service check")
    said = {part[0]: part[1:] for part in parts[3:] if part[:1] in ("#", "d", "h")}
    metadata = _tags(said.get("#", ""))
    at = from_epoch(_integer(said["d"].removeprefix(":")) * 10**9) if "d" in said else None
    return Event(named(parts[1], metadata), {"status": int(parts[2])}, metadata, at, kind=SAMPLE)


def _note(line: str) -> Note:
    head = _EVENT.match(line)
    if head is None:
        raise InvalidEventError(f"{quote(line)} is no event")
    raw = line[head.end() :].encode()
    title, text = int(head[1]), int(head[2])
    # Lengths are bytes of UTF-8.
    if len(raw) < title + 1 + text or raw[title : title + 1] != b"|":
        raise InvalidEventError(f"{quote(line)} is shorter than it says")
    rest = raw[title + 1 + text :].decode(errors="replace").split("|")[1:]
    said = {key: value for key, colon, value in (part.partition(":") for part in rest if part[:1] != "#") if colon}
    tags = next((part[1:] for part in rest if part[:1] == "#"), "")
    named_ones = [f"{name}:{said[key]}" for key, name in _NAMED_IN_AN_EVENT.items() if key in said]
    return Note(
        raw[:title].decode(errors="replace"),
        raw[title + 1 : title + 1 + text].decode(errors="replace").replace("\\n", "\n"),
        (*named_ones, *filter(None, tags.split(","))),
        "dogstatsd",
        from_epoch(_integer(said["d"]) * 10**9) if "d" in said else None,
    )


def _number(text: str) -> float:
    if not _NUMBER.fullmatch(text) or len(text) > 400:
        raise InvalidEventError(f"{quote(text)} is not a number")
    return float(text)


def _integer(text: str) -> int:
    if not re.fullmatch(r"-?\d{1,15}", text, re.ASCII):
        raise InvalidEventError(f"{quote(text)} is no time in seconds")
    return int(text)
