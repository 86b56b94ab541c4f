"""Comparing the splits of a level with the finer one, by other statements than those that folded them.

Which values a bucket lists is taken as it stands: each of them has to be what the source says of it, and OTHER all the
rest, so no event is left out or counted twice. Facts are as in ``db.audit``, of a bucket, a dimension and a value: the
number of events, of each measurement everything, of each key that is counted once what is kept of it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from db import registers
from db.audit import LEAST_MAGNITUDE, OF_NAME, TOLERANCE, of_known_failures, unmarked
from db.bins import bins_sql, packed_sql, place_sql, uncapped
from db.labels import OTHER
from db.levels import FIVE, RAW, RollupLevel

_BUCKET = "event_name, bucket_start, dimension"
_KEY = f"{_BUCKET}, value, key"
_NOTHING = "NULL::double precision"


def _splits_of(level: str) -> str:
    return f"""telemetry_splits AS source
        WHERE bucket_type = :{level} AND bucket_start >= :start AND bucket_start < :end AND {OF_NAME}
        AND NOT {of_known_failures("bucket_start")}"""


# A value that the bucket does not list is among the others.
_TOLD = f"""
listed AS MATERIALIZED (SELECT {_BUCKET}, value FROM {_splits_of("level")} AND value <> '{OTHER}'),
told AS MATERIALIZED (
    SELECT {_BUCKET}, CASE WHEN listed.value IS NULL THEN '{OTHER}' ELSE listed.value END AS value, COLUMNS
    FROM origin LEFT JOIN listed USING ({_BUCKET}, value)
)"""

_RAW_COLUMNS = "occurred_at, weight, kind, measurements, metadata, aggregates"
_RAW = f"""
origin AS (
    SELECT source.event_name, date_bin(:width, occurred_at, 'epoch') AS bucket_start, declared.key AS dimension,
        CASE jsonb_typeof(metadata -> declared.key) WHEN 'null' THEN 'null' ELSE metadata ->> declared.key END AS value,
        {_RAW_COLUMNS}
    FROM telemetry_events AS source
        JOIN (SELECT event_name, key FROM event_keys WHERE kind = 'split') AS declared USING (event_name)
    WHERE occurred_at >= :start AND occurred_at < :end AND {OF_NAME}
        AND NOT {of_known_failures("occurred_at")}
),{_TOLD.replace("COLUMNS", _RAW_COLUMNS)},
named AS (SELECT event_name, key FROM event_keys WHERE kind = 'measurement' AND key <> '{OTHER}'),
facts AS (
    SELECT told.event_name, bucket_start, dimension, value, what, fact.key, sum(fact.count) AS count,
        sum(fact.sum) AS sum, min(fact.min) AS min, max(fact.max) AS max
    FROM told CROSS JOIN LATERAL (
        SELECT 'events', '', CASE WHEN kind = 'event' THEN weight::bigint ELSE 0 END, {_NOTHING}, {_NOTHING}, {_NOTHING}
        UNION ALL
        SELECT 'measurement', field, weight, weight * number::double precision, number::double precision,
            number::double precision
        FROM jsonb_each_text(measurements) AS pair (field, number)
        UNION ALL
        SELECT 'measurement', field, (part -> 'count')::bigint, (part ->> 'sum')::double precision,
            (part ->> 'min')::double precision, (part ->> 'max')::double precision
        FROM jsonb_each(aggregates) AS pair (field, part)
    ) AS fact (what, key, count, sum, min, max)
    LEFT JOIN named ON (named.event_name, named.key) = (told.event_name, fact.key)
    WHERE what = 'events' OR named.key IS NOT NULL
    GROUP BY 1, 2, 3, 4, 5, 6
),
bins AS (
    SELECT {_BUCKET}, value, field AS key, {place_sql("number::double precision")} AS place, weight AS count
    FROM told CROSS JOIN LATERAL jsonb_each_text(measurements) AS pair (field, number)
    UNION ALL
    {bins_sql(_KEY, "part ->> 'bins'", "told CROSS JOIN LATERAL jsonb_each(aggregates) AS pair (key, part)")}
),
placed AS (SELECT bins.* FROM bins JOIN named USING (event_name, key)),
counted AS (
    SELECT DISTINCT {_KEY} FROM told JOIN (
        SELECT event_name, key FROM event_keys WHERE kind = 'unique'
    ) AS declared USING (event_name)
),
hashes AS (
    SELECT {_KEY}, {registers.hash_sql("metadata ->> key")} AS hash FROM told JOIN (
        SELECT event_name, key FROM event_keys WHERE kind = 'unique'
    ) AS declared USING (event_name)
    WHERE told.kind = 'event' AND metadata ->> key IS NOT NULL
),
ranks AS (SELECT {_KEY}, 0 AS register, 0 AS rank FROM counted WHERE false)"""

_STORED_COLUMNS = "count, measurements, histograms, uniques"
_KEPT = "told CROSS JOIN LATERAL jsonb_each_text(uniques) AS pair (key, packed) WHERE packed LIKE '{kind}:%'"
_KEPT_ONCE = f"SELECT DISTINCT {_KEY} FROM told CROSS JOIN LATERAL jsonb_object_keys(uniques) AS pair (key)"
# A bucket has splits where all that it is made of have.
_OF_WHOLE = f"SELECT held.* FROM held JOIN whole USING ({_BUCKET})"
_FINER = f"""
held AS (
    SELECT event_name, date_bin(:width, bucket_start, 'epoch') AS bucket_start, bucket_start AS start, dimension, value,
        {_STORED_COLUMNS}
    FROM {_splits_of("source")}
),
made_of AS (
    SELECT event_name, date_bin(:width, bucket_start, 'epoch') AS bucket_start, count(*) AS parts
    FROM telemetry_buckets AS source
    WHERE bucket_type = :source AND bucket_start >= :start AND bucket_start < :end AND {OF_NAME} GROUP BY 1, 2
),
whole AS (
    SELECT {_BUCKET} FROM (
        SELECT {_BUCKET}, count(*) AS parts FROM (SELECT DISTINCT {_BUCKET}, start FROM held) AS split GROUP BY 1, 2, 3
    ) AS split JOIN made_of USING (event_name, bucket_start, parts)
),
origin AS ({_OF_WHOLE}),{_TOLD.replace("COLUMNS", _STORED_COLUMNS)},
facts AS (
    SELECT {_BUCKET}, value, what, fact.key, sum(fact.count) AS count, sum(fact.sum) AS sum, min(fact.min) AS min,
        max(fact.max) AS max
    FROM told CROSS JOIN LATERAL (
        SELECT 'events', '', told.count, {_NOTHING}, {_NOTHING}, {_NOTHING}
        UNION ALL
        SELECT 'measurement', field, (part ->> 0)::bigint, (part ->> 1)::double precision,
            (part ->> 2)::double precision, (part ->> 3)::double precision
        FROM jsonb_each(measurements) AS pair (field, part)
    ) AS fact (what, key, count, sum, min, max)
    GROUP BY 1, 2, 3, 4, 5, 6
),
placed AS ({bins_sql(_KEY, "packed", "told CROSS JOIN LATERAL jsonb_each_text(histograms) AS pair (key, packed)")}),
counted AS ({_KEPT_ONCE}),
hashes AS ({registers.hashes_sql(_KEY, "packed", _KEPT.format(kind="e1"))}),
ranks AS ({registers.ranks_sql(_KEY, "packed", _KEPT.format(kind="r1"))})"""

_EXPECTED = f"""
expected AS (
    SELECT {_BUCKET}, value, what, key, max(count) AS count, max(sum) AS sum, max(min) AS min, max(max) AS max,
        max(packed) AS packed
    FROM (
        SELECT {_BUCKET}, value, what, key, count, sum, min, max, NULL AS packed FROM facts
        UNION ALL
        SELECT {_BUCKET}, value, 'measurement', key, NULL, NULL, NULL, NULL, histogram
        FROM ({packed_sql(_KEY, "placed")}) AS histogram
        UNION ALL
        SELECT {_BUCKET}, value, 'unique', key, NULL, NULL, NULL, NULL, packed
        FROM ({registers.packed_sql(_KEY, "counted", "SELECT * FROM hashes", "SELECT * FROM ranks")}) AS once
    ) AS fact
    GROUP BY 1, 2, 3, 4, 5, 6
),
stored AS (
    SELECT {_BUCKET}, value, fact.*
    FROM (SELECT * FROM {_splits_of("level")}) AS split CROSS JOIN LATERAL (
        SELECT 'events', '', split.count, {_NOTHING}, {_NOTHING}, {_NOTHING}, NULL
        UNION ALL
        SELECT 'measurement', field, (part ->> 0)::bigint, (part ->> 1)::double precision,
            (part ->> 2)::double precision, (part ->> 3)::double precision, histograms ->> field
        FROM jsonb_each(measurements) AS pair (field, part)
        UNION ALL
        SELECT 'unique', field, NULL, NULL, NULL, NULL, packed FROM jsonb_each_text(uniques) AS pair (field, packed)
    ) AS fact (what, key, count, sum, min, max, packed)
)"""


_NAME, _START = (f"COALESCE(expected.{column}, stored.{column})" for column in ("event_name", "bucket_start"))


def _comparison(source: str, level: str | None = None) -> str:
    return f"""
WITH {source},{_EXPECTED}
SELECT {_KEY}, what, expected.count, stored.count, expected.sum, stored.sum, expected.min, stored.min,
    expected.max, stored.max, expected.packed, stored.packed
FROM expected FULL JOIN stored USING ({_BUCKET}, value, what, key)
WHERE (
    stored.count IS DISTINCT FROM expected.count
    OR stored.min IS DISTINCT FROM expected.min
    OR stored.max IS DISTINCT FROM expected.max
    OR stored.packed IS DISTINCT FROM expected.packed
    OR (stored.sum IS NULL) <> (expected.sum IS NULL)
    OR abs(stored.sum - expected.sum) > :tolerance
        * greatest(expected.count * greatest(abs(expected.min), abs(expected.max), :least), abs(stored.sum))
)
    AND {unmarked(_NAME, _START, level)}
ORDER BY bucket_start, event_name, dimension, value, what, key
"""


_FROM_RAW = text(_comparison(_RAW))
_FROM_FINER = text(_comparison(_FINER))
# A five has what its minutes have, be it not of all of them, and knows a key where all rows do that it is made of.
_KNOWN_ONCE = f"""
    SELECT {_KEY}
    FROM (
        SELECT {_KEY}, count(*) AS rows FROM told CROSS JOIN LATERAL jsonb_object_keys(uniques) AS pair (key)
        GROUP BY {_KEY}
    ) AS knowing JOIN (SELECT {_BUCKET}, value, count(*) AS rows FROM told GROUP BY {_BUCKET}, value) AS held
        USING ({_BUCKET}, value, rows)"""
_OF_MINUTES = _FINER.replace(_OF_WHOLE, "SELECT held.* FROM held").replace(_KEPT_ONCE, _KNOWN_ONCE)
_FIVES = text(uncapped(_comparison(_OF_MINUTES, FIVE.name)))


def differing_splits(
    connection: Connection, level: RollupLevel, start: datetime, end: datetime, name: str | None = None
) -> Sequence[Row[Any]]:
    """Return what of one span of ``level``'s splits differs from its source: expected and stored, in pairs.

    As ``differing_facts`` does: one snapshot, without what is dirty or known not to be computable.
    """
    span = {"level": level.name, "source": level.source, "width": level.width, "start": start, "end": end, "name": name}
    statement = _FROM_RAW if level.source == RAW else _FIVES if level == FIVE else _FROM_FINER
    return connection.execute(statement, {**span, "tolerance": TOLERANCE, "least": LEAST_MAGNITUDE}).fetchall()
