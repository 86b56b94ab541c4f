"""What catalogs declare: the events that there are to be, and which of their metadata keys buckets tell more about.

What was declared once stays so: another process may have another catalog.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, text

from db.engine import Database
from db.whole import UNDONE

Keys = Mapping[str, Collection[str]]


@dataclass(frozen=True, slots=True)
class Declared:
    """What one catalog declares. ``events``: names, which cost no quota (``db.names``). ``unique`` and ``split``: by
    event name the metadata keys whose values are counted once each, and those whose values are told apart."""

    events: Collection[str] = ()
    unique: Keys = field(default_factory=dict)
    split: Keys = field(default_factory=dict)


_EVENTS = text("""
INSERT INTO declared_events (event_name) SELECT unnest(CAST(:names AS text[])) ON CONFLICT DO NOTHING
""")

# Buckets know only what was declared when they were made, so those that can be made again are.
_KEYS = text(f"""
WITH declared AS (
    INSERT INTO event_keys (event_name, kind, key)
    SELECT event_name, :kind, key
    FROM unnest(CAST(:names AS text[]), CAST(:keys AS text[])) AS declared (event_name, key)
    ON CONFLICT DO NOTHING RETURNING event_name, kind, key
),{UNDONE}
INSERT INTO rollup_dirty (level, event_name, bucket_start)
SELECT 'minute', event_name, bucket_start FROM telemetry_buckets
WHERE bucket_type = 'minute' AND event_name IN (SELECT event_name FROM declared)
    AND bucket_start >= (SELECT recompute_floor FROM retention_floors WHERE level = 'raw')
""")


def let_in(database: Database, events: Collection[str]) -> None:
    """Let these events in whatever their number. Who takes events does so first: an event that is refused is gone."""
    with database.begin() as connection:
        _let_in(connection, events)


def _let_in(connection: Connection, events: Collection[str]) -> None:
    if events:
        connection.execute(_EVENTS, {"names": sorted(events)})


def declare(connection: Connection, declared: Declared) -> None:
    """Let these events in whatever their number, and tell more about their keys from now on and as far back as raw
    events are held. The caller holds the rollup lock."""
    _let_in(connection, declared.events)
    for kind, keys in (("unique", declared.unique), ("split", declared.split)):
        pairs = [(name, key) for name, fields in keys.items() for key in fields]
        if pairs:
            names, fields = zip(*pairs, strict=True)
            connection.execute(_KEYS, {"kind": kind, "names": list(names), "keys": list(fields)})


def declared_events(connection: Connection) -> set[str]:
    """Return the names of all events that any catalog declared."""
    return set(connection.execute(text("SELECT event_name FROM declared_events")).scalars())
