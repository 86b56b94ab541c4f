"""In which unit a chart is shown: its number, its axis and its tooltip speak the same one.

Times and bytes go to the unit in which the chart's greatest value is at least one, rates to thousands a second,
whatever else is counted to millions. A new family is one row of ``_FAMILIES``.
"""

from dataclasses import dataclass, replace

from layouts.numbers import THIN_SPACE, short_number
from metrics_dash.charts.data import ChartData, Series

Sizes = tuple[tuple[str, float], ...]
_TIMES: Sizes = (("ns", 1e-9), ("µs", 1e-6), ("ms", 1e-3), ("s", 1), ("min", 60), ("h", 3600), ("d", 86400))
_BYTES: Sizes = (("B", 1), ("kB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12), ("PB", 1e15))
_BINARY_BYTES: Sizes = (("KiB", 2**10), ("MiB", 2**20), ("GiB", 2**30), ("TiB", 2**40), ("PiB", 2**50))
_RATES: Sizes = (("/s", 1), ("k/s", 1e3), ("M/s", 1e6), ("G/s", 1e9))
_PERCENT: Sizes = (("%", 1),)
_FAMILIES: tuple[Sizes, ...] = (_TIMES, _BYTES, _BINARY_BYTES, _RATES, _PERCENT)
_LARGE: Sizes = (("", 1), ("M", 1e6), ("G", 1e9), ("T", 1e12))
_OTHER_NAMES = {
    **dict.fromkeys(("us", "μs", "microsecond", "microseconds"), "µs"),
    **dict.fromkeys(("millisecond", "milliseconds", "msec"), "ms"),
    **dict.fromkeys(("second", "seconds", "sec"), "s"),
    **dict.fromkeys(("minute", "minutes"), "min"),
    **dict.fromkeys(("hour", "hours"), "h"),
    **dict.fromkeys(("byte", "bytes"), "B"),
    "KB": "kB",
}


@dataclass(frozen=True, slots=True)
class DisplayUnit:
    """``factor``: what a value is divided by. ``short``: what stands beside the number and at the axis. ``full``: what
    stands beside a value that is read off, where the card's head is not in sight."""

    factor: float
    short: str
    full: str

    def text(self, value: float) -> str:
        """Return a value with its unit: ``2.98 s``, ``61,408``."""
        number = short_number(value / self.factor)
        return f"{number}{THIN_SPACE}{self.short}" if self.short and number != "–" else number


def head_unit(unit: str) -> str:
    """Return what a card's head says of a chart's unit: nothing where its numbers say it themselves."""
    return "" if _family(unit) else unit


def display_unit(chart: ChartData) -> DisplayUnit:
    """Return the unit for the greatest value that a chart's axis reaches."""
    return unit_for(chart.chart.unit, max([chart.greatest, *map(abs, chart.chart.bounds.shown())]))


def unit_for(unit: str, greatest: float) -> DisplayUnit:
    """Return the largest unit of a family in which ``greatest``, counted in ``unit``, is at least one."""
    name = _OTHER_NAMES.get(unit, unit)
    sizes = _family(unit)
    if not sizes:
        letter, factor = _fitting(_LARGE, greatest)
        return DisplayUnit(factor, letter, " ".join(part for part in (letter, unit) if part))
    own = dict(sizes)[name]
    text, size = _fitting(sizes, greatest * own) if greatest else (name, own)
    return DisplayUnit(size / own, text, text)


def in_unit(chart: ChartData, unit: DisplayUnit) -> ChartData:
    """Return the chart with its values counted in a unit, as it is drawn."""
    if unit.factor == 1:
        return chart
    series, previous = (tuple(_divided(one, unit.factor) for one in many) for many in (chart.series, chart.previous))
    density = None if chart.density is None else replace(chart.density, value=chart.density.value / unit.factor)
    return replace(chart, series=series, previous=previous, density=density)


def _family(unit: str) -> Sizes:
    name = _OTHER_NAMES.get(unit, unit)
    return next((sizes for sizes in _FAMILIES if name in dict(sizes)), ())


def _fitting(sizes: Sizes, greatest: float) -> tuple[str, float]:
    """Return the greatest size that fits. Rounded, because 999.96 ms read as 1,000."""
    return next(((text, size) for text, size in reversed(sizes) if greatest >= 0.9995 * size), sizes[0])


def _divided(series: Series, factor: float) -> Series:
    low, high = (None if part is None else part / factor for part in (series.low, series.high))
    return replace(series, v=series.v / factor, low=low, high=high)
