"""The part of the statement that reads splits: of each value of a dimension what a read asks of all events.

The values with the most events, or of a sum with the most of it, have rows of their own; all others are one, whose name
is null. Nothing is said here of buckets that have no splits: whoever reads finds that those do not add up. What a
filter leaves out (``without``) is in neither.
"""

from db.labels import OTHER
from db.series_fives import parts_sql
from db.series_kept import BINS, UNIQUES, kept_sql

READS = """unnest(CAST(:KIND_number AS int[]), CAST(:KIND_event AS text[]), CAST(:KIND_level AS text[]),
        CAST(:KIND_start AS timestamptz[]), CAST(:KIND_until AS timestamptz[]), CAST(:KIND_measurement AS text[]),
        CAST(:KIND_edges AS text[]), CAST(:KIND_dimension AS text[]), CAST(:KIND_most AS int[]),
        CAST(:KIND_want AS text[]), CAST(:KIND_without AS text[]), CAST(:KIND_extremes AS bool[]))
        AS read(number, event, level, start, until, measurement, bounds, dimension, most, want, without, extremes)"""

STORED = """telemetry_splits WHERE event_name = read.event AND bucket_type = read.level
            AND dimension = read.dimension AND bucket_start >= read.start AND bucket_start < read.until"""
"""The rows of the dimension that a read is of."""
_LEFT = "value IS DISTINCT FROM read.without"
_WANTED = "(read.those IS NULL OR value = ANY (read.those))"
_ROWS = f"{STORED} AND {_LEFT}"
_KEPT = f"{_ROWS} AND {_WANTED}"
_BY_FIVES = parts_sql("telemetry_splits", "*", f"AND dimension = read.dimension AND {_LEFT}")
_KEPT_BY_FIVES = parts_sql("telemetry_splits", "*", f"AND dimension = read.dimension AND {_LEFT} AND {_WANTED}")

# Numbers are added up before values are ranked, so that nothing is kept of thousands of rows. Each look-up of one costs
# as much as to find its row, and extremes are looked up where they are wanted only. Histograms and unique
# counts are read once more by those who want them; histograms of the named values only, as those of the rest are the
# event's without them.
VALUES = f"""
(WITH read AS MATERIALIZED (SELECT * FROM FROM_READS), told AS MATERIALIZED (
    SELECT number, value, slot, sum(count)::bigint AS count, sum((part ->> 1)::float8) AS sum,
        min(CASE WHEN extremes THEN (part ->> 2)::float8 END) AS min,
        max(CASE WHEN extremes THEN (part ->> 3)::float8 END) AS max, sum((part ->> 0)::float8) AS values
    FROM read CROSS JOIN LATERAL (
        SELECT SLOT AS slot, value, count, measurements -> read.measurement AS part FROM {_ROWS} OFFSET 0
    ) AS split
    GROUP BY 1, 2, 3
), named AS MATERIALIZED (
    SELECT number, value, value AS name FROM (
        SELECT number, most, value, row_number() OVER (PARTITION BY number
            ORDER BY sum(CASE want WHEN 'sum' THEN abs(sum) ELSE count END) DESC, sum(values) DESC, value) AS place
        FROM told JOIN read USING (number) WHERE value <> '{OTHER}' GROUP BY 1, 2, 3
    ) AS ranked WHERE place <= most
)
SELECT 'value', number, name, string_agg(SENT || int8send(count) || float8send(coalesce(sum, 'NaN'))
    || float8send(coalesce(min, 'NaN')) || float8send(coalesce(max, 'NaN')) || float8send(coalesce(values, 'NaN')), '')
FROM (
    SELECT number, name, slot, sum(count)::bigint AS count, sum(sum) AS sum, min(min) AS min, max(max) AS max,
        sum(values) AS values FROM told LEFT JOIN named USING (number, value) GROUP BY 1, 2, 3
) AS bucket GROUP BY 2, 3
UNION ALL SELECT 'value kept', number, name, {kept_sql("moment", "packed", "between")}
FROM (SELECT *, CASE want WHEN 'bins' THEN {BINS} ELSE {UNIQUES} END AS between,
    CASE want WHEN 'bins' THEN ARRAY(SELECT value FROM named WHERE named.number = read.number) END AS those
    FROM read WHERE want IN ('bins', 'uniques') OFFSET 0) AS read
CROSS JOIN LATERAL (
    SELECT bucket_start AS moment, value, CASE want WHEN 'bins' THEN histograms ->> read.measurement
        ELSE coalesce(uniques ->> read.measurement, '') END AS packed FROM {_KEPT} OFFSET 0
) AS split LEFT JOIN named USING (number, value) WHERE packed IS NOT NULL GROUP BY 2, 3)"""
VALUES_BY_FIVES = VALUES.replace(_KEPT, _KEPT_BY_FIVES).replace(_ROWS, _BY_FIVES)
