"""Slices of ten seconds, from which an open minute is folded, and which of them a mark stands for.

The version before marks whole minutes, and folds whole minutes, whatever a mark says of slices: what it writes says
nothing of them, and so is folded from raw events.
"""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE slice_buckets (
    LIKE telemetry_buckets INCLUDING DEFAULTS,
    cut boolean NOT NULL DEFAULT false,
    CONSTRAINT slice_buckets_pkey PRIMARY KEY (event_name, bucket_start)
);
CREATE TABLE slice_splits (
    LIKE telemetry_splits INCLUDING DEFAULTS,
    samples bigint NOT NULL,
    CONSTRAINT slice_splits_pkey PRIMARY KEY (event_name, bucket_start, dimension, value)
);
"""

# Nothing is rewritten, and a moment alone with both is enough. It is asked for shortly and again, as migration 0007
# does: whoever holds one of them may be about to read the other.
ALONE = """
DO $migration$
DECLARE before text := current_setting('lock_timeout');
BEGIN
    FOR attempt IN 1..120 LOOP
        BEGIN
            PERFORM set_config('lock_timeout', '300ms', true);
            ALTER TABLE rollup_dirty ADD COLUMN slices smallint;
            ALTER TABLE telemetry_buckets ADD COLUMN sliced boolean;
            EXIT;
        EXCEPTION WHEN lock_not_available THEN
            IF attempt = 120 THEN
                RAISE;
            END IF;
            PERFORM pg_sleep(0.1 + 0.2 * random());
        END;
    END LOOP;
    PERFORM set_config('lock_timeout', before, true);
END
$migration$;
"""

# Flushes, heartbeats and passes read or write these last: who drops them while they go on waits for them first, and not
# with a table in hand. Nothing is lost: a slice is a part of a minute that stands.
DOWN = """
SELECT pg_advisory_xact_lock(7306001);
LOCK TABLE collectors, retention_floors, ingest_batches, rollup_dirty IN ACCESS EXCLUSIVE MODE;
DROP TABLE slice_buckets, slice_splits;
ALTER TABLE rollup_dirty DROP COLUMN slices;
ALTER TABLE telemetry_buckets DROP COLUMN sliced;
"""


def upgrade() -> None:
    op.execute(UP)
    op.execute(ALONE)


def downgrade() -> None:
    op.execute(DOWN)
