"""Events older than raw events are held: a table where they wait to be merged, and one for buckets under way."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE late_events (
    event_name text NOT NULL,
    measurements jsonb NOT NULL DEFAULT '{}'::jsonb,
    metadata jsonb NOT NULL DEFAULT '{}'::jsonb,
    occurred_at timestamptz NOT NULL,
    inserted_at timestamptz NOT NULL DEFAULT now(),
    weight integer NOT NULL DEFAULT 1,
    kind text NOT NULL DEFAULT 'event',
    aggregates jsonb NOT NULL DEFAULT '{}'::jsonb,
    marked_at timestamptz
);
CREATE INDEX late_events_name_time ON late_events (event_name, occurred_at);
CREATE TABLE late_buckets (LIKE telemetry_buckets INCLUDING DEFAULTS);
CREATE INDEX late_buckets_key ON late_buckets (event_name, bucket_type, bucket_start);
ALTER TABLE rollup_dirty DROP CONSTRAINT rollup_dirty_level;
ALTER TABLE rollup_dirty ADD CONSTRAINT rollup_dirty_level CHECK (level IN ('minute', 'hour', 'day', 'late'));
"""

# What waits was acknowledged, and an older version could not merge it: it is kept where somebody finds it.
DOWN = """
INSERT INTO ingest_quarantine (batch_id, event_name, payload, reason)
SELECT gen_random_uuid(), event_name, (to_jsonb(late) - 'marked_at')::text,
    'late: this version merges no events older than its raw events'
FROM late_events AS late;
DELETE FROM rollup_dirty WHERE level = 'late';
ALTER TABLE rollup_dirty DROP CONSTRAINT rollup_dirty_level;
ALTER TABLE rollup_dirty ADD CONSTRAINT rollup_dirty_level CHECK (level IN ('minute', 'hour', 'day'));
DROP TABLE late_events, late_buckets;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
