"""Views of the buckets for other programs: they stay as they are, whatever becomes of the tables."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

LEVELS = ("minute", "hour", "day")


# One row for the events of a bucket, where `measurement` is null, and one for each measurement, where `count` says how
# many of the events carried it: so each row's average is its sum by its count, and no event is added up twice.
# `complete_through` is what db/status.py says: all that arrived before it is in the buckets.
VIEW = """
CREATE VIEW metrics_LEVEL AS
SELECT bucket.event_name AS name, bucket.bucket_start AS time, fact.count, fact.measurement, fact.sum,
    fact.sum / NULLIF(fact.count, 0) AS avg, fact.min, fact.max, pipeline.complete_through
FROM telemetry_buckets AS bucket
CROSS JOIN LATERAL (
    SELECT bucket.count AS count, NULL::text AS measurement, NULL::double precision AS sum,
        NULL::double precision AS min, NULL::double precision AS max
    UNION ALL
    SELECT value::bigint, key, (bucket.sum_values ->> key)::double precision,
        (bucket.min_values ->> key)::double precision, (bucket.max_values ->> key)::double precision
    FROM jsonb_each_text(bucket.value_counts)
) AS fact
CROSS JOIN (
    SELECT least(statement_timestamp(), (SELECT min(marked_at) FROM rollup_dirty), (
        SELECT min(coalesce(oldest_buffered_at, seen_at)) FROM collectors
        WHERE oldest_buffered_at IS NOT NULL OR seen_at > statement_timestamp() - interval '30 seconds'
    )) AS complete_through
) AS pipeline
WHERE bucket.bucket_type = 'LEVEL';
"""


def upgrade() -> None:
    op.execute("".join(VIEW.replace("LEVEL", level) for level in LEVELS))


def downgrade() -> None:
    op.execute("".join(f"DROP VIEW metrics_{level};" for level in LEVELS))
