"""Measurements of which only an aggregate is known: how many there were, their sum, perhaps extremes and a histogram.

That is what histograms of other systems are. Beside a row's numbers, it is merged into buckets as theirs are: a row's
number is the aggregate of one value.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from db.bins import bins_of, pack
from db.histograms import total
from db.rows import MAX_JSON_BYTES, MAX_MAGNITUDE, MAX_MEASUREMENTS, MAX_WEIGHT, InvalidEventError, quote

NO_AGGREGATES = b"{}"


@dataclass(frozen=True, slots=True)
class Aggregate:
    """``count`` values that add up to ``sum``; ``min`` and ``max`` where they are known. ``histogram``: as its sender
    has it, kept beside them; as buckets have it (``db.bins``) it is stored under ``bins``."""

    count: int
    sum: float | None
    min: float | None = None
    max: float | None = None
    histogram: Mapping[str, Any] | None = None


def encode_aggregates(aggregates: Mapping[str, Aggregate]) -> bytes:
    """Return aggregates by the name of their measurement as JSON. Raises ``InvalidEventError``.

    A histogram that would make it longer than an event's JSON may be is left out: first as its sender has it, then all.
    """
    if not aggregates:
        return NO_AGGREGATES
    if len(aggregates) > MAX_MEASUREMENTS:
        raise InvalidEventError(f"aggregates: {len(aggregates)} values are more than {MAX_MEASUREMENTS}")
    checked = {name: _checked(name, aggregate) for name, aggregate in aggregates.items()}
    encoded = orjson.dumps(checked)
    for left_out in ("histogram", "bins"):
        if len(encoded) > MAX_JSON_BYTES:
            for parts in checked.values():
                parts.pop(left_out, None)
            encoded = orjson.dumps(checked)
    return encoded


def _checked(name: str, aggregate: Aggregate) -> dict[str, object]:
    if "\0" in name:
        raise InvalidEventError(f"aggregates: {quote(name)} holds a NUL character")
    if not 0 < aggregate.count <= MAX_WEIGHT:
        raise InvalidEventError(f"aggregates.{quote(name)}.count: {quote(aggregate.count)} is not 1 to {MAX_WEIGHT}")
    parts: dict[str, object] = {"count": aggregate.count}
    for part in ("sum", "min", "max"):
        value = getattr(aggregate, part)
        if value is not None and not -MAX_MAGNITUDE <= value <= MAX_MAGNITUDE:
            raise InvalidEventError(
                f"aggregates.{quote(name)}.{part}: {quote(value)} is not finite, or too large to add up"
            )
        parts |= {part: value} if value is not None else {}
    if aggregate.histogram:
        check_histogram(aggregate.histogram)
        parts |= {
            "histogram": aggregate.histogram,
            "bins": pack(bins_of(aggregate.histogram, aggregate.min, aggregate.max)),
        }
    return parts


def check_histogram(histogram: Mapping[str, Any]) -> None:
    """Refuse one whose counts, however they are added up later, could leave what JSON and a bigint hold."""
    if total(histogram) >= 2**63:
        raise InvalidEventError("histogram: its counts add up to more than 63 bits")
