"""Fives: five minutes of an event in one bucket, so that a day is read from 288 rows and not from 1,440.

They are a means and no level: nothing names them but what reads minutes (``db.series_statement``), and they may all be
deleted at any time. A five is exactly what its minutes are together. It lists every value that they list, where hours
list the most frequent ones, so an answer is the same whether it comes from fives or from minutes.

They are rows of the type ``five`` beside those of the levels. A trigger marks the five of each minute that is written
or deleted (``stale_fives``), in the transaction that does so: a pass, the merge of late events, a rebuild, a version
that knows no fives. Where a five is marked, minutes are read. A pass folds those that are marked and over; one that
can't be folded stays marked until one of its minutes changes. So from ``fives_since`` on it holds that a five that is
not marked has a row that is the fold of its minutes, or has neither.
"""

from datetime import datetime

from sqlalchemy import Connection, text

from db.fold import KEYS
from db.keys import BucketKeys, bucket_arrays
from db.levels import FIVE
from db.rollups import rebuild

# The open five is read as minutes: it would be folded with each pass.
_DUE = text(
    bucket_arrays("""
    SELECT event_name, bucket_start, statement_timestamp() AS marked_at FROM stale_fives
    WHERE NOT unfoldable AND bucket_start <= clock_timestamp() - CAST(:width AS interval)
    ORDER BY bucket_start DESC, event_name DESC LIMIT :limit
""")
)
# To fold them deletes those that there were, which marks them: marks go at last.
_FOLDED = text(f"""
WITH {KEYS}
DELETE FROM stale_fives AS stale USING keys
WHERE stale.event_name = keys.event_name AND stale.bucket_start = keys.bucket_start
""")
_UNFOLDABLE = text(f"""
WITH {KEYS}
INSERT INTO stale_fives (event_name, bucket_start, unfoldable) SELECT event_name, bucket_start, true FROM keys
""")


def fold(connection: Connection, limit: int) -> bool:
    """Fold up to ``limit`` fives that are marked and over, newest first; whether there may be more.

    The caller holds the rollup lock.
    """
    row = connection.execute(_DUE, {"width": FIVE.width, "limit": limit}).one_or_none()
    if row is None:
        return False
    keys = BucketKeys(*row)
    failed = rebuild(connection, FIVE, keys)
    connection.execute(_FOLDED, keys.parameters())
    for each, _ in failed:
        connection.execute(_UNFOLDABLE, each.parameters())
    return len(keys) >= limit


_FORGET = [
    text("DELETE FROM telemetry_splits WHERE bucket_type = :five AND bucket_start < :floor"),
    text("DELETE FROM telemetry_buckets WHERE bucket_type = :five AND bucket_start < :floor"),
    text("DELETE FROM stale_fives WHERE bucket_start < :floor"),
]


def forget_below(connection: Connection, floor: datetime) -> None:
    """Delete the fives of minutes that are purged, and their marks. The caller holds the rollup lock."""
    for statement in _FORGET:
        connection.execute(statement, {"five": FIVE.name, "floor": floor})
