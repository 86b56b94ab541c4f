"""What a raw row holds beyond one event: a weight, a kind, and measurements that are already aggregated.

Constant defaults are not written into the rows that there are, so nothing is rewritten; only a moment alone with the
table is needed. It is asked for shortly and again, so that a long reader holds up this step and not every sender.

On the way back the rows stay as plain ones: what they weighed, what they were and their aggregates are forgotten.
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_ALONE = """
DO $migration$
DECLARE before text := current_setting('lock_timeout');
BEGIN
    FOR attempt IN 1..120 LOOP
        BEGIN
            PERFORM set_config('lock_timeout', '300ms', true);
            {statement}
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

UP = """
ALTER TABLE telemetry_events
    ADD COLUMN weight integer NOT NULL DEFAULT 1,
    ADD COLUMN kind text NOT NULL DEFAULT 'event',
    ADD COLUMN aggregates jsonb NOT NULL DEFAULT '{}'::jsonb;
"""

DOWN = "ALTER TABLE telemetry_events DROP COLUMN weight, DROP COLUMN kind, DROP COLUMN aggregates;"


def upgrade() -> None:
    op.execute(_ALONE.format(statement=UP))


def downgrade() -> None:
    op.execute(_ALONE.format(statement=DOWN))
