"""The audit: every level compared with the finer one where that still exists.

Counts, minima, maxima, last samples, histograms and unique counts must be equal, of all events and of each value of a
dimension; sums may differ by what the order of adding doubles explains.
A bucket that is still dirty is not wrong but unfinished, and left out. One that can't be computed is a problem of its
own, and hides no other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from db.audit import differing_facts, names_between, stored_days, waits
from db.audit_splits import differing_splits
from db.engine import Database
from db.failures import UncomputedBucket, uncomputed
from db.faults import Fault, classify, describe
from db.floors import read_floors
from db.labels import split_label
from db.levels import COMPARED, RollupLevel

_DAY = timedelta(days=1)
_COMPARED = ("count", "sum", "min", "max", "last", "time of last", "histogram", "unique values")


@dataclass(frozen=True, slots=True)
class Difference:
    """A stored bucket that is not what the finer level says. ``what``: ``count``, ``sum of duration_ms`` and so on.

    ``expected`` or ``stored`` is None where that side has no such thing.
    """

    level: str
    event_name: str
    bucket_start: datetime
    what: str
    expected: float | str | None
    stored: float | str | None

    def __str__(self) -> str:
        return (
            f"{self.level} {self.bucket_start.isoformat()} {self.event_name}: {self.what} is {self.stored}, "
            f"the finer level says {self.expected}"
        )


@dataclass(frozen=True, slots=True)
class Uncomparable:
    """A bucket that can't even be compared: its rows make no number. It should stand among those that can't be
    computed, and does not: an older version took its mark."""

    level: str
    event_name: str
    bucket_start: datetime
    reason: str

    def __str__(self) -> str:
        return f"{self.level} {self.bucket_start.isoformat()} {self.event_name}: can't be computed ({self.reason})"


Problem = Difference | Uncomparable | UncomputedBucket


def audit(database: Database) -> list[Problem]:
    """Compare raw with minute, minute with hour, hour with day, a UTC day at a time, and minutes with what is kept of
    five at a time; everything that is wrong.

    What can't be computed is named and gone past: first what is known of, the rest in its place among the differences.
    """
    with database.begin() as connection:
        problems: list[Problem] = list(uncomputed(connection))
        days = stored_days(connection)
    for day in days:
        for level in COMPARED:
            problems += compare(database, level, day, day + _DAY)
    return problems


def compare(database: Database, level: RollupLevel, start: datetime, end: datetime) -> list[Problem]:
    """Return the problems of a span of one level, beside its source. Where its numbers can't be computed it is halved,
    until one bucket is to blame."""
    try:
        return _differing(database, level, start, end)
    except DBAPIError as error:
        if classify(error) is not Fault.DATA:
            raise
    if end - start <= level.width:
        with database.begin() as connection:
            names = names_between(connection, level, start, end)
        return [each for name in names for each in _compare_one(database, level, start, name)]
    middle = start + (end - start) // level.width // 2 * level.width
    return [*compare(database, level, start, middle), *compare(database, level, middle, end)]


def _compare_one(database: Database, level: RollupLevel, start: datetime, name: str) -> list[Problem]:
    try:
        return _differing(database, level, start, start + level.width, name)
    except DBAPIError as error:
        if classify(error) is not Fault.DATA:
            raise
        reason = describe(error)
    with database.begin() as connection:
        unfinished = waits(connection, level, start, name)
    return [] if unfinished else [Uncomparable(level.name, name, start, reason)]


def _differing(
    database: Database, level: RollupLevel, start: datetime, end: datetime, name: str | None = None
) -> list[Problem]:
    with database.begin() as connection:
        if _is_purged(connection, level, start):
            return []
        rows = differing_facts(connection, level, start, end, name)
        split = differing_splits(connection, level, start, end, name)
        # Each statement sees what was committed before it, so a purge may have come in between. It raised the
        # floor as it dropped: what is above the floor now was whole when it was compared.
        if _is_purged(connection, level, start):
            return []
        found = [each for row in rows for each in _differences(level.name, row)]
        return [*found, *(each for row in split for each in _split_differences(level.name, row))]


def _is_purged(connection: Connection, level: RollupLevel, start: datetime) -> bool:
    floor = read_floors(connection)[level.source].recompute
    return floor is not None and start < floor


def _differences(level: str, row: Sequence[Any]) -> list[Problem]:
    event_name, start, what, key = row[:4]
    key = split_label(f"{key}:")[0] if what == "metadata" else key
    found: list[Problem] = []
    for aggregate, expected, stored in zip(_COMPARED, row[4::2], row[5::2], strict=True):
        if expected != stored:
            name = aggregate if what == "events" else f"{aggregate} of {key}"
            found.append(Difference(level, event_name, start.astimezone(UTC), name, _number(expected), _number(stored)))
    return found


def _split_differences(level: str, row: Sequence[Any]) -> list[Problem]:
    event_name, start, dimension, value, key, kind = row[:6]
    packed = "unique values" if kind == "unique" else "histogram"
    found: list[Problem] = []
    for aggregate, expected, stored in zip(("count", "sum", "min", "max", packed), row[6::2], row[7::2], strict=True):
        if expected != stored:
            what = f"{aggregate} of {key} where" if key else f"{aggregate} where"
            where = f"{what} {dimension} is {value!r}"
            found.append(
                Difference(level, event_name, start.astimezone(UTC), where, _number(expected), _number(stored))
            )
    return found


def _number(value: float | str | None) -> float | str | None:
    """Counts arrive as integers or decimals; whole numbers are shown as such. A histogram is text."""
    if value is None or isinstance(value, str):
        return value
    number = float(value)
    return int(number) if number.is_integer() else number
