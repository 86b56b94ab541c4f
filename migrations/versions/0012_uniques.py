"""Buckets keep unique counts of the keys that a catalog declares."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# A bucket of an older version has none until its key is declared, which marks the buckets that can have one.
UP = """
ALTER TABLE telemetry_buckets ADD COLUMN uniques jsonb;
ALTER TABLE event_keys DROP CONSTRAINT event_keys_kind;
ALTER TABLE event_keys ADD CONSTRAINT event_keys_kind CHECK (kind IN ('measurement', 'metadata', 'unique'));
"""

DOWN = """
DELETE FROM event_keys WHERE kind = 'unique';
ALTER TABLE event_keys DROP CONSTRAINT event_keys_kind;
ALTER TABLE event_keys ADD CONSTRAINT event_keys_kind CHECK (kind IN ('measurement', 'metadata'));
ALTER TABLE telemetry_buckets DROP COLUMN uniques;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
