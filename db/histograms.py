"""Histograms as senders have them: counts between explicit bounds, or of buckets that double by a scale.

Explicit: ``bounds`` and ``counts``, one more of these. Exponential: ``scale``, ``zero`` (a count), and ``positive``
and ``negative``, each an offset and counts: the bucket of index i holds what lies in (base**i, base**(i + 1)], where
base is 2**(2**-scale).
See https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exponentialhistogram
"""

from collections.abc import Mapping, Sequence
from typing import Any

# The scale that buckets have: 32 of them per power of two. A finer one comes down exactly.
SCALE = 5

Histogram = Mapping[str, Any]
Side = Sequence[Any]


def scaled_down(histogram: Histogram, scale: int = SCALE) -> Histogram:
    """Return an exponential histogram at ``scale`` where its own is finer: neighbours are added up, exactly."""
    by = int(histogram["scale"]) - scale
    if by <= 0:
        return histogram
    sides = {side: _shifted(histogram[side], by) for side in ("positive", "negative") if side in histogram}
    return {**histogram, "scale": scale, **sides}


def total(histogram: Histogram) -> int:
    """Return how many values a histogram counts."""
    sides = sum(sum(histogram[side][1]) for side in ("positive", "negative") if side in histogram)
    return int(sum(histogram.get("counts", ())) + histogram.get("zero", 0) + sides)


def difference(now: Histogram | None, before: Histogram | None) -> Histogram | None:
    """Return what a histogram has gained since ``before``; None where the two can't be compared."""
    if now is None or before is None:
        return None
    if "bounds" in now:
        if now["bounds"] != before.get("bounds"):
            return None
        counts = [a - b for a, b in zip(now["counts"], before["counts"], strict=True)]
        return {"bounds": now["bounds"], "counts": counts} if min(counts, default=0) >= 0 else None
    if "scale" not in before:
        return None
    scale = min(int(now["scale"]), int(before["scale"]))
    now, before = scaled_down(now, scale), scaled_down(before, scale)
    sides = {side: _gained(now.get(side), before.get(side)) for side in ("positive", "negative")}
    zero = int(now.get("zero", 0)) - int(before.get("zero", 0))
    if zero < 0 or any(side is None for side in sides.values()):
        return None
    return {"scale": scale, "zero": zero, **{name: side for name, side in sides.items() if side and side[1]}}


def _shifted(side: Side, by: int) -> Side:
    offset, counts = side
    merged: dict[int, int] = {}
    for place, count in enumerate(counts):
        index = (offset + place) >> by
        merged[index] = merged.get(index, 0) + count
    return _dense(merged)


def _gained(now: Side | None, before: Side | None) -> Side | None:
    gained = dict(_sparse(now))
    for index, count in _sparse(before):
        gained[index] = gained.get(index, 0) - count
    return None if min(gained.values(), default=0) < 0 else _dense(gained)


def _sparse(side: Side | None) -> list[tuple[int, int]]:
    return [(side[0] + place, count) for place, count in enumerate(side[1])] if side else []


def _dense(counts: Mapping[int, int]) -> Side:
    held = [index for index, count in counts.items() if count]
    if not held:
        return [0, []]
    first, last = min(held), max(held)
    return [first, [counts.get(index, 0) for index in range(first, last + 1)]]
