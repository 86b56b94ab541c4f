"""Steps: how long the drawn buckets are. A chart's buckets are added up from a level's; a step says to what.

Steps of minutes and hours are even and start at round times of the zone. Steps of several hours, of days, weeks and
months follow its calendar: a 6-hour step begins at 0, 6, 12 and 18 o'clock, also on a day of 23 or 25 hours.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from metrics_dash.charts.timerange.parse import RangeError

Unit = Literal["m", "h", "d", "w", "M"]

_LENGTHS = {
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
    "M": timedelta(days=30),
}
_WORDS = {"m": "minute", "h": "hour", "d": "day", "w": "week", "M": "month"}


@dataclass(frozen=True, slots=True)
class Step:
    """``number`` units of ``m`` (minutes), ``h``, ``d``, ``w`` (from Monday) or ``M`` (calendar months)."""

    number: int
    unit: Unit

    @property
    def key(self) -> str:
        """What the address and the API call it: ``5m``, ``1h``."""
        return f"{self.number}{self.unit}"

    @property
    def name(self) -> str:
        """What an answer calls it: ``minute``, ``hour``, ``day`` for those levels' own steps, else its key."""
        return self.unit_word if self.key in _LEVELS else self.key

    @property
    def unit_word(self) -> str:
        """Its unit in words: ``minute``, ``week``."""
        return _WORDS[self.unit]

    @property
    def adjective(self) -> str:
        """What its buckets are called: ``5-minute``, ``1-week``."""
        return f"{self.number}-{self.unit_word}"

    @property
    def plural(self) -> str:
        """Its buckets in words: ``minutes``, ``5-minute buckets``."""
        return f"{self.unit_word}s" if self.number == 1 else f"{self.adjective} buckets"

    @property
    def length(self) -> timedelta:
        """How long it usually is; a month counts 30 days."""
        return self.number * _LENGTHS[self.unit]

    @property
    def is_of_days(self) -> bool:
        """Whether its buckets are whole days, weeks or months."""
        return self.unit in ("d", "w", "M")

    @property
    def is_even(self) -> bool:
        """Whether all its buckets are equally long, whatever the clocks do."""
        return self.unit == "m" or self.key == "1h"


_LEVELS = {"1m": "minute", "1h": "hour", "1d": "day"}
_TABLE: tuple[tuple[Unit, tuple[int, ...]], ...] = (
    ("m", (1, 2, 5, 10, 15, 30)),
    ("h", (1, 2, 3, 6, 12)),
    ("d", (1,)),
    ("w", (1,)),
    ("M", (1,)),
)
STEPS: tuple[Step, ...] = tuple(Step(number, unit) for unit, numbers in _TABLE for number in numbers)
_BY_NAME = {step.key: step for step in STEPS}
_BY_NAME |= {f"{step.number}min": step for step in STEPS if step.unit == "m"}
_BY_NAME |= {level: _BY_NAME[key] for key, level in _LEVELS.items()}
STEP_KEYS: tuple[str, ...] = tuple(step.key for step in STEPS)
MINUTE, HOUR, DAY = _BY_NAME["1m"], _BY_NAME["1h"], _BY_NAME["1d"]


def find_step(text: str, parameter: str = "resolution") -> Step | None:
    """Return the step of that name, such as ``5m``, ``5min``, ``1h`` or ``hour``; None for ``auto``.

    Raises ``RangeError`` about ``parameter`` that lists the steps there are.
    """
    if text == "auto":
        return None
    try:
        return _BY_NAME[text]
    except KeyError:
        known = ", ".join(("auto", *_LEVELS.values(), *STEP_KEYS))
        raise RangeError(f"{text!r} is not a step; use one of {known}", parameter) from None
