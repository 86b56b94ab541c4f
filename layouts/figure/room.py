"""How much fits into a chart: its margins, how many bars, and how many labels."""

import math
from collections.abc import Iterable
from html import unescape

MARGIN_LEFT, MARGIN_RIGHT = 60, 6
"""Of the plot within its graph, px: room for the values' axis, whose longest labels mostly are such as ``−800,000``."""
STANDOFF = 6
"""Of the values' labels from the plot, px."""
NARROWEST_BAR = 4
_DEFAULT_WIDTH = 480
_LABEL, _FEWEST_LABELS = 54, 3
_VALUE_LABELS = 5
_DOTS = 4
# About how wide characters of labels are, px, and what Plotly leaves free beyond those that it measures.
_WIDTHS = {**dict.fromkeys(".,itl/\u202f", 3.5), **dict.fromkeys("\u2212MG%", 9.3)}
_DIGIT = 7.0
_BEYOND = 6.5
# Few, so that viewers whose windows differ by some pixels share one answer; each with room for the bucket more that a
# range has which begins within one.
_NUMBERS = (300, 240, 180, 150, 120, 100, 75, 60, 50, 36, 25)


def bars_within(width: object) -> int:
    """Return how many bars a graph of so many px has room for, each at least ``NARROWEST_BAR`` wide with its gap.

    ``width``: as a browser sent it; 0, or no whole number, where nobody has measured it yet.
    """
    room = _plot(width)
    return next((bars for bars in _NUMBERS if bars * NARROWEST_BAR <= room), _NUMBERS[-1])


def has_room_for_dots(width: object, points: int) -> bool:
    """Return whether a dotted line of so many points still looks like one; else the dots of its turns are a cloud."""
    return points * _DOTS <= _plot(width)


def labels_within(width: object) -> int:
    """Return how many labels such as ``23 Nov`` the time axis of a graph of so many px has room for."""
    return max(_FEWEST_LABELS, _plot(width) // _LABEL)


def plot_width(width: object) -> int:
    """Return how wide the plot of a graph of so many px is."""
    return _plot(width)


def _plot(width: object) -> int:
    return (width if isinstance(width, int) and width > 0 else _DEFAULT_WIDTH) - MARGIN_LEFT - MARGIN_RIGHT


def label_width(text: str) -> float:
    """Return about how wide a label of the values' axis is, px."""
    return sum(_WIDTHS.get(each, _DIGIT) for each in unescape(text))


def left_of(labels: Iterable[str]) -> int:
    """Return how much room the values' labels take at the left of a plot, px: ``MARGIN_LEFT`` if that is enough."""
    room = STANDOFF + max(map(label_width, labels), default=0)
    return MARGIN_LEFT if room <= MARGIN_LEFT else math.ceil(room + _BEYOND)


def round_step(reach: float) -> tuple[int, int]:
    """Return the distance of at most five ticks of an even axis, as in plotly.js: 1, 2 or 5, and its power of ten."""
    rough = reach / _VALUE_LABELS
    power = math.floor(math.log10(rough))
    factor = next(factor for factor in (2, 5, 10) if rough / 10.0**power < factor)
    return (1, power + 1) if factor == 10 else (factor, power)
