"""The audit: every level compared with the finer one where that still exists.

Counts, minima and maxima must be equal; sums may differ by what the order of adding doubles explains. A bucket that is
still dirty is not wrong but unfinished, and left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from db.audit import differing_facts, stored_days
from db.engine import Database
from db.floors import read_floors
from db.levels import LEVELS, RollupLevel

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Difference:
    """A stored bucket that is not what the finer level says. ``what``: ``count``, ``sum of duration_ms`` and so on.

    ``expected`` or ``stored`` is None where that side has no such thing.
    """

    level: str
    event_name: str
    bucket_start: datetime
    what: str
    expected: float | None
    stored: float | None

    def __str__(self) -> str:
        return (
            f"{self.level} {self.bucket_start.isoformat()} {self.event_name}: {self.what} is {self.stored}, "
            f"the finer level says {self.expected}"
        )


def audit(database: Database) -> list[Difference]:
    """Compare raw with minute, minute with hour, hour with day, a UTC day at a time; every difference found."""
    differences: list[Difference] = []
    with database.begin() as connection:
        days = stored_days(connection)
    for day in days:
        for level in LEVELS:
            with database.begin() as connection:
                if _is_purged(connection, level, day):
                    continue
                rows = differing_facts(connection, level, day, day + _DAY)
                # Each statement sees what was committed before it, so a purge may have come in between. It raised the
                # floor as it dropped: what is above the floor now was whole when it was compared.
                if not _is_purged(connection, level, day):
                    differences += [each for row in rows for each in _differences(level.name, row)]
    return differences


def _is_purged(connection: Connection, level: RollupLevel, day: datetime) -> bool:
    floor = read_floors(connection)[level.source].recompute
    return floor is not None and day < floor


def _differences(level: str, row: Sequence[Any]) -> list[Difference]:
    event_name, start, what, key = row[:4]
    found = []
    for aggregate, expected, stored in zip(("count", "sum", "min", "max"), row[4::2], row[5::2], strict=True):
        if expected != stored:
            name = aggregate if what == "events" else f"{aggregate} of {key}"
            found.append(Difference(level, event_name, start.astimezone(UTC), name, _number(expected), _number(stored)))
    return found


def _number(value: float | None) -> float | None:
    """Counts arrive as integers or decimals; whole numbers are shown as such."""
    if value is None:
        return None
    number = float(value)
    return int(number) if number.is_integer() else number
