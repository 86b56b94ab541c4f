"""The first tables: raw events by day, buckets, the ledger, the dirty log, jobs, floors, heartbeats."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

UP = """
CREATE SEQUENCE telemetry_events_id_seq;

CREATE TABLE telemetry_events (
    id bigint NOT NULL DEFAULT nextval('telemetry_events_id_seq'),
    event_name text NOT NULL,
    measurements jsonb NOT NULL DEFAULT '{}'::jsonb,
    metadata jsonb NOT NULL DEFAULT '{}'::jsonb,
    occurred_at timestamptz NOT NULL,
    inserted_at timestamptz NOT NULL DEFAULT now()
) PARTITION BY RANGE (occurred_at);
CREATE INDEX telemetry_events_name_time ON telemetry_events (event_name, occurred_at);

CREATE TABLE telemetry_buckets (
    event_name text NOT NULL,
    bucket_type text NOT NULL CONSTRAINT telemetry_buckets_type CHECK (bucket_type IN ('minute', 'hour', 'day')),
    bucket_start timestamptz NOT NULL,
    count bigint NOT NULL,
    sum_values jsonb NOT NULL DEFAULT '{}'::jsonb,
    min_values jsonb NOT NULL DEFAULT '{}'::jsonb,
    max_values jsonb NOT NULL DEFAULT '{}'::jsonb,
    value_counts jsonb NOT NULL DEFAULT '{}'::jsonb,
    metadata_counts jsonb NOT NULL DEFAULT '{}'::jsonb,
    inserted_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT telemetry_buckets_pkey PRIMARY KEY (event_name, bucket_type, bucket_start)
) WITH (autovacuum_vacuum_scale_factor = 0.02);

CREATE TABLE ingest_batches (
    batch_id uuid PRIMARY KEY,
    events integer NOT NULL,
    oldest_event timestamptz NOT NULL,
    committed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ingest_batches_committed ON ingest_batches (committed_at);

CREATE TABLE ingest_quarantine (
    batch_id uuid PRIMARY KEY,
    event_name text NOT NULL,
    payload text NOT NULL,
    reason text NOT NULL,
    quarantined_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE rollup_dirty (
    id bigserial PRIMARY KEY,
    level text NOT NULL CONSTRAINT rollup_dirty_level CHECK (level IN ('minute', 'hour', 'day')),
    event_name text NOT NULL,
    bucket_start timestamptz NOT NULL,
    marked_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 5000);
CREATE INDEX rollup_dirty_bucket ON rollup_dirty (level, bucket_start, event_name);

CREATE TABLE job_runs (
    job text NOT NULL,
    slot timestamptz NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    outcome text,
    CONSTRAINT job_runs_pkey PRIMARY KEY (job, slot)
);

CREATE TABLE retention_floors (
    level text PRIMARY KEY CONSTRAINT retention_floors_level CHECK (level IN ('raw', 'minute', 'hour', 'day')),
    ingest_floor timestamptz NOT NULL DEFAULT '-infinity',
    recompute_floor timestamptz NOT NULL DEFAULT '-infinity',
    held_since timestamptz
);
INSERT INTO retention_floors (level) VALUES ('raw'), ('minute'), ('hour'), ('day');

CREATE TABLE event_names (
    event_name text PRIMARY KEY,
    first_seen_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE collectors (
    collector_id uuid PRIMARY KEY,
    host text NOT NULL,
    pid integer NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    oldest_buffered_at timestamptz,
    accounting jsonb NOT NULL DEFAULT '{}'::jsonb
) WITH (fillfactor = 50);
"""

DOWN = """
DROP TABLE collectors, event_names, retention_floors, job_runs, rollup_dirty, ingest_quarantine, ingest_batches,
    telemetry_buckets, telemetry_events;
DROP SEQUENCE telemetry_events_id_seq;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
