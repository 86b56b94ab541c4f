"""The audit: every level compared with the finer one where that still exists.

Counts, minima and maxima must be equal; sums may differ by what the order of adding doubles explains. A bucket that is
still dirty is not wrong but unfinished, and left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from db.audit import differing_facts, stored_days
from db.engine import Database
from db.floors import read_floors
from metrics_dash.rollup import LADDER

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
        for rung in LADDER:
            # The floor is read in the statement's own transaction: what is above it can't be purged meanwhile
            # without the comparison having the older snapshot, which is whole.
            with database.begin() as connection:
                floor = read_floors(connection)[rung.source].recompute
                if floor is not None and day < floor:
                    continue
                for row in differing_facts(connection, rung, day, day + _DAY):
                    differences += _differences(rung.level, row)
    return differences


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
