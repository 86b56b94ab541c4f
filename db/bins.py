"""The histograms that buckets keep: how many values fell into which place of one fixed scale.

A place is a stretch of numbers. Place 0 is zero; a place p above it holds what is greater than ``bound(p - 1)`` and at
most ``bound(p)``, where ``bound(p)`` is 2**((p - ZERO_AT) / 32), and -p the same numbers below zero. So places are in
the order of their numbers, there are 32 of them for each power of two, and any value is within 1.1 % of what stands
for its place. They are the buckets of OpenTelemetry's exponential histograms of scale 5, whose index is less by
``ZERO_AT + 1``.

As text, a histogram is ``place:count`` for each place that has any, in their order, with a space between two:
``40107:2 40108:31``. Merging two adds up counts, exactly and in any order. A histogram of more than ``MOST`` places,
which is 64 powers of two, counts the least together.
See https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exponentialhistogram
"""

import math
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from db.histograms import SCALE

PER_OCTAVE: int = 2**SCALE
ZERO_AT = 40_000
MOST = 2_048
# The places of the least and the greatest number that a double can hold.
LEAST, GREATEST = ZERO_AT - 1074 * PER_OCTAVE, ZERO_AT + 1024 * PER_OCTAVE
# A logarithm is not exact. Without this, where a bound lies would depend on whose logarithm it is, and 8 might be above
# the bound 8.
_HAIR = 1e-9
# What a place stands for: as far from its lower bound as from its upper one, relative to them.
_MIDDLE = 2 / (1 + 2 ** (1 / PER_OCTAVE))

# Counts that are known between two bounds only are spread over so many points, of one histogram over so many in all.
_POINTS, _ALL_POINTS = 16, 512


def place_of(value: float) -> int:
    """Return the place of a finite number."""
    if value == 0:
        return 0
    place: int = math.ceil(math.log(abs(value)) * PER_OCTAVE / math.log(2) - _HAIR) + ZERO_AT
    return place if value > 0 else -place


def place_sql(value: str) -> str:
    """Return ``place_of`` as SQL over an expression of a double; null of null."""

    def of(positive: str) -> str:
        return f"CAST(ceil(ln({positive}) * {PER_OCTAVE / math.log(2)!r} - {_HAIR}) AS int) + {ZERO_AT}"

    return (
        f"CASE WHEN {value} > 0 THEN {of(value)} WHEN {value} < 0 THEN -({of(f'-{value}')}) WHEN {value} = 0 THEN 0 END"
    )


def values_of(places: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return what places stand for."""
    sizes = np.exp2((np.abs(places) - ZERO_AT) / PER_OCTAVE) * _MIDDLE
    return np.asarray(np.where(places == 0, 0.0, np.sign(places) * sizes), dtype=np.float64)


# As SQL


def bins_sql(group: str, histogram: str, source: str) -> str:
    """Return a query of ``group`` (columns), ``place`` and ``count`` from a source's histograms (an expression of their
    text); no row of null."""
    return f"""
    SELECT {group}, CAST(split_part(bin, ':', 1) AS int) AS place, CAST(split_part(bin, ':', 2) AS bigint) AS count
    FROM (SELECT {group}, string_to_table({histogram}, ' ') AS bin FROM {source}) AS bin"""


_FITS = f"size <= {MOST}"


def uncapped(statement: str) -> str:
    """Return a statement in which histograms that it packs have all of their places, however many those are."""
    return statement.replace(_FITS, "true")


def packed_sql(group: str, bins: str) -> str:
    """Return a query of ``group`` (columns) and ``histogram``, its text, from a table that has those columns with
    ``place`` and ``count``, in any number of rows for each place."""
    return f"""
    SELECT {group}, CASE WHEN {_FITS} THEN packed ELSE (
        SELECT string_agg(place || ':' || count, ' ' ORDER BY place) FROM (
            SELECT max(CAST(split_part(bin, ':', 1) AS int)) AS place,
                sum(CAST(split_part(bin, ':', 2) AS bigint)) AS count
            FROM string_to_table(packed, ' ') WITH ORDINALITY AS listed (bin, number)
            GROUP BY greatest(number, size - {MOST - 1})
        ) AS kept
    ) END AS histogram
    FROM (
        SELECT {group}, count(*) AS size, string_agg(place || ':' || count, ' ' ORDER BY place) AS packed
        FROM (
            SELECT {group}, place, CAST(sum(count) AS bigint) AS count FROM {bins}
            WHERE place IS NOT NULL AND count > 0 GROUP BY {group}, place
        ) AS bin
        GROUP BY {group}
    ) AS histogram"""


# As text


def pack(counts: Mapping[int, int]) -> str:
    """Return a histogram as text."""
    return " ".join(f"{place}:{count}" for place, count in sorted(counts.items()) if count)


def unpack(histogram: str) -> dict[int, int]:
    """Return the counts of a histogram's text, by place."""
    pairs = (each.split(":") for each in histogram.split())
    return {int(place): int(count) for place, count in pairs}


# From histograms as senders have them


def bins_of(histogram: Mapping[str, Any], least: float | None = None, most: float | None = None) -> dict[int, int]:
    """Return the counts of a sender's histogram (``db.histograms``) by place; ``least`` and ``most``: of its values.

    An exponential one of scale 5 or finer keeps every count as it is. Of any other, nobody knows where between two
    bounds its values lay: they are spread evenly between them, as far as the extremes leave room.
    """
    counts: dict[int, int] = {}
    for place, count in _placed(histogram, least, most):
        counts[place] = counts.get(place, 0) + count
    return counts


def _placed(histogram: Mapping[str, Any], least: float | None, most: float | None) -> Iterator[tuple[int, int]]:
    if "bounds" in histogram:
        if all(math.isfinite(bound) for bound in histogram["bounds"]):
            yield from _spread(list(_between_bounds(histogram, least, most)), least, most)
        return
    if zero := int(histogram.get("zero", 0)):
        yield 0, zero
    by = SCALE - int(histogram.get("scale", SCALE))
    for side, sign in (("positive", 1), ("negative", -1)):
        offset, counts = histogram.get(side, (0, ()))
        held = [(int(offset) + number, int(count)) for number, count in enumerate(counts) if count]
        if by <= 0:
            yield from ((sign * _within((index >> -by) + ZERO_AT + 1), count) for index, count in held)
        else:
            yield from _spread([_stretch(index, by, sign, count) for index, count in held], least, most)


def _stretch(index: int, by: int, sign: int, count: int) -> tuple[float, float, int]:
    """Return the bounds of a bucket of a scale that is coarser ``by`` so many halves, and its count."""
    near, far = _bound(index << by), _bound((index + 1) << by)
    return (near, far, count) if sign > 0 else (-far, -near, count)


def _within(place: int) -> int:
    return sorted((LEAST, place, GREATEST))[1]


def _bound(index: int) -> float:
    """Return the lower bound of an index of scale 5, as far as a double can hold it."""
    return float(2.0 ** min(max(index / PER_OCTAVE, -1074), 1023))


def _between_bounds(
    histogram: Mapping[str, Any], least: float | None, most: float | None
) -> Iterator[tuple[float, float, int]]:
    """Yield the counts of a histogram of explicit bounds. The first and the last reach to the extremes, or where those
    are not known from zero, and not past the last bound."""
    bounds, counts = histogram["bounds"], histogram["counts"]
    if not bounds:
        lowest = least if least is not None else most if most is not None else 0.0
        yield lowest, most if most is not None else lowest, int(sum(counts))
        return
    first = least if least is not None else min(0.0, bounds[0])
    last = most if most is not None else bounds[-1]
    edges = [min(first, bounds[0]), *bounds, max(last, bounds[-1])]
    yield from (
        (low, high, int(n))
        for low, high, n in ((*ends, n) for ends, n in zip(pairwise(edges), counts, strict=True))
        if n
    )


def _spread(
    stretches: list[tuple[float, float, int]], least: float | None, most: float | None
) -> Iterator[tuple[int, int]]:
    points = max(1, min(_POINTS, _ALL_POINTS // max(1, len(stretches))))
    for low, high, count in stretches:
        low = low if least is None else min(max(low, least), high)
        high = high if most is None else max(min(high, most), low)
        parts = min(points, count) if high > low else 1
        each, more = divmod(count, parts)
        for number in range(parts):
            share = (number + 0.5) / parts
            yield place_of(low * (1 - share) + high * share), each + (number < more)
