"""A split of what does not only count events: each value has rows of its own, and so have all others together."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from db.series_reads import Rows
from metrics_dash.charts.data import Values
from metrics_dash.charts.rows import sum_of

Apart: TypeAlias = Mapping[str | None, Rows]


def in_order(rows: Rows, *, summed: bool) -> Iterator[tuple[str | None, Rows]]:
    """Return each value's rows, aligned as ``rows`` are: those with the most events first, or with the greatest sums;
    of all other values, under None, last. A value that is not in a bucket has nothing there, not something unknown."""
    named = [(value, part) for value, part in rows.apart.items() if value is not None]
    named.sort(key=lambda each: (*_size(each[1], summed), each[0]))
    rest = rows.apart.get(None)
    for value, part in (*named, *(((None, rest),) if rest is not None else ())):
        yield value, _filled(part, rows)


def _size(part: Rows, summed: bool) -> tuple[float, float]:
    samples = 0.0 if part.values is None else sum_of(part.values)
    if summed:
        return -abs(sum_of(cast(Values, part.sum))), -samples
    return -sum_of(part.count), -samples


def _filled(part: Rows, rows: Rows) -> Rows:
    """Return rows that are zero, not unknown, in the buckets that others have something in."""

    def fill(values: Values | None) -> Values | None:
        return None if values is None else np.where(np.isnan(values), rows.count * 0, values)

    return replace(part, count=cast(Values, fill(part.count)), sum=fill(part.sum), values=fill(part.values))


def told_apart(rows: Rows) -> NDArray[np.bool_]:
    """Return in which buckets the values add up to all: in others, some of what they are made of is not split, as it
    was made before the dimension was declared."""
    parts = list(rows.apart.values())
    counted = _adds_up(rows.count, [part.count for part in parts])
    if rows.values is None:
        return counted
    return counted & _adds_up(rows.values, [cast(Values, part.values) for part in parts])


def _adds_up(whole: Values, parts: list[Values]) -> NDArray[np.bool_]:
    total = sum((np.nan_to_num(part) for part in parts), np.zeros(len(whole)))
    return np.asarray(total == np.nan_to_num(whole))
