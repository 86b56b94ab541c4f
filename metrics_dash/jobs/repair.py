"""The audit that runs all the time: a few slices of the store a minute, and what differs is computed again.

Each process that is elected goes on where it was, and begins anywhere: so everything has its turn, however often
processes are exchanged. A slice is short enough that comparing it is no load.
"""

import logging
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

from db.audit import stored_days
from db.declared import Declared
from db.engine import Database
from db.floors import Floor, read_floors
from db.levels import COMPARED, LEVELS, RAW, RollupLevel
from db.repairs import Bucket, mark_between, mark_buckets
from metrics_dash.jobs.audit import Problem, compare
from metrics_dash.jobs.rollup import NOTHING_DECLARED, roll_up_all

log = logging.getLogger(__name__)

DAY = timedelta(days=1)
# A span of raw events that is compared at once; of coarser levels it is a day.
RAW_SLICE = timedelta(minutes=10)
# After so many seconds no further slice is begun.
BUDGET_SECONDS = 2.0
# Of a slice with many differences, so many are named in the log.
NAMED_AT_MOST = 5

Slice = tuple[RollupLevel, datetime, datetime]


def slices(days: list[datetime], floors: Mapping[str, Floor]) -> Iterator[Slice]:
    """Yield what can be compared, newest day first: each level beside its source, as far as that is whole."""
    for day in reversed(days):
        for level in COMPARED:
            floor = floors[level.source].recompute
            if floor is not None and day < floor:
                continue
            width = RAW_SLICE if level.source == RAW else DAY
            yield from ((level, day + n * width, day + (n + 1) * width) for n in range(DAY // width))


class RepairJob:
    """Compares slices, and marks the buckets that differ to be computed again. ``repaired`` is told of which level, and
    how many; ``start()`` draws a number from 0 to 1, where to begin."""

    def __init__(
        self,
        database: Database,
        repaired: Callable[[str, int], None] = lambda level, buckets: None,
        *,
        clock: Callable[[], float] = time.monotonic,
        start: Callable[[], float] = random.random,
    ) -> None:
        self._database, self._repaired, self._clock = database, repaired, clock
        self._start = start()
        self._place: int | None = None

    def __call__(self) -> str:
        """Compare slices until the time is used up, or all were; return how that went, in a line."""
        with self._database.begin() as connection:
            found = list(slices(stored_days(connection), read_floors(connection)))
        if not found:
            return "nothing is stored"
        place = int(self._start * len(found)) if self._place is None else self._place
        began, compared, repaired = self._clock(), 0, Counter[str]()
        while compared < len(found) and (not compared or self._clock() - began < BUDGET_SECONDS):
            level, start, end = found[place % len(found)]
            repaired[level.name] += self._repair(level, start, end)
            place, compared = place + 1, compared + 1
        self._place = place % len(found)
        marked = ", ".join(f"{level} {buckets}" for level, buckets in repaired.items() if buckets)
        return f"{compared} of {len(found)} slices: {marked or 'all agree'}"

    def _repair(self, level: RollupLevel, start: datetime, end: datetime) -> int:
        problems = compare(self._database, level, start, end)
        if not problems:
            return 0
        buckets = {_bucket(problem) for problem in problems}
        with self._database.begin() as connection:
            marked = mark_buckets(connection, level, buckets)
        for problem in problems[:NAMED_AT_MOST]:
            log.error("%s", problem)
        log.error("%d %s buckets are computed again, as they are not what they are made of", marked, level.name)
        self._repaired(level.name, marked)
        return marked


def _bucket(problem: Problem) -> Bucket:
    return problem.event_name, problem.bucket_start


def rebuild(
    database: Database,
    start: datetime,
    end: datetime,
    *,
    declared: Declared = NOTHING_DECLARED,
) -> int:
    """Compute every bucket again that begins in a span (aware; widened to whole buckets), as far as what it is made of
    is there; how many were marked, those of minutes, hours and days. ``declared``: what the catalog does.
    """
    marked = 0
    for level in LEVELS:
        first, last = _at(start, level.width), _at(end, level.width)
        with database.begin() as connection:
            marked += mark_between(connection, level, first, last if last == end else last + level.width)
    roll_up_all(database, declared=declared)
    return marked


def _at(moment: datetime, width: timedelta) -> datetime:
    """Return the start of the bucket that holds a moment."""
    return moment - (moment - datetime.fromtimestamp(0, moment.tzinfo)) % width
