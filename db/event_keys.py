"""What events name: their measurements and metadata keys that buckets tell apart, see ``db.fold``."""

from collections.abc import Collection, Mapping

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


# Buckets know only what was declared when they were made, so those that can be made again are.
_DECLARE = text("""
WITH declared AS (
    INSERT INTO event_keys (event_name, kind, key)
    SELECT event_name, :kind, key
    FROM unnest(CAST(:names AS text[]), CAST(:keys AS text[])) AS declared (event_name, key)
    ON CONFLICT DO NOTHING RETURNING event_name
)
INSERT INTO rollup_dirty (level, event_name, bucket_start)
SELECT 'minute', event_name, bucket_start FROM telemetry_buckets
WHERE bucket_type = 'minute' AND event_name IN (SELECT event_name FROM declared)
    AND bucket_start >= (SELECT recompute_floor FROM retention_floors WHERE level = 'raw')
""")


def declare_unique(connection: Connection, keys: Mapping[str, Collection[str]]) -> None:
    """Count the values of these metadata keys of events once each, from now on and as far back as raw events are held.

    What was declared before stays so: another process may have another catalog. The caller holds the rollup lock.
    """
    _declare(connection, "unique", keys)


def declare_splits(connection: Connection, dimensions: Mapping[str, Collection[str]]) -> None:
    """Keep what events hold for each value of these metadata keys apart (``db.splits``): as ``declare_unique`` does."""
    _declare(connection, "split", dimensions)


def _declare(connection: Connection, kind: str, keys: Mapping[str, Collection[str]]) -> None:
    pairs = [(name, key) for name, fields in keys.items() for key in fields]
    if pairs:
        names, fields = zip(*pairs, strict=True)
        connection.execute(_DECLARE, {"kind": kind, "names": list(names), "keys": list(fields)})


# While an event has any bucket, not even one of its keys could be given to another: buckets that count that one under
# the rest would name it when they are computed again.
_FORGET = text("""
DELETE FROM event_keys AS named
WHERE NOT EXISTS (SELECT FROM telemetry_buckets AS bucket WHERE bucket.event_name = named.event_name)
    AND NOT EXISTS (SELECT FROM rollup_dirty AS mark WHERE mark.event_name = named.event_name)
    AND NOT EXISTS (SELECT FROM rollup_failures AS failure WHERE failure.event_name = named.event_name)
""")


def forget_keys(connection: Connection) -> None:
    """Forget the keys of events that nothing is left of. The caller holds the rollup lock."""
    connection.execute(_FORGET)
