"""The heartbeats of the processes that collect, from which every page knows what is still on its way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, text

# What collectors report about refusals, through the same pipeline as everything else.
REFUSED_EVENT = "metrics_dash.collector.refused"
# What each process says of itself once an interval (``metrics_dash.ingest.reports``).
INGEST_EVENT, REFUSALS_EVENT, PROCESS_EVENT = "metrics_dash.ingest", "metrics_dash.refused", "metrics_dash.process"
REPAIRS_EVENT = "metrics_dash.repaired"
OWN_EVENTS = (REFUSED_EVENT, INGEST_EVENT, REFUSALS_EVENT, PROCESS_EVENT, REPAIRS_EVENT)
# A collector that said nothing for this long is silent: dead, or cut off.
LIVE_FOR = timedelta(seconds=30)


def refused_pair(name: str, reason: str) -> str:
    """Return the one value that stands for both: buckets count each key's values, and not what came together."""
    return f"{name} {reason}"


def parted_pair(what: str) -> tuple[str, str]:
    """Return the name and the reason of a ``refused_pair``."""
    name, _, reason = what.partition(" ")
    return name, reason


def transaction_time(connection: Connection) -> datetime:
    """Return when the connection's transaction began, by the server's clock; begins it if need be."""
    moment: datetime = connection.execute(text("SELECT now()")).scalar_one()
    return moment


def beat(
    connection: Connection,
    collector_id: UUID,
    *,
    host: str,
    pid: int,
    seen_at: datetime,
    oldest_buffered_at: datetime | None,
    accounting: Mapping[str, object],
) -> None:
    """Say that a collector lives.

    ``seen_at`` must be no later than the moment at which the buffer was looked at: what arrived before it and is not
    committed is not older than ``oldest_buffered_at`` (None: everything is committed). Both are aware.
    """
    connection.execute(
        text(
            "INSERT INTO collectors (collector_id, host, pid, seen_at, oldest_buffered_at, accounting) "
            "VALUES (:collector_id, :host, :pid, :seen_at, :oldest, :accounting) "
            "ON CONFLICT (collector_id) DO UPDATE SET seen_at = excluded.seen_at, "
            "oldest_buffered_at = excluded.oldest_buffered_at, accounting = excluded.accounting"
        ),
        {
            "collector_id": collector_id,
            "host": host,
            "pid": pid,
            "seen_at": seen_at,
            "oldest": oldest_buffered_at,
            "accounting": Jsonb(dict(accounting)),
        },
    )


def leave(connection: Connection, collector_id: UUID) -> None:
    """Take a collector that has stored everything off the list."""
    bury(connection, [collector_id])


@dataclass(frozen=True, slots=True)
class SilentCollector:
    """A collector that fell silent without leaving; ``held``: the events that it had not stored when last heard of."""

    collector_id: UUID
    pid: int
    started_at: datetime
    held: int


def silent_on(connection: Connection, host: str) -> list[SilentCollector]:
    """Return the collectors of a host that are silent."""
    rows = connection.execute(
        text(
            "SELECT collector_id, pid, started_at, coalesce((accounting ->> 'buffered')::int, 0) "
            "+ coalesce((accounting ->> 'in_flight')::int, 0) FROM collectors "
            "WHERE host = :host AND seen_at < clock_timestamp() - CAST(:live_for AS interval)"
        ),
        {"host": host, "live_for": LIVE_FOR},
    )
    return [SilentCollector(*row) for row in rows]


def bury(connection: Connection, collector_ids: Sequence[UUID]) -> None:
    """Take collectors off the list: what they hold, if anything, will never come."""
    if collector_ids:
        connection.execute(text("DELETE FROM collectors WHERE collector_id = ANY(:ids)"), {"ids": list(collector_ids)})
