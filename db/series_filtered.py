"""The parts of the statement that read buckets through a filter: of the events with one value, or of all others.

Events are counted as ``metadata_counts`` has them, which every bucket holds; what else there is of them as the rows of
``telemetry_splits`` have it, which always add up to their bucket: all but one value is the sum of the other rows. Where
the value has no name of its own in a bucket, but others have none either, it may be among them, and where a bucket was
made before the dimension was declared it is not split: then nothing is known, and the count says so by its sign.
"""

from db.labels import OTHER

AMONG_OTHERS, UNSPLIT = -1, -2
# What of a filter (``db.filters``) is a parameter.
FILTER = ("dimension", "value", "without", "label", "rest")

READS = """unnest(CAST(:KIND_number AS int[]), CAST(:KIND_event AS text[]), CAST(:KIND_level AS text[]),
        CAST(:KIND_start AS timestamptz[]), CAST(:KIND_until AS timestamptz[]), CAST(:KIND_measurement AS text[]),
        CAST(:KIND_edges AS text[]), CAST(:KIND_dimension AS text[]), CAST(:KIND_value AS text[]),
        CAST(:KIND_without AS bool[]), CAST(:KIND_label AS text[]), CAST(:KIND_rest AS text[]))
        AS read(number, event, level, start, until, measurement, bounds, dimension, value, without, label, rest)"""

_STORED = """telemetry_splits WHERE event_name = read.event AND bucket_type = read.level
            AND dimension = read.dimension AND bucket_start >= read.start AND bucket_start < read.until"""
_MINE = "(value = read.value) <> read.without"


def _part(aggregate: str, place: int) -> str:
    return f"{aggregate}((measurements -> read.measurement ->> {place})::float8) FILTER (WHERE {_MINE})"


# Rows of values without events are samples and deltas, which no label counts: the rest of a split alone tells of them.
ROWS = f"""
SELECT 'rows', read.number, NULL::text, (
    SELECT string_agg(SENT || int8send(count) || CASE WHEN read.measurement IS NULL THEN ''
        ELSE float8send(coalesce(sum, 'NaN')) || float8send(coalesce(min, 'NaN'))
        || float8send(coalesce(max, 'NaN')) || float8send(coalesce(values, 'NaN')) END, '')
    FROM (
        SELECT SLOT AS slot, CASE WHEN min(known) < 0 THEN min(known) ELSE sum(count)::bigint END AS count,
            sum(sum) AS sum, min(min) AS min, max(max) AS max, sum(values) AS values
        FROM (
            SELECT bucket_start, sum, min, max, values,
                CASE WHEN read.measurement IS NOT NULL THEN coalesce(part.count, 0)
                    WHEN read.without THEN bucket.count - coalesce(labelled, 0) ELSE coalesce(labelled, 0) END AS count,
                CASE WHEN read.measurement IS NOT NULL AND part.told IS NULL THEN {UNSPLIT}
                    WHEN labelled IS NULL AND others AND part.told IS NOT TRUE THEN {AMONG_OTHERS}
                    WHEN part.told IS FALSE AND part.silent THEN {AMONG_OTHERS} ELSE 1 END AS known
            FROM (
                SELECT bucket_start, count, (metadata_counts -> read.label)::bigint AS labelled,
                    metadata_counts ?| ARRAY[read.rest, '{OTHER}:{OTHER}'] AS others
                FROM BUCKETS OFFSET 0
            ) AS bucket LEFT JOIN (
                SELECT bucket_start, bool_or(value = read.value) AS told,
                    bool_or(value = '{OTHER}' AND count = 0) AS silent, sum(count) FILTER (WHERE {_MINE}) AS count,
                    {_part("sum", 1)} AS sum, {_part("min", 2)} AS min, {_part("max", 3)} AS max,
                    {_part("sum", 0)} AS values
                FROM {_STORED} AND read.measurement IS NOT NULL GROUP BY 1
            ) AS part USING (bucket_start)
        ) AS bucket
        GROUP BY 1 HAVING min(known) < 0 OR sum(count) > 0 OR sum(values) > 0
    ) AS found
) FROM FROM_READS"""

BINS = f"""
SELECT 'bins', read.number, NULL::text, (
    SELECT convert_to(string_agg(BEFORE_ALL - extract(epoch FROM bucket_start)::bigint || ' '
        || (histograms ->> read.measurement), ' '), 'UTF8')
    FROM {_STORED} AND {_MINE} AND histograms ? read.measurement
) FROM FROM_READS"""

UNIQUES = f"""
SELECT 'uniques', read.number, NULL::text, (
    SELECT convert_to(string_agg(extract(epoch FROM bucket_start)::bigint || ' '
        || coalesce(uniques ->> read.measurement, ''), 'BETWEEN'), 'UTF8')
    FROM {_STORED} AND {_MINE} AND count > 0
) FROM FROM_READS"""
