"""The marks of an even axis, and what they are called: no two alike, and each the very value at which it lies."""

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from layouts.figure.labels import plain
from layouts.figure.room import MARGIN_LEFT, label_width, left_of, round_step
from layouts.numbers import MINUS, THIN_SPACE
from layouts.units import DisplayUnit

# Parts of a step by which a mark may lie beyond the axis' end: what dividing by a unit rounds.
_SLACK = Decimal("1e-6")
# Beyond that a number is told by its power of ten, and where all are smaller than that (layouts/numbers.py).
_MOST_DIGITS, _LEAST_SPELLED = 12, Decimal("1e-4")
# With more digits after the point a part of a million is read worse than the whole number, which may be so much longer.
_MOST_OF_A_MILLION, _LONGER = 3, 1.15
_PLOTLY_DIGITS = 6


def even_marks(low: float, high: float, least_step: int | None = None) -> list[Decimal]:
    """Return two to five round values at equal distances from ``low`` to ``high``. ``least_step``: at least so far
    apart, if that leaves two of them."""
    factor, power = round_step(high - low)
    found = _at(low, high, Decimal(factor).scaleb(power))
    wider = _at(low, high, Decimal(least_step)) if least_step and factor * 10.0**power < least_step else []
    return wider if len(wider) > 1 else found


def _at(low: float, high: float, step: Decimal) -> list[Decimal]:
    first = math.ceil(Decimal(low) / step - _SLACK)
    last = math.floor(Decimal(high) / step + _SLACK)
    return [step * place for place in range(first, last + 1)]


def labelled(marks: Sequence[Decimal], unit: DisplayUnit) -> list[str]:
    """Return the labels of marks that are counted in a unit, all digits of each; the topmost says the unit. Of what is
    merely counted a long part of a million is told in full where that is hardly longer."""
    texts = texts_of(marks)
    texts[-1:] = [f"{text}{suffix_of(unit)}" for text in texts[-1:]]
    if max(map(_decimals, marks), default=0) <= _MOST_OF_A_MILLION or not unit.finer or unit.finer[-1].short:
        return texts
    whole = texts_of([mark * Decimal(unit.factor) for mark in marks])
    widths = [max(map(label_width, each)) for each in (whole, texts)]
    return whole if widths[0] <= _LONGER * widths[1] else texts


def suffix_of(unit: DisplayUnit) -> str:
    """Return what stands behind the number of the topmost label."""
    return f"{THIN_SPACE}{plain(unit.short)}" if unit.short else ""


def texts_of(marks: Sequence[Decimal]) -> list[str]:
    """Return marks as numbers with all of their digits; all by their powers of ten where one were very long, or all are
    very little."""
    texts = [f"{_trimmed(mark):,f}" for mark in marks]
    are_little = max(map(abs, marks), default=_LEAST_SPELLED) < _LEAST_SPELLED
    if are_little or any(sum(map(str.isdigit, text)) > _MOST_DIGITS for text in texts):
        texts = [_by_power(mark) for mark in marks]
    return [text.replace("-", MINUS) for text in texts]


def _trimmed(mark: Decimal) -> Decimal:
    return mark.normalize() if mark else Decimal(0)


def _decimals(mark: Decimal) -> int:
    return max(0, -int(_trimmed(mark).as_tuple().exponent))


def _by_power(mark: Decimal) -> str:
    if not mark:
        return "0"
    sign, digits, _ = _trimmed(mark).as_tuple()
    rest = "".join(map(str, digits[1:]))
    return f"{'-' if sign else ''}{digits[0]}{'.' if rest else ''}{rest}e{mark.adjusted()}"


def by_plotly(value: float) -> str:
    """Return a value as plotly.js writes it where it chooses marks: by ``tickformat`` ``,~g``."""
    number, _, power = f"{value:.{_PLOTLY_DIGITS - 1}e}".partition("e")
    if value and not -_PLOTLY_DIGITS <= int(power) < _PLOTLY_DIGITS:
        return f"{number.rstrip('0').rstrip('.')}e{int(power):+d}".replace("-", MINUS)
    return f"{_trimmed(Decimal(f'{number}e{power}')):,f}".replace("-", MINUS)


def spelled_out(marks: Sequence[float | Decimal], texts: Sequence[str]) -> dict[str, Any]:
    """Return ticks that Plotly has to take as they are. It measures the labels only where they are so long that they
    need more than the usual room, as that takes a while."""
    values = [float(mark) for mark in marks]
    return {"dtick": None, "tickmode": "array", "tickvals": values, "ticktext": list(texts), **measured(texts)}


def measured(texts: Sequence[str]) -> dict[str, Any]:
    """Return whether Plotly has to find out how much room labels take at the left."""
    return {"automargin": "left" if left_of(texts) > MARGIN_LEFT else False}
