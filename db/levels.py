"""The levels: raw events, and the buckets that are rolled up from them, each from the next finer one.

What a level is called, how wide its buckets are and what they are made from stands here and nowhere else; SQL that
names levels is a constraint of the schema, which a test holds to this list.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, get_args

BucketType = Literal["minute", "hour", "day"]

RAW = "raw"
# What the log calls events that are older than raw events are held, and wait to be merged into buckets (``db.late``).
LATE = "late"
# A minute has so many slices (``db.slices``). They are no level: a pass keeps them for itself, while they help.
SLICES = 6


@dataclass(frozen=True, slots=True)
class RollupLevel:
    """A level of buckets: ``width`` wide, starting at multiples of it (UTC), and rolled up from ``source``."""

    name: str
    source: str
    width: timedelta


LEVELS = (
    RollupLevel("minute", source=RAW, width=timedelta(minutes=1)),
    RollupLevel("hour", source="minute", width=timedelta(hours=1)),
    RollupLevel("day", source="hour", width=timedelta(days=1)),
)
# Five minutes in one bucket, for reading (``db.fives``). As slices, they are no level.
FIVE = RollupLevel("five", source="minute", width=timedelta(minutes=5))

BUCKET_TYPES: tuple[BucketType, ...] = get_args(BucketType)
COMPARED = (*LEVELS, FIVE)
STORED_TYPES = ("minute", FIVE.name, "hour", "day")
LEVEL_NAMES: tuple[str, ...] = (RAW, *BUCKET_TYPES)
WIDTHS: Mapping[BucketType, timedelta] = {name: level.width for name, level in zip(BUCKET_TYPES, LEVELS, strict=True)}
SOURCES: Mapping[str, str] = {level.name: level.source for level in LEVELS}
