"""What buckets name: the keys of each event, labels that can't be misread, and buckets that can't be computed."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# A key of metadata is written with a backslash before its colons and backslashes from here on. Of what stands there,
# the first colon has divided key and value so far, and that stays so: only backslashes before it are written anew. Keys
# that hold a colon were misread; whatever may be one is computed again where raw events are still held, and so are the
# buckets of events that name more than is named from here on. The rollup's lock comes first, so that no pass works on
# what is looked at here; rows that events may need are not locked.
UP = r"""
SELECT pg_advisory_xact_lock(7306001);

CREATE TABLE rollup_failures (
    level text NOT NULL CONSTRAINT rollup_failures_level CHECK (level IN ('minute', 'hour', 'day')),
    event_name text NOT NULL,
    bucket_start timestamptz NOT NULL,
    reason text NOT NULL,
    tries integer NOT NULL DEFAULT 1,
    failed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    next_try_at timestamptz NOT NULL,
    CONSTRAINT rollup_failures_pkey PRIMARY KEY (level, event_name, bucket_start)
);

CREATE TABLE event_keys (
    event_name text NOT NULL,
    kind text NOT NULL CONSTRAINT event_keys_kind CHECK (kind IN ('measurement', 'metadata')),
    key text NOT NULL,
    first_seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT event_keys_pkey PRIMARY KEY (event_name, kind, key)
);

INSERT INTO rollup_dirty (level, event_name, bucket_start)
SELECT bucket_type, event_name, bucket_start FROM telemetry_buckets
WHERE bucket_type = 'minute'
    AND bucket_start >= (SELECT recompute_floor FROM retention_floors WHERE level = 'raw')
    AND EXISTS (
        SELECT FROM jsonb_object_keys(metadata_counts) AS label
        WHERE label LIKE '%:%:%' OR strpos(label, '\') > 0
    );

UPDATE telemetry_buckets SET metadata_counts = (
    SELECT jsonb_object_agg(
        replace(split_part(label, ':', 1), '\', '\\') || substr(label, strpos(label, ':')), counted
    )
    FROM jsonb_each(metadata_counts) AS entry (label, counted)
)
WHERE EXISTS (
    SELECT FROM jsonb_object_keys(metadata_counts) AS label WHERE strpos(split_part(label, ':', 1), '\') > 0
);

-- Every day knows what its minutes name, except where it waits to be computed.
WITH named AS (
    SELECT bucket.event_name, entry.kind, entry.key, sum(entry.counted) AS counted
    FROM telemetry_buckets AS bucket CROSS JOIN LATERAL (
        SELECT 'measurement' AS kind, key, value::numeric AS counted FROM jsonb_each_text(value_counts)
        UNION ALL
        SELECT 'metadata', replace(replace(split_part(key, ':', 1), '\\', chr(1)), chr(1), '\'), value::numeric
        FROM jsonb_each_text(metadata_counts)
    ) AS entry
    WHERE bucket.bucket_type = 'day' OR EXISTS (
        SELECT FROM rollup_dirty AS mark
        WHERE mark.event_name = bucket.event_name AND mark.level <> 'minute'
            AND date_bin('1 day', mark.bucket_start, 'epoch') = date_bin('1 day', bucket.bucket_start, 'epoch')
    )
    GROUP BY 1, 2, 3
), placed AS (
    SELECT event_name, kind, key, key <> '__other__' AND octet_length(key) <= 255 AND row_number() OVER (
            PARTITION BY event_name, kind, key <> '__other__' AND octet_length(key) <= 255
            ORDER BY counted DESC, key) <= 256 AS listed
    FROM named
)
INSERT INTO event_keys (event_name, kind, key)
SELECT DISTINCT event_name, kind, CASE WHEN listed THEN key ELSE '__other__' END FROM placed;

INSERT INTO rollup_dirty (level, event_name, bucket_start)
SELECT bucket_type, event_name, bucket_start FROM telemetry_buckets
WHERE bucket_type = 'minute'
    AND bucket_start >= (SELECT recompute_floor FROM retention_floors WHERE level = 'raw')
    AND event_name IN (SELECT event_name FROM event_keys WHERE key = '__other__');
"""

# Keys are written as they are again, where two become one their counts are added; what waits for a try is marked.
DOWN = r"""
SELECT pg_advisory_xact_lock(7306001);

UPDATE telemetry_buckets SET metadata_counts = (
    SELECT jsonb_object_agg(label, counted) FROM (
        SELECT regexp_replace(part[1], '\\(.)', '\1', 'g') || substr(label, length(part[1]) + 1) AS label,
            sum(counted::bigint) AS counted
        FROM jsonb_each_text(metadata_counts) AS entry (label, counted)
            CROSS JOIN LATERAL regexp_match(label, '^(([^:\\]|\\.)*):') AS part
        GROUP BY 1
    ) AS written
)
WHERE EXISTS (SELECT FROM jsonb_object_keys(metadata_counts) AS label WHERE strpos(label, '\') > 0);

INSERT INTO rollup_dirty (level, event_name, bucket_start)
SELECT level, event_name, bucket_start FROM rollup_failures WHERE next_try_at < 'infinity';

DROP TABLE event_keys, rollup_failures;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
