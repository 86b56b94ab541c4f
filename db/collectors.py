"""The heartbeats of the processes that collect, from which every page knows what is still on its way."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, text

# What collectors report about refusals, through the same pipeline as everything else.
REFUSED_EVENT = "metrics_dash.collector.refused"
# A process that went silent this long ago is history; its row only grows the table.
FORGET_AFTER = timedelta(days=1)


def transaction_time(connection: Connection) -> datetime:
    """When the connection's transaction began, by the server's clock; begins it if need be."""
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
    """Take a collector that has stored everything off the list, and those that fell silent long ago."""
    connection.execute(
        text(
            "DELETE FROM collectors WHERE collector_id = :collector_id "
            "OR seen_at < clock_timestamp() - CAST(:forget_after AS interval)"
        ),
        {"collector_id": collector_id, "forget_after": FORGET_AFTER},
    )
