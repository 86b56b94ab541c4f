"""Moments that a time axis may have a tick at, and which of their labels have room side by side.

Where the figure leaves ticks to Plotly, they are chosen here as plotly.js does it (``autoTicks`` in
plots/cartesian/axes.js), so that the server knows what will stand there.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from layouts.figure.room import MARGIN_RIGHT, plot_width

_LABEL_ROOM, _FEWEST, _MOST = 80, 4, 9
_MINUTE, _HOUR, _DAY = 60_000, 3_600_000, 86_400_000
# The first Sunday and the first moment from which plotly.js counts; ms.
_SUNDAY, _EPOCH = 946_771_200_000, 946_684_800_000
_ROUND: Sequence[tuple[int, Sequence[int]]] = (
    (_DAY, (1, 2, 3, 7, 14)),
    (_HOUR, (1, 2, 3, 6, 12)),
    (_MINUTE, (1, 2, 5, 10, 15, 30)),
    (1000, (1, 2, 5, 10, 15, 30)),
)
_STEPS = sorted(unit * factor for unit, factors in _ROUND for factor in factors)
_START = datetime(1970, 1, 1, tzinfo=UTC)
# How wide the characters of a label are at most, px: among the fonts that a page may have (layouts/theme.py), of the
# widest. Between two labels there is at least a blank.
_WIDTHS = {" ": 3.6, ":": 3.8, "W": 11.0, "M": 9.6, "N": 8.4, "D": 8.6, "m": 10.8, **dict.fromkeys("ijlrt", 4.6)}
_WIDEST, _BETWEEN = 7.2, 3.0


@dataclass(frozen=True, slots=True)
class TimeTick:
    """A tick: where it lies, 0 to 1 from the axis' begin, what Plotly calls that place, its label, and what stands
    below that, whole and shortened."""

    at: float
    value: str
    label: str
    below: str = ""
    shorter: str = ""


def tick_at(at: float, value: str, local: datetime, step: timedelta) -> TimeTick:
    """Return a tick with the words that ``TICK_FORMATS`` has for ticks which lie ``step`` apart."""
    if step >= timedelta(days=1):
        return TimeTick(at, value, f"{local:%a} {local.day}", f"{local:%b %Y}", f"{local:%b}")
    day = f"{local.day} {local:%b}"
    return TimeTick(at, value, f"{local:%H:%M}", f"{local:%a} {day}", day)


def said_once(ticks: Sequence[TimeTick]) -> list[TimeTick]:
    """Return ticks that say what stands below them only where it changes."""
    before = ["", *(tick.below for tick in ticks)]
    return [
        replace(tick, below="", shorter="") if tick.below == last else tick
        for tick, last in zip(ticks, before, strict=False)
    ]


# As Plotly places them


def plain_ticks(start: datetime, length: timedelta, width: int, coarser: int = 0) -> list[TimeTick]:
    """Return Plotly's own ticks of an axis that begins at ``start`` by its clock, in a graph of ``width`` px; or those
    of so many steps coarser."""
    first, span = _milliseconds(start), length / timedelta(milliseconds=1)
    step = _STEPS[min(_STEPS.index(_time_step(span, width)) + coarser, len(_STEPS) - 1)]
    zero = _SUNDAY if step >= _DAY else _EPOCH
    begin = zero + math.ceil((first - zero) / step) * step
    moments = [
        _START + timedelta(milliseconds=begin + number * step)
        for number in range(int((first + span - begin) // step) + 1)
    ]
    apart = timedelta(milliseconds=step)
    return [tick_at((each - start) / length, f"{each:%Y-%m-%d %H:%M:%S}", each, apart) for each in moments]


def coarser_ticks(start: datetime, length: timedelta, width: int) -> Iterator[list[TimeTick]]:
    """Yield such ticks, ever further apart."""
    for coarser in range(len(_STEPS) - _STEPS.index(_time_step(length / timedelta(milliseconds=1), width))):
        yield plain_ticks(start, length, width, coarser)


def _time_step(span: float, width: int) -> int:
    """Return the distance of ticks, ms."""
    rough = span / (min(max(plot_width(width) / _LABEL_ROOM, _FEWEST), _MOST) + 1)
    unit, factors = next((each for each in _ROUND if 2 * rough > each[0]), _ROUND[-1])
    return unit * next((factor for factor in factors if rough / unit < factor), factors[-1])


def _milliseconds(moment: datetime) -> int:
    return (moment - _START) // timedelta(milliseconds=1)


# Room


def text_width(text: str) -> float:
    """Return how wide a label may be, px."""
    return sum(_WIDTHS.get(each, _WIDEST) for each in text)


def are_apart(ticks: Sequence[TimeTick], room: int) -> bool:
    """Return whether no label of an axis of ``room`` px runs into the next, as they stand, or out of its graph."""
    return _labels_are_apart(ticks, room) and _have_room([(tick.at, tick.below) for tick in ticks if tick.below], room)


def fitting(choices: Iterator[list[TimeTick]], room: int) -> list[TimeTick]:
    """Return the first of ``choices`` whose labels have room; what stands below them is shortened where it has none, or
    left out where the next one says more."""
    for chosen in choices:
        if _labels_are_apart(chosen, room):
            break
    ticks = said_once(chosen)
    if are_apart(ticks, room):
        return ticks
    shortened = [replace(tick, below=tick.shorter) for tick in ticks]
    return shortened if are_apart(shortened, room) else _without_crowded(ticks, room)


def _without_crowded(ticks: Sequence[TimeTick], room: int) -> list[TimeTick]:
    kept: list[TimeTick] = []
    following: list[tuple[float, str]] = []
    for tick in reversed(ticks):
        present = (tick.at, tick.below)
        if tick.below and _have_room([present, *following], room):
            following = [present]
        elif tick.below:
            tick = replace(tick, below="")
        kept.append(tick)
    return kept[::-1]


def _labels_are_apart(ticks: Sequence[TimeTick], room: int) -> bool:
    return _are_apart([(tick.at, tick.label) for tick in ticks], room)


def _have_room(below: Sequence[tuple[float, str]], room: int) -> bool:
    """Return whether what stands below labels is apart, and ends within the graph: Plotly hides the whole of a label
    that does not."""
    end = room + MARGIN_RIGHT
    return _are_apart(below, room) and all(at * room + text_width(text) / 2 <= end for at, text in below)


def _are_apart(labels: Sequence[tuple[float, str]], room: int) -> bool:
    return all(
        (text_width(text) + text_width(following)) / 2 + _BETWEEN <= (then - at) * room
        for (at, text), (then, following) in pairwise(labels)
    )
