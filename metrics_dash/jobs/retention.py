"""Retention: what may be dropped, level by level, and when. ``db.floors`` says how no bucket is ever half purged."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Literal

from sqlalchemy import Connection

from db.audit_log import append
from db.buckets import count_before, purge_buckets_before, purge_floor
from db.clock import clock_offset, disagreement, trusted_time, watch_clock
from db.engine import Database
from db.floors import PurgeBlockedError, PurgeRefusedError, align, dirty_below, hold, read_floors
from db.jobs import history_arrived
from db.levels import LEVEL_NAMES, LEVELS
from db.names import forget_names
from db.partitions import partitions_before, purge_events_before
from metrics_dash.jobs.rollup import roll_up
from metrics_dash.settings import Settings

log = logging.getLogger(__name__)

# Somebody who imports history must not have it cut off under their hands: while batches older than the cutoff keep
# arriving, at most this long apart, the purge waits; but not for ever.
QUIET_BEFORE_PURGE = timedelta(minutes=10)
LONGEST_HOLD = timedelta(hours=6)

# blocked: it may go next time, refused: somebody must look.
Outcome = Literal["purged", "nothing", "held", "blocked", "refused"]


@dataclass(frozen=True, slots=True)
class LevelReport:
    """What became of a level. ``before``: what is older goes (a UTC midnight), None where the finer level is whole.

    ``removed`` counts partitions for ``raw`` and buckets for the others; in a dry run those that would go. ``reason``
    says why a purge was held, blocked or refused.
    """

    level: str
    before: datetime | None
    outcome: Outcome
    removed: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PurgeReport:
    """A purge, level by level from raw to day."""

    levels: tuple[LevelReport, ...]
    dry_run: bool

    @property
    def refused(self) -> bool:
        """Whether some level could not be purged until somebody looks."""
        return any(level.outcome == "refused" for level in self.levels)

    @property
    def finished(self) -> bool:
        """Whether everything that was due has gone, or is held on purpose."""
        return not any(level.outcome in ("blocked", "refused") for level in self.levels)

    def summary(self) -> str:
        """Return one line for people."""
        reasons = dict.fromkeys(level.reason for level in self.levels if level.reason)
        outcomes = ", ".join(f"{level.level}: {level.outcome} {level.removed}" for level in self.levels)
        return "; ".join((outcomes, *reasons))


def retention_periods(settings: Settings) -> dict[str, timedelta]:
    """Return how long each level is kept."""
    return {name: getattr(settings, f"{name}_retention") for name in LEVEL_NAMES}


def purge(
    database: Database,
    periods: Mapping[str, timedelta] | Settings,
    now: datetime | None = None,
    *,
    dry_run: bool = False,
    host_clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> PurgeReport:
    """Drop what is past its period at every level, whole UTC days, finest level first.

    ``periods``: by level, or the settings. Only the database's clock decides, as far as ``db.clock`` trusts it; an
    aware ``now`` that is earlier purges as of then. While ``host_clock`` says something else nothing is purged: one of
    the two is wrong. A level that can't be purged is reported, logged, and tried again; coarser ones never go past it.
    """
    by_level = retention_periods(periods) if isinstance(periods, Settings) else periods
    with database.begin() as connection:
        trusted = trusted_time(connection) if dry_run else watch_clock(connection).trusted_at
        differ = disagreement(clock_offset(connection, host_clock()))
    if differ is not None:
        return PurgeReport(tuple(LevelReport(level, None, "blocked", reason=differ) for level in by_level), dry_run)
    now = min(now or trusted, trusted)
    cutoffs = {level: align(now - period) for level, period in by_level.items()}
    reports = [_raw(database, cutoffs["raw"], now, dry_run)]
    reports += [_buckets(database, level.name, cutoffs[level.name], dry_run) for level in LEVELS]
    report = PurgeReport(tuple(reports), dry_run)
    if not dry_run:
        forget_names(database)
        if any(level.removed for level in reports):
            with database.begin() as connection:
                append(connection, "retention", "purge", report.summary())
    return report


def _raw(database: Database, cutoff: datetime, now: datetime, dry_run: bool) -> LevelReport:
    report = partial(LevelReport, "raw", cutoff)
    with database.begin() as connection:
        held = _held_since(connection, cutoff, now)
        if not dry_run:
            hold(connection, "raw", held)
        due = len(partitions_before(connection, cutoff))
        dirty = dirty_below(connection, cutoff)
    if held is not None:
        return report("held", reason=f"history older than the cutoff is arriving; held since {held.isoformat()}")
    if dry_run:
        # A real purge would roll up first what is dirty below the cutoff.
        return report("purged" if due else "nothing", removed=due, reason=f"{dirty} dirty" if dirty else "")
    try:
        dropped = purge_events_before(cutoff, database=database, drain=_drain)
    except PurgeRefusedError as refusal:
        log.error("raw events were not purged: %s", refusal)
        return report("refused", reason=str(refusal))
    except PurgeBlockedError as blocked:
        log.warning("raw events are not purged yet: %s", blocked)
        return report("blocked", reason=str(blocked))
    return report("purged" if dropped else "nothing", removed=dropped)


def _held_since(connection: Connection, cutoff: datetime, now: datetime) -> datetime | None:
    """Since when the purge of raw waits for an import; None if it need not, or has for long enough."""
    floor = read_floors(connection)["raw"]
    if not history_arrived(connection, below=cutoff, floor=floor.ingest, within=QUIET_BEFORE_PURGE):
        return None
    since = floor.held_since or now
    return since if now - since < LONGEST_HOLD else None


def _drain(connection: Connection) -> None:
    while roll_up(connection).more:
        pass


def _buckets(database: Database, level: str, cutoff: datetime, dry_run: bool) -> LevelReport:
    with database.begin() as connection:
        before = purge_floor(connection, level, cutoff)
        due = count_before(connection, level, before) if before is not None else 0
    if before is None or dry_run:
        return LevelReport(level, before, "purged" if due else "nothing", due)
    try:
        removed = purge_buckets_before(level, cutoff, database=database, drain=_drain)
    except PurgeRefusedError as refusal:
        log.error("%s buckets were not purged: %s", level, refusal)
        return LevelReport(level, before, "refused", reason=str(refusal))
    return LevelReport(level, before, "purged" if removed else "nothing", removed)
