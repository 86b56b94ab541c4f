"""Buckets keep the last sample of each measurement, and its time."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# Without a value a bucket was made by a version that knows of none, also of one that still works beside this one. The
# rollup finds those by the index, and computes them again as far as what they are made of is held.
UP = """
ALTER TABLE telemetry_buckets ADD COLUMN last_values jsonb;
CREATE INDEX telemetry_buckets_outdated ON telemetry_buckets (bucket_type, bucket_start) WHERE last_values IS NULL;
"""

DOWN = "ALTER TABLE telemetry_buckets DROP COLUMN last_values;"


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
