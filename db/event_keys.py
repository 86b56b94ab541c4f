"""What events name: their measurements and metadata keys that buckets tell apart, see ``db.fold``."""

from sqlalchemy import Connection, text

from db.labels import OTHER


def crowded_events(connection: Connection) -> list[str]:
    """Return the events that send more measurements or metadata keys than are told apart; the rest is counted as
    OTHER."""
    return list(
        connection.execute(
            text("SELECT DISTINCT event_name FROM event_keys WHERE key = :other ORDER BY 1"), {"other": OTHER}
        ).scalars()
    )


# While an event has any bucket, not even one of its keys could be given to another: buckets that count that one under
# the rest would name it when they are computed again.
_FORGET = """
DELETE FROM {} AS named
WHERE NOT EXISTS (SELECT FROM telemetry_buckets AS bucket WHERE bucket.event_name = named.event_name)
    AND NOT EXISTS (SELECT FROM rollup_dirty AS mark WHERE mark.event_name = named.event_name)
    AND NOT EXISTS (SELECT FROM rollup_failures AS failure WHERE failure.event_name = named.event_name)
"""


def forget_keys(connection: Connection) -> None:
    """Forget the keys of events that nothing is left of. The caller holds the rollup lock."""
    for table in ("event_keys", "whole_keys"):
        connection.execute(text(_FORGET.format(table)))
