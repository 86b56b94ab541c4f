"""Buckets that can't be computed: what the fold makes of their rows is nothing that a bucket can hold.

What makes the next one impossible to overlook: a mark leaves the log only for a bucket that was computed, or for a row
here, and a row here goes only when its bucket is computed or purged. So such a bucket is tried again, ever more rarely
and beside the others, and is named by everything that reads ``uncomputed`` until it is right. Where what it is made of
has been purged it can never be; then its row stays, without a next try, for as long as its level holds that time.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from db.keys import BucketKeys, bucket_arrays

FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)
# So many are tried again in a pass, at most, each by itself: they must not hold up what can be computed.
RETRIES_PER_PASS = 50
# So many are told apart; of more, how many there are is enough.
NAMED_AT_MOST = 200


@dataclass(frozen=True, slots=True)
class UncomputedBucket:
    """A bucket that can't be computed. ``since``: when that was found; ``tries``: how often; ``lost``: it never can be,
    because what it is made of has been purged. Times are aware, UTC."""

    level: str
    event_name: str
    bucket_start: datetime
    since: datetime
    tries: int
    reason: str
    lost: bool

    def __str__(self) -> str:
        tried = "what it is made of is gone" if self.lost else f"tried {self.tries} times"
        return (
            f"{self.level} {self.bucket_start.isoformat()} {self.event_name}: can't be computed since "
            f"{self.since:%Y-%m-%d %H:%M} UTC ({self.reason}; {tried})"
        )


def exist(connection: Connection) -> bool:
    """Return whether any bucket stands here; most of the time none does, and a pass has nothing to do about them."""
    return bool(connection.execute(text("SELECT EXISTS (SELECT FROM rollup_failures)")).scalar_one())


_ABSORB = text("""
DELETE FROM rollup_dirty AS mark USING rollup_failures AS failure
WHERE failure.level = :level AND mark.level = failure.level AND mark.bucket_start = failure.bucket_start
    AND mark.event_name = failure.event_name
""")


def absorb_marks(connection: Connection, level: str) -> None:
    """Take the marks of buckets that stand here out of the log: their row is a mark, and says when to try again."""
    connection.execute(_ABSORB, {"level": level})


_DUE = text(
    bucket_arrays("""
    SELECT event_name, bucket_start, failed_at AS marked_at FROM rollup_failures
    WHERE level = :level AND next_try_at <= clock_timestamp()
    ORDER BY next_try_at LIMIT :limit
""")
)


def due(connection: Connection, level: str) -> BucketKeys:
    """Return the buckets of a level whose next try has come, the longest due first."""
    row = connection.execute(_DUE, {"level": level, "limit": RETRIES_PER_PASS}).one_or_none()
    return BucketKeys() if row is None else BucketKeys(*row)


_RECORD = text("""
INSERT INTO rollup_failures AS failure (level, event_name, bucket_start, reason, next_try_at)
SELECT :level, event_name, bucket_start, :reason, clock_timestamp() + CAST(:pause AS interval)
FROM unnest((CAST(:names AS text[]))[:first : :last], (CAST(:starts AS timestamptz[]))[:first : :last])
    AS key (event_name, bucket_start)
ON CONFLICT (level, event_name, bucket_start) DO UPDATE SET
    tries = failure.tries + 1,
    reason = excluded.reason,
    next_try_at = clock_timestamp()
        + least(CAST(:pause AS interval) * power(2, least(failure.tries, 20)), CAST(:longest AS interval))
""")


def record(connection: Connection, level: str, keys: BucketKeys, reason: str) -> None:
    """Write down why these buckets could not be computed, and when to try again."""
    pauses = {"pause": FIRST_PAUSE, "longest": LONGEST_PAUSE}
    connection.execute(_RECORD, {"level": level, "reason": reason, **pauses, **keys.parameters()})


_CLEAR = text("""
DELETE FROM rollup_failures AS failure
USING unnest((CAST(:names AS text[]))[:first : :last], (CAST(:starts AS timestamptz[]))[:first : :last])
    AS key (event_name, bucket_start)
WHERE failure.level = :level AND failure.event_name = key.event_name AND failure.bucket_start = key.bucket_start
    AND failure.next_try_at <= clock_timestamp()
""")


def clear_computed(connection: Connection, level: str, tried: BucketKeys) -> None:
    """Take those of the tried buckets off that were computed: whatever was not has been recorded for a later try."""
    if tried:
        connection.execute(_CLEAR, {"level": level, **tried.parameters()})


def try_all_now(connection: Connection) -> None:
    """Let the next pass try every bucket that stands here, whenever its turn would be."""
    connection.execute(
        text("UPDATE rollup_failures SET next_try_at = clock_timestamp() WHERE next_try_at < 'infinity'")
    )


def give_up_below(connection: Connection, level: str, floor: datetime | None) -> None:
    """No next try for the buckets of ``level`` below ``floor``: what they would be computed from is gone."""
    if floor is not None:
        connection.execute(
            text(
                "UPDATE rollup_failures SET next_try_at = 'infinity' WHERE level = :level AND bucket_start < :floor "
                "AND next_try_at < 'infinity'"
            ),
            {"level": level, "floor": floor},
        )


def forget_below(connection: Connection, level: str, floor: datetime) -> None:
    """Forget what could not be computed of the buckets of ``level`` below ``floor``, which are purged."""
    connection.execute(
        text("DELETE FROM rollup_failures WHERE level = :level AND bucket_start < :floor"),
        {"level": level, "floor": floor},
    )


# A column of a statement, so that whoever reads the pipeline's status reads this with it.
UNCOMPUTED_SQL = f"""(
    SELECT jsonb_agg(to_jsonb(failure)) FROM (
        SELECT level, event_name, bucket_start, failed_at, tries, reason, next_try_at = 'infinity' AS lost,
            count(*) OVER () AS total
        FROM rollup_failures ORDER BY next_try_at = 'infinity', failed_at, level, event_name, bucket_start
        LIMIT {NAMED_AT_MOST}
    ) AS failure
)"""


def parse_uncomputed(rows: Iterable[Mapping[str, Any]] | None) -> tuple[UncomputedBucket, ...]:
    """Return the buckets in the answer to ``UNCOMPUTED_SQL``."""
    return tuple(
        UncomputedBucket(
            row["level"],
            row["event_name"],
            datetime.fromisoformat(row["bucket_start"]).astimezone(UTC),
            datetime.fromisoformat(row["failed_at"]).astimezone(UTC),
            row["tries"],
            row["reason"],
            row["lost"],
        )
        for row in rows or ()
    )


def uncomputed(connection: Connection) -> tuple[UncomputedBucket, ...]:
    """Return the buckets that can't be computed, the longest known first and at most ``NAMED_AT_MOST``."""
    return parse_uncomputed(connection.execute(text(f"SELECT {UNCOMPUTED_SQL}")).scalar_one())
