"""What an older version, which checked less, left behind: raw events and buckets that no door lets in any more."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import text

from db.engine import Database
from db.partitions import ensure_partitions


def store_unchecked(database: Database, events: Iterable[Mapping[str, Any]], *, marked: bool = True) -> None:
    """Store events as they are, and mark their minutes."""
    rows = [
        {
            "name": each["event_name"],
            "measurements": json.dumps(each["measurements"]),
            "metadata": json.dumps(each["metadata"]),
            "at": each["occurred_at"],
        }
        for each in events
    ]
    ensure_partitions(database, {row["at"].date() for row in rows})
    with database.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO telemetry_events (event_name, measurements, metadata, occurred_at) "
                "VALUES (:name, CAST(:measurements AS jsonb), CAST(:metadata AS jsonb), :at)"
            ),
            rows,
        )
        if marked:
            connection.execute(
                text(
                    "INSERT INTO rollup_dirty (level, event_name, bucket_start) "
                    "VALUES ('minute', :name, date_bin('1 minute', :at, 'epoch'))"
                ),
                rows,
            )
