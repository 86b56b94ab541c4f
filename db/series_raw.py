"""The parts of the statement that read raw events through several filters at once.

Buckets tell the values of one dimension apart and no two together; raw events, while they are held, have all of them.
They count and measure here as the rollup has it (``db.fold``). What that may cost is bounded: where the hours that a
read touches have more than ``MOST_EVENTS``, none is read, and the answer says so.
"""

from db import registers
from db.bins import place_sql
from db.filters import LEAVES_OUT
from db.series_kept import BINS as BETWEEN_BINS
from db.series_kept import UNIQUES as BETWEEN_UNIQUES
from db.series_kept import kept_sql

MOST_EVENTS = 250_000
TOO_MANY = b"\0"
"""In place of buckets."""

_FITS = f"""(
        SELECT coalesce(sum(greatest(count, (value_counts -> read.measurement)::float8)), 0) <= {MOST_EVENTS}
        FROM telemetry_buckets WHERE event_name = read.event AND bucket_type = 'hour'
            AND bucket_start > read.start - interval '1 hour' AND bucket_start < read.until
    ) AS fits"""
READS = f"""(SELECT *, {_FITS} FROM unnest(CAST(:KIND_number AS int[]), CAST(:KIND_event AS text[]),
        CAST(:KIND_level AS text[]), CAST(:KIND_start AS timestamptz[]), CAST(:KIND_until AS timestamptz[]),
        CAST(:KIND_measurement AS text[]), CAST(:KIND_edges AS text[]), CAST(:KIND_conditions AS text[]))
        AS read(number, event, level, start, until, measurement, bounds, conditions) OFFSET 0) AS read"""

_EVENTS = f"""
                SELECT occurred_at AS bucket_start, weight, CASE kind WHEN 'event' THEN weight ELSE 0 END AS counted,
                    measurements, aggregates, metadata
                FROM telemetry_events
                WHERE event_name = read.event AND occurred_at >= read.start AND occurred_at < read.until
                    AND NOT {LEAVES_OUT.replace("CONDITIONS", "read.conditions")}
                OFFSET 0"""
_MEASURED = f"""
            SELECT bucket_start, weight, counted, (measurements ->> read.measurement)::float8 AS number,
                aggregates -> read.measurement AS part
            FROM ({_EVENTS}
            ) AS event OFFSET 0"""

ROWS = f"""
SELECT 'rows', read.number, NULL::text, CASE WHEN fits THEN (
    SELECT string_agg(SENT || int8send(count) || CASE WHEN read.measurement IS NULL THEN ''
        ELSE float8send(coalesce(sum, 'NaN')) || float8send(coalesce(min, 'NaN'))
        || float8send(coalesce(max, 'NaN')) || float8send(coalesce(values, 'NaN')) END, '')
    FROM (
        SELECT SLOT AS slot, sum(counted)::bigint AS count,
            sum(coalesce(weight * number, 0) + coalesce((part ->> 'sum')::float8, 0))
                FILTER (WHERE number IS NOT NULL OR part ->> 'sum' IS NOT NULL) AS sum,
            least(min(number), min((part ->> 'min')::float8)) AS min,
            greatest(max(number), max((part ->> 'max')::float8)) AS max,
            sum(CASE WHEN number IS NULL THEN 0 ELSE weight END + coalesce((part ->> 'count')::bigint, 0))
                FILTER (WHERE number IS NOT NULL OR part IS NOT NULL)::float8 AS values
        FROM ({_MEASURED}
        ) AS event
        GROUP BY 1
    ) AS found WHERE count > 0 OR values > 0
) ELSE '\\x00'::bytea END FROM FROM_READS"""

# Whoever reads puts minutes together, as it does with buckets.
_MINUTE = "date_trunc('minute', bucket_start)"

BINS = f"""
SELECT 'bins', read.number, NULL::text, CASE WHEN fits THEN (
    SELECT {kept_sql("minute", "packed", BETWEEN_BINS)}
    FROM (
        SELECT {_MINUTE} AS minute, {place_sql("number")} || ':' || sum(weight) AS packed
        FROM ({_MEASURED}
        ) AS event
        WHERE number IS NOT NULL GROUP BY {_MINUTE}, {place_sql("number")}
        UNION ALL SELECT {_MINUTE}, part ->> 'bins' FROM ({_MEASURED}
        ) AS event WHERE part ->> 'bins' <> ''
    ) AS placed
) END FROM FROM_READS"""

_HASH = f"lpad(to_hex({registers.hash_sql('carried')}), 16, '0')"
# All hashes of a minute, however many: whoever counts them makes registers of more than are kept (``db.registers``).
UNIQUES = f"""
SELECT 'uniques', read.number, NULL::text, CASE WHEN fits THEN (
    SELECT {kept_sql("minute", "'e1:' || hashes", BETWEEN_UNIQUES)}
    FROM (
        SELECT minute, coalesce(string_agg(DISTINCT {_HASH}, ' ') FILTER (WHERE carried IS NOT NULL), '') AS hashes
        FROM (
            SELECT {_MINUTE} AS minute, metadata ->> read.measurement AS carried
            FROM ({_EVENTS}
            ) AS event WHERE counted > 0 OFFSET 0
        ) AS carried
        GROUP BY 1
    ) AS kept
) END FROM FROM_READS"""
