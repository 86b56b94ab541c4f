"""Buckets keep the last sample of each measurement, and its time."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# Minutes whose raw events are held are computed again, with their hours and days; older ones go without. Raw events are
# purged by whole UTC days, so no hour or day has it of some of its minutes only. The rollup's lock comes first, so that
# no pass works on what is looked at here.
UP = """
SELECT pg_advisory_xact_lock(7306001);

ALTER TABLE telemetry_buckets ADD COLUMN last_values jsonb NOT NULL DEFAULT '{}';

INSERT INTO rollup_dirty (level, event_name, bucket_start)
SELECT bucket_type, event_name, bucket_start FROM telemetry_buckets
WHERE bucket_type = 'minute' AND value_counts <> '{}'
    AND bucket_start >= (SELECT recompute_floor FROM retention_floors WHERE level = 'raw');
"""

DOWN = "ALTER TABLE telemetry_buckets DROP COLUMN last_values;"


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
