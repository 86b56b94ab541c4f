"""How far the pipeline has come: what waits in collectors and what waits to be rolled up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from db.clock import offset_between
from db.collectors import LIVE_FOR, REFUSED_EVENT
from db.failures import UNCOMPUTED_SQL, UncomputedBucket, parse_uncomputed
from db.floors import Floor
from db.planned import for_driver
from db.replica import Mark, replayed_through


@dataclass(frozen=True, slots=True)
class CollectorStatus:
    """The last heartbeat of a process that collects. ``live``: it was heard of within ``LIVE_FOR``."""

    collector_id: UUID
    host: str
    pid: int
    seen_at: datetime
    oldest_buffered_at: datetime | None
    accounting: Mapping[str, Any]
    live: bool

    @property
    def counts(self) -> bool:
        """Whether it holds the watermark: silence says nothing about events that it held when last heard of.

        So it counts until they are stored, it has left, or its process is known to be dead and it was buried.
        """
        return self.live or self.oldest_buffered_at is not None


@dataclass(frozen=True, slots=True)
class PipelineStatus:
    """The pipeline at one instant; all times aware, UTC.

    ``complete_through``: every event that arrived before it is in the buckets. ``dirty``: marks in the log, the oldest
    made at ``oldest_dirty_at``. ``raw_floor``: older raw events are gone; None before the first purge.
    ``ever_refused``: a collector has reported refused events, some time. ``uncomputed``: buckets that can't be
    computed; the watermark does not wait for them. ``clock_offset``: how far the database's clock was ahead of that of
    the machine that asked.

    ``now``: the instant that this speaks of. On a replica that is what it has certainly replayed, by the primary's
    clock, and ``asked_at`` is later by as much as the replica may be behind; on a primary they are one.
    ``position``: how far in the WAL the answering server was, where there is a replica.
    """

    complete_through: datetime
    now: datetime
    oldest_dirty_at: datetime | None
    dirty: int
    collectors: tuple[CollectorStatus, ...]
    raw_floor: datetime | None
    floors: Mapping[str, Floor]
    ever_refused: bool = False
    uncomputed: tuple[UncomputedBucket, ...] = ()
    replica: bool = False
    asked_at: datetime | None = None
    position: str | None = None
    clock_offset: timedelta = timedelta(0)


def pipeline_status(connection: Connection, mark: Mark | None = None) -> PipelineStatus:
    """Read the status: cheap enough for every page refresh.

    The watermark goes by arrival, so a late event does not set it back: it is the oldest of what collectors hold, the
    marks that wait, and now. ``mark``: how far the primary is known to have been, for a replica to compare.
    """
    before = datetime.now(UTC)
    rows = _read(connection, None)
    after = datetime.now(UTC)
    offset = offset_between(before, rows[0].asked_at.astimezone(UTC), after)
    if rows[0].replica:
        # Once more: what was replayed before a statement is in its snapshot, what was replayed during it may not be.
        rows = _read(connection, replayed_through(connection, mark))
    first = rows[0]
    now, oldest_dirty = first.now.astimezone(UTC), _utc(first.oldest_dirty_at)
    collectors = tuple(_collector(row) for row in rows if row.collector_id is not None)
    floors = {row.level: Floor(_utc(row.ingest), _utc(row.recompute), _utc(row.held_since)) for row in rows}
    waiting = [each.oldest_buffered_at or each.seen_at for each in collectors if each.counts]
    return PipelineStatus(
        complete_through=min([now, *waiting, *([oldest_dirty] if oldest_dirty else [])]),
        now=now,
        oldest_dirty_at=oldest_dirty,
        dirty=first.dirty,
        collectors=collectors,
        raw_floor=floors["raw"].recompute,
        floors=floors,
        ever_refused=first.ever_refused,
        uncomputed=parse_uncomputed(first.uncomputed),
        replica=first.replica,
        asked_at=first.asked_at.astimezone(UTC),
        clock_offset=offset,
    )


def _read(connection: Connection, replayed_at: datetime | None) -> Sequence[Row[Any]]:
    values = {"live_for": LIVE_FOR, "refused": REFUSED_EVENT, "replayed_at": replayed_at}
    return connection.exec_driver_sql(_STATUS, values).all()


# One statement, so one snapshot: an event that moves from a buffer to the log is seen in one of the two. The time is
# the statement's, which is no later than its snapshot; a replica's snapshot may be older by any length, so there it is
# the newest of what the snapshot proves by itself (a heartbeat) and of what was known to be replayed before. Whether a
# collector lives is seen from there, too. The collectors stand beside raw's floor, once each.
_STATUS = for_driver(f"""
WITH instant AS (
    SELECT CASE WHEN pg_is_in_recovery() THEN least(statement_timestamp(), coalesce(
        greatest((SELECT max(seen_at) FROM collectors), CAST(:replayed_at AS timestamptz)), 'epoch'))
        ELSE statement_timestamp() END AS now
)
SELECT now, statement_timestamp() AS asked_at, pg_is_in_recovery() AS replica,
    {UNCOMPUTED_SQL} AS uncomputed, dirty, oldest_dirty_at,
    level, NULLIF(ingest_floor, '-infinity') AS ingest, NULLIF(recompute_floor, '-infinity') AS recompute, held_since,
    collector_id, host, pid, seen_at, oldest_buffered_at, accounting,
    EXISTS (SELECT FROM event_names WHERE event_name = :refused) AS ever_refused,
    seen_at > now - CAST(:live_for AS interval) AS live
FROM retention_floors
    CROSS JOIN instant
    CROSS JOIN (SELECT count(*) AS dirty, min(marked_at) AS oldest_dirty_at FROM rollup_dirty) AS log
    LEFT JOIN collectors ON level = 'raw'
ORDER BY started_at
""")


def _collector(row: Row[Any]) -> CollectorStatus:
    return CollectorStatus(
        collector_id=row.collector_id,
        host=row.host,
        pid=row.pid,
        seen_at=row.seen_at.astimezone(UTC),
        oldest_buffered_at=_utc(row.oldest_buffered_at),
        accounting=row.accounting,
        live=row.live,
    )


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)


def server_version(connection: Connection) -> int:
    """Return the server's version as a number: 180006 is 18.6."""
    return int(connection.execute(text("SHOW server_version_num")).scalar_one())
