"""Fives: minutes added up by five, for reading a day; and which of them are not what their minutes are.

Whoever writes a minute, or takes one away, says so by a trigger, in the same transaction: also a version before this
one that works beside it.
"""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE stale_fives (
    event_name text NOT NULL,
    bucket_start timestamptz NOT NULL,
    unfoldable boolean NOT NULL DEFAULT false,
    CONSTRAINT stale_fives_pkey PRIMARY KEY (event_name, bucket_start)
);
CREATE TABLE fives_since (
    singleton boolean NOT NULL DEFAULT true,
    since timestamptz NOT NULL,
    CONSTRAINT fives_since_pkey PRIMARY KEY (singleton),
    CONSTRAINT fives_since_singleton CHECK (singleton)
);
"""

# Of minutes below their floor, which a purge takes away, nothing is marked. What is marked already is neither locked
# nor sought again: the open five is, with each pass.
FUNCTIONS = """
CREATE OR REPLACE FUNCTION fives_are_stale() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM changed WHERE bucket_type = ANY (TG_ARGV) AND NOT EXISTS (
            SELECT FROM stale_fives AS stale WHERE NOT unfoldable AND stale.event_name = changed.event_name
                AND stale.bucket_start = date_bin('5 minutes', changed.bucket_start, 'epoch')
        )
    ) THEN
        RETURN NULL;
    END IF;
    INSERT INTO stale_fives (event_name, bucket_start)
    SELECT event_name, bucket_start
    FROM (
        SELECT DISTINCT event_name, date_bin('5 minutes', bucket_start, 'epoch') AS bucket_start FROM changed
        WHERE bucket_type = ANY (TG_ARGV)
    ) AS made
    WHERE bucket_start >= (SELECT since FROM fives_since)
        AND bucket_start >= (SELECT recompute_floor FROM retention_floors WHERE level = 'minute')
        AND NOT EXISTS (
            SELECT FROM stale_fives AS stale WHERE NOT unfoldable
                AND stale.event_name = made.event_name AND stale.bucket_start = made.bucket_start
        )
    ON CONFLICT (event_name, bucket_start) DO UPDATE SET unfoldable = false;
    RETURN NULL;
END $$;
"""

# Nothing is read to check a constraint: what is there kept to a narrower one. Both tables are asked for shortly and
# again, as in migration 0018.
ALONE = """
DO $migration$
DECLARE before text := current_setting('lock_timeout');
BEGIN
    FOR attempt IN 1..120 LOOP
        BEGIN
            PERFORM set_config('lock_timeout', '300ms', true);
            LOCK TABLE telemetry_splits, telemetry_buckets IN ACCESS EXCLUSIVE MODE;
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
CONSTRAINTS = """
ALTER TABLE telemetry_splits DROP CONSTRAINT telemetry_splits_type;
ALTER TABLE telemetry_splits ADD CONSTRAINT telemetry_splits_type CHECK (bucket_type IN ({types})) NOT VALID;
ALTER TABLE telemetry_buckets DROP CONSTRAINT telemetry_buckets_type;
ALTER TABLE telemetry_buckets ADD CONSTRAINT telemetry_buckets_type CHECK (bucket_type IN ({types})) NOT VALID;
"""
TRIGGERS = """
CREATE TRIGGER fives_of_new AFTER INSERT ON telemetry_buckets REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION fives_are_stale('minute');
CREATE TRIGGER fives_of_changed AFTER UPDATE ON telemetry_buckets REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION fives_are_stale('minute', 'five');
CREATE TRIGGER fives_of_gone AFTER DELETE ON telemetry_buckets REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION fives_are_stale('minute', 'five');
"""

# Minutes that are stored already have no fives, and are read as they are. Where there are none, everything is to have
# them. What was sent with a time that is still to come is marked.
SINCE = """
INSERT INTO fives_since (since)
SELECT CASE WHEN EXISTS (SELECT FROM telemetry_buckets WHERE bucket_type = 'minute')
    THEN date_bin('5 minutes', clock_timestamp(), 'epoch') + interval '5 minutes' ELSE '-infinity' END;
INSERT INTO stale_fives (event_name, bucket_start)
SELECT DISTINCT name.event_name, date_bin('5 minutes', early.bucket_start, 'epoch')
FROM fives_since, event_names AS name CROSS JOIN LATERAL (
    SELECT bucket_start FROM telemetry_buckets AS minute WHERE minute.event_name = name.event_name
        AND bucket_type = 'minute' AND bucket_start >= since
) AS early;
"""

# As in migration 0018: a pass reads and writes these tables last, so who drops them waits for the pass first.
DOWN = """
SELECT pg_advisory_xact_lock(7306001);
LOCK TABLE telemetry_splits, telemetry_buckets IN ACCESS EXCLUSIVE MODE;
DROP TRIGGER fives_of_new ON telemetry_buckets;
DROP TRIGGER fives_of_changed ON telemetry_buckets;
DROP TRIGGER fives_of_gone ON telemetry_buckets;
DROP FUNCTION fives_are_stale();
DROP TABLE stale_fives, fives_since;
DELETE FROM telemetry_splits WHERE bucket_type = 'five';
DELETE FROM telemetry_buckets WHERE bucket_type = 'five';
"""


def upgrade() -> None:
    for statements in (UP, FUNCTIONS, ALONE, _constraints("minute", "five", "hour", "day"), TRIGGERS, SINCE):
        op.execute(statements)


def downgrade() -> None:
    op.execute(DOWN)
    op.execute(_constraints("minute", "hour", "day"))


def _constraints(*types: str) -> str:
    return CONSTRAINTS.format(types=", ".join(f"'{each}'" for each in types))
