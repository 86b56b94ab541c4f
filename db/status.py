"""How far the pipeline has come: what waits in collectors and what waits to be rolled up."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from db.collectors import REFUSED_EVENT
from db.failures import UNCOMPUTED_SQL, UncomputedBucket, parse_uncomputed
from db.floors import Floor

# A collector that said nothing for this long holds nothing up any more.
LIVE_FOR = timedelta(seconds=30)


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


@dataclass(frozen=True, slots=True)
class PipelineStatus:
    """The pipeline at one instant; all times aware, UTC.

    ``complete_through``: every event that arrived before it is in the buckets. ``dirty``: marks in the log, the oldest
    made at ``oldest_dirty_at``. ``raw_floor``: older raw events are gone; None before the first purge.
    ``ever_refused``: a collector has reported refused events, some time. ``uncomputed``: buckets that can't be
    computed; the watermark does not wait for them.
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


def pipeline_status(connection: Connection) -> PipelineStatus:
    """Read the status: cheap enough for every page refresh.

    The watermark goes by arrival, so a late event does not set it back: it is the oldest of what live collectors hold,
    the marks that wait, and now.
    """
    rows = connection.execute(_STATUS, {"live_for": LIVE_FOR, "refused": REFUSED_EVENT}).all()
    first = rows[0]
    now, oldest_dirty = first.now.astimezone(UTC), _utc(first.oldest_dirty_at)
    collectors = tuple(_collector(row) for row in rows if row.collector_id is not None)
    floors = {row.level: Floor(_utc(row.ingest), _utc(row.recompute), _utc(row.held_since)) for row in rows}
    waiting = [each.oldest_buffered_at or each.seen_at for each in collectors if each.live]
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
    )


# One statement, so one snapshot: an event that moves from a buffer to the log is seen in one of the two. The time is
# the statement's, which is no later than its snapshot. The collectors stand beside raw's floor, once each.
_STATUS = text(f"""
SELECT statement_timestamp() AS now, {UNCOMPUTED_SQL} AS uncomputed, dirty, oldest_dirty_at,
    level, NULLIF(ingest_floor, '-infinity') AS ingest, NULLIF(recompute_floor, '-infinity') AS recompute, held_since,
    collector_id, host, pid, seen_at, oldest_buffered_at, accounting,
    EXISTS (SELECT FROM event_names WHERE event_name = :refused) AS ever_refused,
    seen_at > statement_timestamp() - CAST(:live_for AS interval) AS live
FROM retention_floors
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
    """The server's version as a number: 180006 is 18.6."""
    return int(connection.execute(text("SHOW server_version_num")).scalar_one())
