"""What is asked of buckets for charts, and what is answered: plain frozen records."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from db.filters import Filter
from db.levels import FIVE, BucketType
from db.registers import Registers
from db.series_filtered import Doubts

_FIVE = round(FIVE.width.total_seconds() * 1000)
# To ask where fives stand costs as much as some minutes do.
_WORTH_WHILE = 24 * _FIVE


@dataclass(frozen=True)
class Read:
    """The buckets of ``event_name`` at ``level`` that start at or after ``start`` and before ``end`` (epoch ms).

    ``measurement``: read its sum, minimum, maximum and count too. ``split_by``: count its ``split_values`` most
    frequent values too; with ``apart``, read of each of them all that is read of the event (where ``summed``, of those
    with the greatest sums), and of the rest. ``edges``: n + 1 ascending bounds (epoch ms) of n longer buckets to add
    the rows up to.
    ``latest``: no buckets but the last sample of the measurement, of whatever level still has it; it comes as a bucket
    of one event at its own time. ``only``: nothing but the events that carry this value (key and value); their count is
    NaN in buckets that count it among the rest. ``placed``: read the histogram of the measurement too.
    ``unique``: the measurement is a metadata key, and what is known of its different values is read. ``totals``: of
    each value only how many events there were in all; ``edges`` are then of one bucket. ``undeclared``: a key that is
    no dimension of the event, so its values may not be told apart, and it is read since when.
    ``where``: read all that of the events that a filter leaves, also split, but by no other dimension than its own; of
    several filters at once from raw events, by ``edges`` and not split.
    ``sums`` and ``extremes``: what of the measurement is read of all events: its sum and count, and its minimum and
    maximum. Each costs as much as all else of a bucket together.
    """

    event_name: str
    level: BucketType
    start: int
    end: int
    measurement: str | None = None
    split_by: str | None = None
    split_values: int = 8
    edges: tuple[int, ...] | None = None
    latest: bool = False
    only: tuple[str, str] | None = None
    placed: bool = False
    unique: bool = False
    apart: bool = False
    summed: bool = False
    totals: bool = False
    undeclared: str | None = None
    where: Filter | None = None
    sums: bool = True
    extremes: bool = True

    @cached_property
    def width(self) -> int | None:
        """How long the longer buckets are (ms) where all are equally long; then the server need not search them."""
        if self.edges is None or self.edges[0] != self.start:
            return None
        width = self.edges[1] - self.edges[0]
        even = self.edges == tuple(range(self.start, self.start + width * len(self.edges), width))
        return width if even else None

    @property
    def measured(self) -> str | None:
        """The measurement, where anything of it is read."""
        return self.measurement if self.sums or self.extremes else None

    @property
    def is_total(self) -> bool:
        """Whether all of it is one bucket."""
        return self.edges is not None and len(self.edges) == 2 and self.width is not None

    @property
    def by_fives(self) -> bool:
        """Whether it adds up minutes to whole fives (``db.fives``), and is long enough for these to be read."""
        return (
            self.level == FIVE.source
            and self.width is not None
            and self.width % _FIVE == 0
            and self.start % _FIVE == 0
            and self.end - self.start >= _WORTH_WHILE
        )


@dataclass(frozen=True)
class Bins:
    """How many values (``count``) lie in a place (``db.bins``) of the bucket that starts then (epoch ms): arrays of
    equal length, in no particular order. A bucket and a place may stand there more than once, also with a count below
    zero: what counts is the sum.

    ``worked_out``: what a reader has made of them, and may want again.
    """

    start: NDArray[np.int64]
    place: NDArray[np.int64]
    count: NDArray[np.int64]
    worked_out: dict[str, Any] = field(default_factory=dict, init=False, compare=False, repr=False)


@dataclass(frozen=True)
class Uniques:
    """What is kept of a key's values (``db.registers``) in the buckets that have events: arrays.

    ``start``: of each (epoch ms), more than once where it is made of several. ``known``: whether the key was declared
    when it was made. ``sizes``: how many of ``hashes`` are of it, in this order. ``registers``: with the start of the
    bucket that each is of.
    """

    start: NDArray[np.int64]
    known: NDArray[np.bool_]
    sizes: NDArray[np.int64]
    hashes: NDArray[np.int64]
    registers: tuple[tuple[int, Registers], ...] = ()

    def of(self, held: NDArray[np.bool_]) -> Self:
        """Return those of the buckets that are held: of each whether it is."""
        if held.all():
            return self
        starts = set(self.start[held].tolist()) if self.registers else set()
        return type(self)(
            self.start[held],
            self.known[held],
            self.sizes[held],
            self.hashes[np.repeat(held, self.sizes)],
            tuple(each for each in self.registers if each[0] in starts),
        )


@dataclass(frozen=True)
class Rows:
    """The buckets that exist, in no particular order: arrays of equal length, NaN where nothing was measured.

    ``start``: epoch ms. ``count``: events. ``sum``, ``min``, ``max``, ``values`` (how many events carried it) are of
    the measurement and None without one. ``splits``: value to the starts and counts of the buckets that have it.
    ``bins``: of a read that asks for histograms. ``uniques``: of one that asks for those. ``apart``: of a
    read that asks for it, value to all of that, of all other values under None. Where the rows of a bucket do not add
    up to it, some of what it is made of is not told apart. ``whole_since``: from when on none of the values of an
    undeclared key are.
    ``unknown``: the starts of the buckets in which a filter can't tell its value from others; they have no rows.
    ``doubts``: of a filter, also where it tells some of them. ``too_many``: there are more raw events than are read.
    """

    start: NDArray[np.int64]
    count: NDArray[np.float64]
    sum: NDArray[np.float64] | None = None
    min: NDArray[np.float64] | None = None
    max: NDArray[np.float64] | None = None
    values: NDArray[np.float64] | None = None
    splits: Mapping[str, tuple[NDArray[np.int64], NDArray[np.float64]]] = field(default_factory=dict)
    bins: Bins | None = None
    uniques: Uniques | None = None
    apart: Mapping[str | None, "Rows"] = field(default_factory=dict)
    whole_since: datetime | None = None
    unknown: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    doubts: Doubts | None = None
    too_many: bool = False


@dataclass(frozen=True)
class LastSeen:
    """What is known of an event name: whether any was ever stored, the start of the last bucket that has one, and from
    when on it was recorded: its first bucket, as finely as that is held, or when it first arrived if its first buckets
    are no longer kept."""

    ever: bool
    last: datetime | None
    first: datetime | None = None
