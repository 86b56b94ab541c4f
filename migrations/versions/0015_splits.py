"""Of each value of a declared dimension there is kept what its bucket holds of all."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

# Empty until dimensions are declared, which marks the buckets that can have any. The key leads with the event's name,
# as that of buckets does, and then with the dimension: a chart reads one of them over a stretch of time.
UP = """
CREATE TABLE telemetry_splits (
    event_name text NOT NULL,
    bucket_type text NOT NULL,
    dimension text NOT NULL,
    bucket_start timestamptz NOT NULL,
    value text NOT NULL,
    count bigint NOT NULL,
    measurements jsonb NOT NULL DEFAULT '{}',
    histograms jsonb NOT NULL DEFAULT '{}',
    uniques jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT telemetry_splits_pkey PRIMARY KEY (event_name, bucket_type, dimension, bucket_start, value),
    CONSTRAINT telemetry_splits_type CHECK (bucket_type IN ('minute', 'hour', 'day'))
);
CREATE TABLE late_splits (LIKE telemetry_splits INCLUDING DEFAULTS);
CREATE INDEX late_splits_key ON late_splits (event_name, bucket_type, bucket_start);
ALTER TABLE event_keys DROP CONSTRAINT event_keys_kind;
ALTER TABLE event_keys ADD CONSTRAINT event_keys_kind CHECK (kind IN ('measurement', 'metadata', 'unique', 'split'));
"""

DOWN = """
DROP TABLE telemetry_splits, late_splits;
DELETE FROM event_keys WHERE kind = 'split';
ALTER TABLE event_keys DROP CONSTRAINT event_keys_kind;
ALTER TABLE event_keys ADD CONSTRAINT event_keys_kind CHECK (kind IN ('measurement', 'metadata', 'unique'));
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
