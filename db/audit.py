"""Comparing a level with the finer one that it was folded from, by other statements than those that folded it.

Both sides are brought into one shape, facts: for a bucket, the number of its events (``what`` is ``events``), of each
measurement (``measurement``) its number, sum, minimum, maximum, last sample and histogram, of each metadata key
(``metadata``) the number of events that carry it, which the cap on its values does not change, and of
each that is counted so (``unique``) what is kept of its different values.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from db import registers
from db.bins import bins_sql, packed_sql, place_sql, uncapped
from db.fold import MERGES, unpacked
from db.labels import OTHER, escaped_sql, key_sql
from db.levels import FIVE, RAW, RollupLevel

# Sums of doubles depend on the order of adding. Relative to the larger of the sum and one value of its bucket.
TOLERANCE = 1e-9

# What is smaller than this is as good as zero beside it: a tolerance of less would be no number that a double can hold.
LEAST_MAGNITUDE = 1e-280

_NO_NUMBERS = "NULL::double precision, NULL::double precision, NULL::double precision, NULL::double precision[]"


def of_known_failures(moment: str) -> str:
    """Return whether the bucket of a row of ``source`` stands among those that can't be computed. They are named, and
    not compared."""
    return f"""EXISTS (
        SELECT FROM rollup_failures AS failure WHERE failure.level = :level AND failure.event_name = source.event_name
            AND failure.bucket_start = date_bin(:width, source.{moment}, 'epoch')
    )"""


OF_NAME = "(CAST(:name AS text) IS NULL OR source.event_name = CAST(:name AS text))"

# What an event names beyond its quota stands in buckets as OTHER, and is only counted.
_RAW = f"""
    SELECT fact.event_name, bucket_start, what,
        CASE WHEN NOT listed THEN '{OTHER}' WHEN what = 'metadata' THEN {escaped_sql("key")} ELSE key END AS key,
        false AS no_last, false AS unplaced, sum(count) AS count, sum(CASE WHEN listed THEN sum END) AS sum,
        min(CASE WHEN listed THEN min END) AS min, max(CASE WHEN listed THEN max END) AS max,
        max(CASE WHEN listed THEN last END) AS last
    FROM (
        SELECT fact.*, what = 'events' OR named.key IS NOT NULL AS listed
        FROM (
            SELECT source.event_name, date_bin(:width, occurred_at, 'epoch') AS bucket_start, what, key,
                sum(fact.count) AS count, sum(fact.sum) AS sum, min(fact.min) AS min, max(fact.max) AS max,
                max(fact.last) AS last
            FROM telemetry_events AS source
            CROSS JOIN LATERAL (
                SELECT 'events', '', CASE WHEN kind = 'event' THEN weight::bigint ELSE 0 END, {_NO_NUMBERS}
                UNION ALL
                SELECT 'measurement', key, weight, weight * value::double precision, value::double precision,
                    value::double precision, ARRAY[date_part('epoch', occurred_at), value::double precision]
                FROM jsonb_each_text(measurements)
                UNION ALL
                SELECT 'measurement', key, (value -> 'count')::bigint, (value -> 'sum')::double precision,
                    (value -> 'min')::double precision, (value -> 'max')::double precision, NULL
                FROM jsonb_each(aggregates)
                UNION ALL
                SELECT 'metadata', key, weight, {_NO_NUMBERS} FROM jsonb_object_keys(metadata) AS field (key)
                WHERE kind = 'event'
            ) AS fact (what, key, count, sum, min, max, last)
            WHERE occurred_at >= :start AND occurred_at < :end AND {OF_NAME}
                AND NOT {of_known_failures("occurred_at")}
            GROUP BY 1, 2, 3, 4
        ) AS fact
        LEFT JOIN event_keys AS named ON fact.key <> '{OTHER}'
            AND (named.event_name, named.kind, named.key) = (fact.event_name, fact.what, fact.key)
    ) AS fact
    GROUP BY 1, 2, 3, 4
"""


def _of_level(level: str) -> str:
    return f"""
    SELECT event_name, date_bin(:width, bucket_start, 'epoch') AS bucket_start, what, key, sum(fact.count) AS count,
        bool_or(bucket.no_last) AS no_last, bool_or(bucket.unplaced) AS unplaced,
        sum(fact.sum) AS sum, min(fact.min) AS min, max(fact.max) AS max, max(fact.last) AS last
    FROM (
        SELECT event_name, bucket_start, count, {", ".join(map(unpacked, MERGES))}, metadata_counts,
            last_values IS NULL AS no_last, histograms IS NULL AS unplaced
        FROM telemetry_buckets AS source
        WHERE bucket_type = :{level} AND bucket_start >= :start AND bucket_start < :end AND {OF_NAME}
            AND NOT {of_known_failures("bucket_start")}
        OFFSET 0
    ) AS bucket
    CROSS JOIN LATERAL (
        SELECT 'events', '', bucket.count, {_NO_NUMBERS}
        UNION ALL
        SELECT 'measurement', key, value::bigint, (sum_values ->> NULLIF(key, '{OTHER}'))::double precision,
            (min_values ->> NULLIF(key, '{OTHER}'))::double precision,
            (max_values ->> NULLIF(key, '{OTHER}'))::double precision,
            {MERGES["last_values"].read(f"last_values ->> NULLIF(key, '{OTHER}')")}
        FROM jsonb_each_text(value_counts)
        UNION ALL
        SELECT 'metadata', {key_sql("key")}, value::bigint, {_NO_NUMBERS} FROM jsonb_each_text(metadata_counts)
    ) AS fact (what, key, count, sum, min, max, last)
    GROUP BY 1, 2, 3, 4
    """


_RAW_HISTOGRAMS = packed_sql(
    "event_name, bucket_start, what, key",
    f"""(
    SELECT bin.* FROM (
        SELECT event_name, date_bin(:width, occurred_at, 'epoch') AS bucket_start, 'measurement' AS what, key,
            {place_sql("value::double precision")} AS place, CAST(weight AS bigint) AS count
        FROM telemetry_events AS source CROSS JOIN LATERAL jsonb_each_text(measurements)
        WHERE occurred_at >= :start AND occurred_at < :end AND {OF_NAME}
            AND NOT {of_known_failures("occurred_at")}
        UNION ALL
        SELECT event_name, date_bin(:width, occurred_at, 'epoch'), 'measurement', key, place, count
        FROM ({
        bins_sql(
            "event_name, occurred_at, key",
            "value ->> 'bins'",
            f'''
            telemetry_events AS source CROSS JOIN LATERAL jsonb_each(aggregates)
            WHERE occurred_at >= :start AND occurred_at < :end AND {OF_NAME}
                AND NOT {of_known_failures("occurred_at")}''',
        )
    }) AS bin
    ) AS bin
    JOIN event_keys AS named ON bin.key <> '{OTHER}'
        AND (named.event_name, named.kind, named.key) = (bin.event_name, bin.what, bin.key)
) AS bin""",
)


def _histograms_of(level: str) -> str:
    bins = bins_sql(
        "event_name, bucket_start, key",
        "value",
        f"""
        telemetry_buckets AS source CROSS JOIN LATERAL jsonb_each_text(histograms)
        WHERE bucket_type = :{level} AND bucket_start >= :start AND bucket_start < :end AND {OF_NAME}
            AND NOT {of_known_failures("bucket_start")}""",
    )
    return packed_sql(
        "event_name, bucket_start, what, key",
        f"""(
        SELECT event_name, date_bin(:width, bucket_start, 'epoch') AS bucket_start, 'measurement' AS what, key,
            place, count
        FROM ({bins}) AS bin
    ) AS bin""",
    )


_KEY = "event_name, bucket_start, key"
_KEPT = f"""telemetry_buckets AS source CROSS JOIN LATERAL jsonb_each_text(uniques) AS pair (key, packed)
    WHERE bucket_type = :LEVEL AND bucket_start >= :start AND bucket_start < :end AND {OF_NAME}
        AND NOT {of_known_failures("bucket_start")}"""
_NAMED = f"""(
    SELECT DISTINCT event_name, date_bin(:width, bucket_start, 'epoch') AS bucket_start, key FROM {_KEPT}
)"""


def _binned(query: str, column: str) -> str:
    start = "date_bin(:width, bucket_start, 'epoch') AS bucket_start"
    return f"SELECT event_name, {start}, key, {column} FROM ({query}) AS one"


# A five knows a key where all of its minutes do that have events.
_KNOWN = f"""(
    SELECT event_name, bucket_start, key
    FROM (
        SELECT event_name, date_bin(:width, bucket_start, 'epoch') AS bucket_start, key, count(*) AS minutes
        FROM {_KEPT} AND count > 0 GROUP BY 1, 2, 3
    ) AS knowing JOIN (
        SELECT event_name, date_bin(:width, bucket_start, 'epoch') AS bucket_start, count(*) AS minutes
        FROM telemetry_buckets AS source WHERE bucket_type = :LEVEL AND bucket_start >= :start AND bucket_start < :end
            AND {OF_NAME} AND count > 0 GROUP BY 1, 2
    ) AS counting USING (event_name, bucket_start, minutes)
)"""


def _uniques_of(level: str, named: str = _NAMED) -> str:
    hashes = registers.hashes_sql(_KEY, "packed", f"{_KEPT} AND packed LIKE 'e1:%'")
    ranks = registers.ranks_sql(_KEY, "packed", f"{_KEPT} AND packed LIKE 'r1:%'")
    merged = registers.packed_sql(_KEY, named, _binned(hashes, "hash"), _binned(ranks, "register, rank"))
    return merged.replace(":LEVEL", f":{level}")


# Of the keys that the stored buckets have: whatever else is declared by now was not when they were made. `start` and
# `end`, which only repeat what the buckets say, tell the planner which partitions it can leave out.
_RAW_UNIQUES = registers.packed_sql(
    _KEY,
    _NAMED.replace(":LEVEL", ":level"),
    f"""
    SELECT event_name, bucket_start, key, {registers.hash_sql("metadata ->> key")} AS hash
    FROM {_NAMED.replace(":LEVEL", ":level")} AS named JOIN telemetry_events AS source USING (event_name)
    WHERE occurred_at >= bucket_start AND occurred_at < bucket_start + :width AND kind = 'event'
        AND occurred_at >= :start AND occurred_at < :end AND metadata ->> key IS NOT NULL""",
    f"SELECT {_KEY}, 0 AS register, 0 AS rank FROM {_NAMED.replace(':LEVEL', ':level')} AS named WHERE false",
)


def _of_metadata(uniques: str) -> str:
    """Return unique counts as facts of metadata keys."""
    key = f"'metadata' AS what, {escaped_sql('key')} AS key"
    return f"SELECT event_name, bucket_start, {key}, packed FROM ({uniques}) AS one"


# What is compared has no mark: a bucket is not dirty, a five is not stale, and began when there were such.
_DIRTY = "SELECT FROM rollup_dirty AS mark WHERE mark.level = :level AND"
_STALE = "SELECT FROM stale_fives AS mark WHERE"


def unmarked(names: str, starts: str, level: str | None = None) -> str:
    """Return whether the bucket of this name and start is compared, as SQL. ``level``: of which; any but a five's where
    that is not said."""
    is_five = level == FIVE.name
    key = f"(mark.event_name, mark.bucket_start) = ({names}, {starts})"
    begun = f" AND {starts} >= (SELECT since FROM fives_since)" if is_five else ""
    return f"NOT EXISTS ({_STALE if is_five else _DIRTY} {key}){begun}"


_PARTS = ("expected", "stored", "should", "placed", "due", "once")
_NAME, _START = (
    f"COALESCE({', '.join(f'{part}.{column}' for part in _PARTS)})" for column in ("event_name", "bucket_start")
)


# A bucket of an older version has no last sample or histogram yet: in that it is unfinished, and compared in all else.
def _comparison(source: str, histograms: str, uniques: str, level: str | None = None) -> str:
    return f"""
SELECT event_name, bucket_start, what, key,
    expected.count, stored.count, expected.sum, stored.sum, expected.min, stored.min, expected.max, stored.max,
    expected.last[2], stored.last[2], expected.last[1], stored.last[1],
    should.histogram, placed.histogram, due.packed, once.packed
FROM ({source}) AS expected
FULL JOIN ({_of_level("level")}) AS stored USING (event_name, bucket_start, what, key)
FULL JOIN ({histograms}) AS should USING (event_name, bucket_start, what, key)
FULL JOIN ({_histograms_of("level")}) AS placed USING (event_name, bucket_start, what, key)
FULL JOIN ({_of_metadata(uniques)}) AS due USING (event_name, bucket_start, what, key)
FULL JOIN ({_of_metadata(_uniques_of("level"))}) AS once USING (event_name, bucket_start, what, key)
WHERE (
    stored.count IS DISTINCT FROM expected.count
    OR stored.min IS DISTINCT FROM expected.min
    OR stored.max IS DISTINCT FROM expected.max
    OR (stored.last IS DISTINCT FROM expected.last AND NOT (stored.no_last OR expected.no_last))
    OR (due.packed IS DISTINCT FROM once.packed AND NOT COALESCE(stored.unplaced OR expected.unplaced, false))
    OR (placed.histogram IS DISTINCT FROM should.histogram AND NOT (stored.unplaced OR expected.unplaced))
    OR (stored.sum IS NULL) <> (expected.sum IS NULL)
    OR abs(stored.sum - expected.sum) > :tolerance
        * greatest(expected.count * greatest(abs(expected.min), abs(expected.max), :least), abs(stored.sum))
)
    AND {unmarked(_NAME, _START, level)}
ORDER BY bucket_start, event_name, what, key
"""


_FROM_RAW = text(_comparison(_RAW, _RAW_HISTOGRAMS, _RAW_UNIQUES))
_FROM_FINER = text(_comparison(_of_level("source"), _histograms_of("source"), _uniques_of("source")))
_FIVES = text(
    uncapped(_comparison(_of_level("source"), _histograms_of("source"), _uniques_of("source", _KNOWN), FIVE.name))
)


def differing_facts(
    connection: Connection, level: RollupLevel, start: datetime, end: datetime, name: str | None = None
) -> Sequence[Row[Any]]:
    """Return the facts of one span of ``level``'s buckets that differ from its source: expected and stored, in pairs.

    ``name``: of that event only. One statement, so one snapshot: an event that comes in meanwhile is not there yet, or
    it is and its mark is, too. What is known not to be computable is left out; raises ``DBAPIError`` where something
    else is not.
    """
    return connection.execute(
        _FROM_RAW if level.source == RAW else _FIVES if level == FIVE else _FROM_FINER,
        {
            "level": level.name,
            "source": level.source,
            "width": level.width,
            "start": start,
            "end": end,
            "name": name,
            "tolerance": TOLERANCE,
            "least": LEAST_MAGNITUDE,
        },
    ).fetchall()


def names_between(connection: Connection, level: RollupLevel, start: datetime, end: datetime) -> list[str]:
    """Return the events of which the level or its source has anything in a span."""
    source = (
        "SELECT event_name FROM telemetry_events WHERE occurred_at >= :start AND occurred_at < :end"
        if level.source == RAW
        else "SELECT event_name FROM telemetry_buckets WHERE bucket_type = :source AND bucket_start >= :start "
        "AND bucket_start < :end"
    )
    rows = connection.execute(
        text(
            f"{source} UNION SELECT event_name FROM telemetry_buckets WHERE bucket_type = :level "
            "AND bucket_start >= :start AND bucket_start < :end ORDER BY 1"
        ),
        {"level": level.name, "source": level.source, "start": start, "end": end},
    )
    return list(rows.scalars())


def waits(connection: Connection, level: RollupLevel, start: datetime, name: str) -> bool:
    """Return whether a bucket is still dirty, or known by now not to be computable; of a five, also whether it is from
    before there were any."""
    return bool(
        connection.execute(
            text(
                "SELECT EXISTS (SELECT FROM rollup_dirty WHERE level = :level AND bucket_start = :start "
                "AND event_name = :name) OR EXISTS (SELECT FROM rollup_failures WHERE level = :level "
                "AND bucket_start = :start AND event_name = :name) OR :level = :five AND ("
                "CAST(:start AS timestamptz) < (SELECT since FROM fives_since) OR EXISTS (SELECT FROM stale_fives "
                "WHERE bucket_start = :start AND event_name = :name))"
            ),
            {"level": level.name, "five": FIVE.name, "start": start, "name": name},
        ).scalar_one()
    )


def stored_days(connection: Connection) -> list[datetime]:
    """Return the UTC midnights of the days that hold raw events or buckets of any level, oldest first."""
    rows = connection.execute(
        text("""
            SELECT DISTINCT date_bin('1 day', bucket_start, 'epoch') FROM telemetry_buckets
            UNION
            SELECT CAST(
                substring(pg_get_expr(child.relpartbound, child.oid) FROM $$FROM \\('([^']+)'\\)$$) AS timestamptz
            )
            FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid
            WHERE inhparent = 'telemetry_events'::regclass
            ORDER BY 1
        """)
    ).scalars()
    return [day.astimezone(UTC) for day in rows]
