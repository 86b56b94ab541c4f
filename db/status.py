"""How far the pipeline has come: what waits in collectors and what waits to be rolled up."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from db.floors import Floor, read_floors

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
    """

    complete_through: datetime
    now: datetime
    oldest_dirty_at: datetime | None
    dirty: int
    collectors: tuple[CollectorStatus, ...]
    raw_floor: datetime | None
    floors: Mapping[str, Floor]


def pipeline_status(connection: Connection) -> PipelineStatus:
    """Read the status: cheap enough for every page refresh.

    The watermark goes by arrival, so a late event does not set it back: it is the oldest of what live collectors hold,
    the marks that wait, and now.
    """
    # The heartbeats come before the marks: an event that moves from a buffer to the log in between is seen twice, and
    # never not at all.
    collectors = tuple(_collectors(connection))
    dirty, oldest, now = connection.execute(
        text("SELECT count(*), min(marked_at), clock_timestamp() FROM rollup_dirty")
    ).one()
    floors = read_floors(connection)
    now, oldest_dirty = now.astimezone(UTC), None if oldest is None else oldest.astimezone(UTC)
    waiting = [each.oldest_buffered_at or each.seen_at for each in collectors if each.live]
    return PipelineStatus(
        complete_through=min([now, *waiting, *([oldest_dirty] if oldest_dirty else [])]),
        now=now,
        oldest_dirty_at=oldest_dirty,
        dirty=dirty,
        collectors=collectors,
        raw_floor=floors["raw"].recompute,
        floors=floors,
    )


_COLLECTORS = text(
    "SELECT collector_id, host, pid, seen_at, oldest_buffered_at, accounting, "
    "seen_at > clock_timestamp() - CAST(:live_for AS interval) AS live FROM collectors ORDER BY started_at"
)


def _collectors(connection: Connection) -> list[CollectorStatus]:
    return [
        CollectorStatus(
            collector_id=row.collector_id,
            host=row.host,
            pid=row.pid,
            seen_at=row.seen_at.astimezone(UTC),
            oldest_buffered_at=None if row.oldest_buffered_at is None else row.oldest_buffered_at.astimezone(UTC),
            accounting=row.accounting,
            live=row.live,
        )
        for row in connection.execute(_COLLECTORS, {"live_for": LIVE_FOR})
    ]


def server_version(connection: Connection) -> int:
    """The server's version as a number: 180006 is 18.6."""
    return int(connection.execute(text("SHOW server_version_num")).scalar_one())
