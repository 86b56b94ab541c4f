"""In which unit a chart is shown: its number, its axis and its tooltip speak the same one.

Times and bytes go to the unit in which the chart's greatest value is at least one, rates to thousands a second,
whatever else is counted to millions. What is too little to be read in it is said in a finer one: 1.4 s of a chart that
reaches to hours. A new family is one row of ``_FAMILIES``.
"""

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from layouts.numbers import THIN_SPACE, short_number
from metrics_dash.charts.data import ChartData, Series

Sizes = tuple[tuple[str, float], ...]
_TIMES: Sizes = (("ns", 1e-9), ("µs", 1e-6), ("ms", 1e-3), ("s", 1), ("min", 60), ("h", 3600), ("d", 86400))
_BYTES: Sizes = (("B", 1), ("kB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12), ("PB", 1e15))
_BINARY_BYTES: Sizes = (("KiB", 2**10), ("MiB", 2**20), ("GiB", 2**30), ("TiB", 2**40), ("PiB", 2**50))
_RATES: Sizes = (("/s", 1), ("k/s", 1e3), ("M/s", 1e6), ("G/s", 1e9))
_BYTE_RATES, _BINARY_BYTE_RATES = (
    tuple((f"{name}/s", size) for name, size in sizes) for sizes in (_BYTES, _BINARY_BYTES)
)
_BIT_RATES: Sizes = (("bit/s", 1), ("kbit/s", 1e3), ("Mbit/s", 1e6), ("Gbit/s", 1e9), ("Tbit/s", 1e12))
_PERCENT: Sizes = (("%", 1),)
_FAMILIES: tuple[Sizes, ...] = (
    _TIMES,
    _BYTES,
    _BINARY_BYTES,
    _RATES,
    _BYTE_RATES,
    _BINARY_BYTE_RATES,
    _BIT_RATES,
    _PERCENT,
)
_BINARY = (_BINARY_BYTES, _BINARY_BYTE_RATES)
_LARGE: Sizes = (("", 1), ("M", 1e6), ("G", 1e9), ("T", 1e12), ("P", 1e15), ("E", 1e18))
_OTHER_NAMES = {
    **dict.fromkeys(("us", "μs", "microsecond", "microseconds"), "µs"),
    **dict.fromkeys(("millisecond", "milliseconds", "msec"), "ms"),
    **dict.fromkeys(("second", "seconds", "sec"), "s"),
    **dict.fromkeys(("minute", "minutes"), "min"),
    **dict.fromkeys(("hour", "hours"), "h"),
    **dict.fromkeys(("byte", "bytes"), "B"),
    "KB": "kB",
    "bytes/s": "B/s",
    "bps": "bit/s",
    "bits/s": "bit/s",
}
# What a logarithmic axis of times is labelled at, in seconds, beside powers of ten of less than one.
_ROUND_TIMES = (1, 10, 60, 600, 3600, 36_000, 86_400)


# What is less than this many of its chart's unit is said in a finer one.
_LEAST_READ = 0.1
# 999.96 ms read as 1,000.
_ROUNDED = 0.9995


@dataclass(frozen=True, slots=True)
class DisplayUnit:
    """``factor``: what a value is divided by. ``short``: what stands beside the number and at the axis. ``full``: what
    stands beside a value that is read off, where the card's head is not in sight. ``finer``: the units of its family
    below it, the greatest first."""

    factor: float
    short: str
    full: str
    finer: tuple["DisplayUnit", ...] = ()

    def text(self, value: float) -> str:
        """Return a value with its unit: ``2.98 s``, ``61,408``."""
        unit = self._readable(abs(value))
        number = short_number(value / unit.factor)
        return f"{number}{THIN_SPACE}{unit.short}" if unit.short and number != "–" else number

    def meta(self) -> dict[str, Any]:
        """Return what reads values off a chart that is counted in this unit has to know: its name, that of zero, and
        of each finer unit its name and how many of this one it is."""
        finer = [(unit.full, unit.factor / self.factor) for unit in self.finer]
        return {"unit": self.full, "zero": self._readable(0).full, "finer": finer}

    def _readable(self, size: float) -> "DisplayUnit":
        if not self.finer or size >= _LEAST_READ * self.factor or math.isnan(size):
            return self
        if not size:
            # Nothing of what is merely counted is no million of it.
            return self.finer[-1] if not self.finer[-1].short else self
        return next((unit for unit in self.finer if size >= _ROUNDED * unit.factor), self.finer[-1])


def head_unit(unit: str) -> str:
    """Return what a card's head says of a chart's unit: nothing where its numbers say it themselves."""
    return "" if _family(unit) else unit


def display_unit(chart: ChartData) -> DisplayUnit:
    """Return the unit for the greatest value that a chart's axis reaches."""
    return unit_for(chart.chart.unit, max([chart.greatest, *map(abs, chart.chart.bounds.shown())]))


def unit_for(unit: str, greatest: float) -> DisplayUnit:
    """Return the largest unit of a family in which ``greatest``, counted in ``unit``, is at least one."""
    units, size = _units_of(unit), greatest or 1
    return units[max((place for place, each in enumerate(units) if size >= _ROUNDED * each.factor), default=0)]


@lru_cache(maxsize=256)
def _units_of(unit: str) -> tuple[DisplayUnit, ...]:
    """Return the units that values counted in ``unit`` may be shown in, the finest first, each with those below it."""
    sizes = _family(unit)
    own = dict(sizes)[_OTHER_NAMES.get(unit, unit)] if sizes else 1
    units = [
        *(DisplayUnit(size / own, text, text) for text, size in sizes),
        *(DisplayUnit(factor, letter, f"{letter} {unit}".strip()) for letter, factor in _LARGE if not sizes),
    ]
    return tuple(replace(each, finer=tuple(reversed(units[:place]))) for place, each in enumerate(units))


def round_values(unit: str, least: float, greatest: float, most: int) -> list[float]:
    """Return up to ``most`` values from ``least`` to ``greatest``, all counted in ``unit``, that a logarithmic axis is
    labelled at: powers of ten, of times 10 s, 1 min, 10 min, 1 h …, of what is counted by 1024 1, 10 and 100 of each
    of its units; of many only each second, third …, always the same ones."""
    name, family = _OTHER_NAMES.get(unit, unit), _family(unit)
    size = dict(family).get(name, 1) / (family[0][1] if family in _BINARY else 1)
    low, high = (math.floor(math.log10(end * size)) for end in (least, greatest))
    rounds = [(place, _round(place, family) / size) for place in range(low - 4, high + 3)]
    found = [(place, value) for place, value in rounds if least <= value <= greatest]
    every = next(every for every in range(1, len(found) + 2) if sum(place % every == 0 for place, _ in found) <= most)
    return [value for place, value in found if place % every == 0]


def _round(place: int, family: Sizes) -> float:
    """Return the value at a place, which is 0 for one, a second, or one KiB."""
    if family in _BINARY and place >= 0:
        return 10.0 ** (place % 3) * 1024.0 ** (place // 3)
    if family is not _TIMES or place < 0:
        return float(f"1e{place}")
    last = len(_ROUND_TIMES) - 1
    return _ROUND_TIMES[min(place, last)] * float(10 ** max(0, place - last))


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


def _divided(series: Series, factor: float) -> Series:
    low, high = (None if part is None else part / factor for part in (series.low, series.high))
    return replace(series, v=series.v / factor, low=low, high=high)
