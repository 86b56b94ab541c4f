"""The part of the statement that reads splits: of each value of a dimension what a read asks of all events.

The values with the most events, or of a sum with the most of it, have rows of their own; all others are one, whose name
is null. Nothing is said here of buckets that have no splits: whoever reads finds that those do not add up.
"""

from db.labels import OTHER

READS = """unnest(CAST(:KIND_number AS int[]), CAST(:KIND_event AS text[]), CAST(:KIND_level AS text[]),
        CAST(:KIND_start AS timestamptz[]), CAST(:KIND_until AS timestamptz[]), CAST(:KIND_measurement AS text[]),
        CAST(:KIND_edges AS text[]), CAST(:KIND_dimension AS text[]), CAST(:KIND_most AS int[]),
        CAST(:KIND_want AS text[]))
        AS read(number, event, level, start, until, measurement, bounds, dimension, most, want)"""

# Histograms and unique counts are sent as they are stored, and put together by whoever reads them.
VALUES = """
(WITH told AS MATERIALIZED (
    SELECT number, most, want, split.*, (part ->> 0)::float8 AS values, (part ->> 1)::float8 AS sum,
        (part ->> 2)::float8 AS min, (part ->> 3)::float8 AS max
    FROM FROM_READS CROSS JOIN LATERAL (
        SELECT bucket_start, SLOT AS slot, value, count, measurements -> read.measurement AS part,
            CASE want WHEN 'bins' THEN ' ' || BEFORE_ALL - EPOCH || ' ' || (histograms ->> read.measurement)
                WHEN 'uniques' THEN 'BETWEEN' || EPOCH || ' ' || coalesce(uniques ->> read.measurement, '') END AS kept
        FROM telemetry_splits WHERE event_name = read.event AND bucket_type = read.level
            AND dimension = read.dimension AND bucket_start >= read.start AND bucket_start < read.until
        OFFSET 0
    ) AS split
), shown AS MATERIALIZED (
    SELECT told.*, CASE WHEN place <= most THEN value END AS name
    FROM told LEFT JOIN (
        SELECT number, value, row_number() OVER (PARTITION BY number ORDER BY size DESC, samples DESC, value) AS place
        FROM (
            SELECT number, value, sum(CASE want WHEN 'sum' THEN abs(sum) ELSE count END) AS size, sum(values) AS samples
            FROM told WHERE value <> 'OTHER' GROUP BY 1, 2
        ) AS sized
    ) AS ranked USING (number, value)
)
SELECT 'value', number, name, string_agg(SENT || int8send(count) || float8send(coalesce(sum, 'NaN'))
    || float8send(coalesce(min, 'NaN')) || float8send(coalesce(max, 'NaN')) || float8send(coalesce(values, 'NaN')), '')
FROM (
    SELECT number, name, slot, sum(count)::bigint AS count, sum(sum) AS sum, min(min) AS min, max(max) AS max,
        sum(values) AS values FROM shown GROUP BY 1, 2, 3
) AS bucket GROUP BY 2, 3
UNION ALL SELECT 'value kept', number, name, convert_to(string_agg(kept, ''), 'UTF8')
FROM shown WHERE kept IS NOT NULL GROUP BY 2, 3)""".replace(
    "EPOCH", "extract(epoch FROM bucket_start)::bigint"
).replace("OTHER", OTHER)
