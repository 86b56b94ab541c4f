"""Buckets keep a histogram of each measurement, and views have percentiles of it."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

LEVELS = ("minute", "hour", "day")
PERCENTS = (50, 90, 95, 99)

# As with last samples (0005): without a value a bucket was made by a version that knows of none, and the rollup finds
# it by the index. The older index stays for that version, which may still work beside this one.
UP = """
ALTER TABLE telemetry_buckets ADD COLUMN histograms jsonb;
CREATE INDEX telemetry_buckets_unplaced ON telemetry_buckets (bucket_type, bucket_start) WHERE histograms IS NULL;
"""

# What db/bins.py says of places: the least one that at least so many percent of all values lie in or below, as the
# number in its middle, and never beyond the extremes.
FUNCTIONS = """
CREATE OR REPLACE FUNCTION metrics_percentile(
    histogram text, percent numeric, lowest double precision, highest double precision
) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT greatest($3, least($4, CASE WHEN place = 0 THEN 0 ELSE
        sign(place) * power(2::double precision, (abs(place) - 40000) / 32.0::double precision)
        * 2 / (1 + power(2::double precision, 1 / 32.0::double precision)) END))
    FROM (
        SELECT place, sum(count) OVER (ORDER BY place) AS upto, sum(count) OVER () AS total
        FROM (
            SELECT split_part(bin, ':', 1)::int AS place, split_part(bin, ':', 2)::numeric AS count
            FROM string_to_table($1, ' ') AS bin
        ) AS bin
    ) AS bin
    WHERE upto >= $2 * total / 100 ORDER BY place LIMIT 1
$$;
"""

# The view of 0008. What it gains is computed only where it is asked for, and stands after what was there.
VIEW = """
CREATE OR REPLACE VIEW metrics_LEVEL AS
SELECT bucket.event_name AS name, bucket.bucket_start AS time, fact.count, fact.measurement, fact.sum,
    fact.sum / NULLIF(fact.count, 0) AS avg, fact.min, fact.max, pipeline.complete_throughMORE
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
MORE = "".join(
    f",\n    metrics_percentile(bucket.histograms ->> fact.measurement, {percent}, fact.min, fact.max) AS p{percent}"
    for percent in PERCENTS
)


def _views(more: str) -> str:
    return "".join(VIEW.replace("MORE", more).replace("LEVEL", level) for level in LEVELS)


def upgrade() -> None:
    op.execute(UP)
    op.execute(FUNCTIONS)
    op.execute(_views(MORE))


def downgrade() -> None:
    op.execute("".join(f"DROP VIEW metrics_{level};" for level in LEVELS))
    op.execute(_views(""))
    op.execute("DROP FUNCTION metrics_percentile;")
    op.execute("ALTER TABLE telemetry_buckets DROP COLUMN histograms;")
