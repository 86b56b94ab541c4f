"""Rollup: the pass that computes dirty buckets again, level by level (``db.levels``).

A pass is one transaction under one lock, so any number of processes may run passes at any time: running one twice,
late, or after an outage changes nothing that is right. ``db.rollups`` has the statements and says why they hold.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from sqlalchemy import Connection

from db import failures, fives, late, rollups, slices
from db.declared import Declared, declare
from db.engine import Database
from db.floors import read_floors
from db.keys import BucketKeys
from db.levels import LEVELS, RAW, RollupLevel

log = logging.getLogger(__name__)

NOTHING_DECLARED = Declared()

# Buckets that one pass recomputes per level, at most. Ten thousand minute buckets are 15 hours of eleven names.
PASS_LIMIT = 10_000
LEAST_LIMIT = 100
# Of those that an older version made, at most so many: nobody waits for what they lack.
OUTDATED_PER_PASS = 2_000


@dataclass(frozen=True, slots=True)
class PassResult:
    """What a pass did. ``acted``: it held the lock; if not, another process is at work and nothing else is set.

    ``rebuilt``: buckets computed again, by level. ``refused``: marks below the recompute floor, dropped. ``failed``:
    buckets that could not be computed, and are tried again later. ``more``: some level was cut off at the limit.
    ``outdated``: buckets of an older version that were completed, a few in each pass. ``late``: events merged into
    buckets of which raw events are gone. ``lost``: those that no bucket could take. ``seconds``: how long it took.
    """

    acted: bool
    rebuilt: Mapping[str, int] = field(default_factory=dict)
    refused: int = 0
    failed: int = 0
    more: bool = False
    outdated: int = 0
    late: int = 0
    lost: int = 0
    seconds: float = 0.0

    @property
    def total(self) -> int:
        """Buckets computed again, over all levels."""
        return sum(self.rebuilt.values())


def run_pass(
    database: Database,
    *,
    limit: int = PASS_LIMIT,
    before: datetime | None = None,
    declared: Declared = NOTHING_DECLARED,
) -> PassResult:
    """Fold up to ``limit`` dirty buckets of each level, newest first; returns at once if another process does.

    ``before`` leaves minutes that start at or after it for a later pass. ``declared``: what the catalog does. A late
    event reaches its minute, hour and day in the same pass.
    """
    started = time.monotonic()
    with database.begin() as connection:
        if not rollups.try_lock(connection):
            return PassResult(acted=False)
        declare(connection, declared)
        result = roll_up(connection, limit=limit, before=before)
    return _timed(result, time.monotonic() - started)


def roll_up(connection: Connection, *, limit: int = PASS_LIMIT, before: datetime | None = None) -> PassResult:
    """Return one pass inside a transaction that holds the rollup lock; the caller commits."""
    rollups.prepare(connection)
    floors = read_floors(connection)
    # Read before the marks are taken: what fails in this pass has its turn in a later one.
    any_failed = failures.exist(connection)
    merged = late.merge(connection, floors, limit)
    rebuilt: dict[str, int] = {}
    refused = failed = outdated = 0
    more = merged.more
    for level, coarser in zip(LEVELS, (*LEVELS[1:], None), strict=True):
        floor = floors[level.source].recompute
        refused += rollups.drop_dirty_marks_below(connection, level.name, floor)
        if any_failed:
            failures.give_up_below(connection, level.name, floor)
            failures.absorb_marks(connection, level.name)
        take = _minutes if level.source == RAW else _coarser
        keys, failing = take(connection, level, limit, before)
        again = failures.due(connection, level.name) if any_failed else BucketKeys()
        failed += failing + _rebuild(connection, level, again)
        failures.clear_computed(connection, level.name, again)
        older = rollups.outdated(connection, level.name, floor, min(limit, OUTDATED_PER_PASS))
        failed += _rebuild(connection, level, older)
        outdated += len(older)
        if coarser is not None:
            for those in (*keys, again, older):
                rollups.mark_dirty(connection, coarser, those)
        taken = sum(map(len, keys))
        rebuilt[level.name] = taken + len(again)
        more = more or taken >= limit or len(again) >= failures.RETRIES_PER_PASS
    more = fives.fold(connection, limit) or more
    _alarm(refused, failed, merged.lost)
    return PassResult(
        acted=True,
        rebuilt=rebuilt,
        refused=refused,
        failed=failed,
        more=more,
        outdated=outdated,
        late=merged.taken - merged.lost,
        lost=merged.lost,
    )


def _minutes(
    connection: Connection, level: RollupLevel, limit: int, before: datetime | None
) -> tuple[Sequence[BucketKeys], int]:
    """Take marks of minutes and compute these again: from their slices, as far as they have any that tell all."""
    taken = slices.take(connection, limit, before)
    sliced, cut = slices.make(connection, taken)
    failed = _rebuild(connection, level, taken.whole) + _rebuild(connection, level, cut)
    for each, _ in slices.fold(connection, sliced):
        failed += _rebuild(connection, level, each)
    slices.forget(connection)
    return (taken.whole, taken.minutes), failed


def _coarser(
    connection: Connection, level: RollupLevel, limit: int, before: datetime | None
) -> tuple[Sequence[BucketKeys], int]:
    keys = rollups.take(connection, level.name, limit)
    return (keys,), _rebuild(connection, level, keys)


def _rebuild(connection: Connection, level: RollupLevel, keys: BucketKeys) -> int:
    """Compute buckets again, and record those that can't be; how many those are."""
    failed = rollups.rebuild(connection, level, keys)
    for each, reason in failed:
        failures.record(connection, level.name, each, reason)
    return len(failed)


def roll_up_all(database: Database, *, limit: int = PASS_LIMIT, declared: Declared = NOTHING_DECLARED) -> int:
    """Run passes until nothing is dirty, waiting for a pass of another process; return the buckets computed.

    Those of an older version are completed, too. What could not be computed before is tried once more, now.
    ``declared``: what the catalog does.
    """
    total = 0
    with database.begin() as connection:
        rollups.lock(connection)
        failures.try_all_now(connection)
        declare(connection, declared)
    while True:
        with database.begin() as connection:
            rollups.lock(connection)
            result = roll_up(connection, limit=limit)
        total += result.total
        if not result.more and not result.outdated:
            return total


def _timed(result: PassResult, seconds: float) -> PassResult:
    return replace(result, seconds=seconds)


def _alarm(refused: int, failed: int, lost: int) -> None:
    if refused:
        log.error(
            "%d dirty marks lay below a recompute floor and were dropped; those buckets keep their state", refused
        )
    if failed:
        log.error("%d buckets could not be computed and keep their state; audit and doctor name them", failed)
    if lost:
        log.error("%d late events could not be merged into any bucket; they are in ingest_quarantine", lost)


class RollupJob:
    """The rollup as a recurring job: passes at once while closed buckets are dirty, else one per interval (seconds).

    A pass that takes longer than half the interval makes the open minute wait until no closed one is dirty: freshness
    degrades and lag does not grow. Where none is, the open one has its turn at once. The limit follows what the machine
    can do, so that a pass stays short.
    ``declared``: what the catalog does. ``took`` is told how many seconds each pass took, ``merged`` how many late
    events it merged and how many it set aside.
    """

    def __init__(
        self,
        database: Database,
        interval: float,
        *,
        run: Callable[..., PassResult] = run_pass,
        limit: int = PASS_LIMIT,
        declared: Declared = NOTHING_DECLARED,
        took: Callable[[float], None] = lambda seconds: None,
        merged: Callable[[int, int], None] = lambda events, lost: None,
    ) -> None:
        self._database = database
        self._interval = interval
        self._run = run
        self._most = self._limit = limit
        self._slow = False
        self._declared = declared
        self._took = took
        self._merged = merged

    def __call__(self, slot: datetime) -> bool:
        """Run one pass; True if another should follow at once."""
        before = datetime.now(UTC).replace(second=0, microsecond=0) if self._slow else None
        result = self._run(self._database, limit=self._limit, before=before, declared=self._declared)
        if not result.acted:
            return False
        self._took(result.seconds)
        self._merged(result.late, result.lost)
        self._adapt(result)
        # While closed minutes are behind, the open one waits; a pass that found none lets it in again.
        self._slow = result.more or (result.seconds > self._interval / 2 and result.total > 0)
        return result.more or (before is not None and not result.total)

    def _adapt(self, result: PassResult) -> None:
        if result.seconds > self._interval:
            self._limit = max(LEAST_LIMIT, self._limit // 2)
        elif result.seconds < self._interval / 4:
            self._limit = min(self._most, self._limit * 2)
