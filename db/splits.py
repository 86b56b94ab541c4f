"""Splits: of each value of a declared dimension what its bucket holds of all events, in rows of their own.

For each bucket of an event and each of its dimensions (a row of the kind ``split`` in ``event_keys``) there are rows of
``telemetry_splits``: of the 50 values with the most events one each, and of all others one called OTHER, which also has
the events that lack the key. So the rows of a bucket always add up to it. Of values that tie with one beyond the 50
none is listed, and of those that have no events, as samples have none, those with the most samples are.

They are written by the statement that writes their bucket (``db.fold``), and go when it goes. A bucket without any rows
was made before the dimension was declared: nothing is known of its values. An hour or a day has rows where all of its
minutes or hours have; what those counted under OTHER stays there.

``measurements`` has an array of each measurement: its count, sum, minimum and maximum.

Slices of a minute (``db.slices``) have rows of ``slice_splits``: of as many values as are told apart, and with how many
samples each has, so that the minute lists the same values as if it had been folded from events.
"""

from db import registers
from db.bins import bins_sql, packed_sql
from db.labels import OTHER, VALUE_BYTES
from db.whole import VALUES_AT_ONCE

VALUES_PER_SPLIT = 50
# No cap.
ALL_LISTED = 1_000_000

_ROW = "bucket, dimension, value"
_OF_KEY = f"{_ROW}, key"
# Each is merged by itself: name, aggregate, type.
_PARTS = (
    ("values", "sum", "bigint"),
    ("sum", "sum", "double precision"),
    ("min", "min", "double precision"),
    ("max", "max", "double precision"),
)
_NAMES = ", ".join(name for name, _, _ in _PARTS)

_DECLARED = """
split_named AS MATERIALIZED (
    SELECT bucket, event_name, bucket_start, key AS dimension
    FROM keys JOIN event_keys USING (event_name) WHERE kind = 'split'
)"""


def value_sql(dimension: str, name: str = "value") -> str:
    """Return an event's value of a dimension as a label has it, as SQL, with its name; OTHER without one."""
    return (
        f"COALESCE(metadata ->> {dimension}, CASE WHEN metadata ? {dimension} THEN 'null' ELSE '{OTHER}' END) AS {name}"
    )


_SPLIT_BUCKETS = "bucket IN (SELECT bucket FROM split_named)"

# What both sources give: `split_counts`, how many events of a value; `split_parts` and `split_bins`, of its
# measurements; `split_hashes` and `split_ranks`, of keys whose values are counted once, which `split_once` names.
_COUNTED = f"""
    SELECT {_ROW}, sum(counted) AS count, sum(weight) AS samples
    FROM (
        SELECT bucket, counted, weight, dimension, {value_sql("dimension")}
        FROM events JOIN split_named USING (bucket) OFFSET 0
    ) AS told
    GROUP BY 1, 2, 3"""
_PLACED = f"""
    SELECT {_OF_KEY}, place, sum(weight) AS values, sum(weight * number) AS sum, min(number) AS min, max(number) AS max
    FROM (
        SELECT bucket, weight, key, number, place, dimension, {value_sql("dimension")}
        FROM (SELECT bucket, weight, metadata, key, value AS number, place FROM numbers) AS measured
            JOIN split_named USING (bucket)
        OFFSET 0
    ) AS measured
    GROUP BY 1, 2, 3, 4, 5"""
_HASHED = f"""
    SELECT {_OF_KEY}, hash
    FROM (
        SELECT bucket, key, hash, dimension, {value_sql("dimension")}
        FROM (
            SELECT bucket, metadata, key, {registers.hash_sql("carried")} AS hash
            FROM (
                SELECT bucket, metadata, key, metadata ->> key AS carried FROM events JOIN counted_once USING (bucket)
                WHERE counted > 0 AND {_SPLIT_BUCKETS}
                OFFSET 0
            ) AS carried
            WHERE carried IS NOT NULL
            OFFSET 0
        ) AS hashed
        JOIN split_named USING (bucket)
    ) AS hashed"""


def _of_events(counted: str, placed: str, hashed: str) -> str:
    """Return what a fold needs of events, from queries of ``split_counts``, ``split_placed`` and ``split_hashes``."""
    return f"""{_DECLARED},
split_counts AS ({counted}
),
split_aggregates AS MATERIALIZED (
    SELECT bucket, dimension, {value_sql("dimension")}, pair.key, pair.value AS aggregate
    FROM aggregated JOIN split_named USING (bucket) CROSS JOIN LATERAL jsonb_each(aggregates) AS pair
),
split_placed AS MATERIALIZED ({placed}
),
split_parts AS (
    SELECT {_OF_KEY}, {_NAMES} FROM split_placed
    UNION ALL
    SELECT {_OF_KEY}, CAST(aggregate ->> 'count' AS bigint), CAST(aggregate ->> 'sum' AS double precision),
        CAST(aggregate ->> 'min' AS double precision), CAST(aggregate ->> 'max' AS double precision)
    FROM split_aggregates
),
split_bins AS (
    SELECT {_OF_KEY}, place, values AS count FROM split_placed
    UNION ALL
    {bins_sql(_OF_KEY, "aggregate ->> 'bins'", "split_aggregates")}
),
split_hashes AS ({hashed}
),
split_ranks AS (
    SELECT 0 AS bucket, '' AS dimension, '' AS value, '' AS key, 0 AS register, 0 AS rank WHERE false
)"""


_ONCE_OF_EVENTS = "split_once AS (SELECT cell, key FROM split_rows JOIN counted_once USING (bucket))"

_STORED = "FROM split_finer CROSS JOIN LATERAL"


def _kept(kind: str) -> str:
    return f"split_finer CROSS JOIN LATERAL jsonb_each_text(uniques) AS pair (key, packed) WHERE packed LIKE '{kind}:%'"


def _of_buckets(table: str, samples: str, among: str = "JOIN split_whole USING (bucket, dimension)") -> str:
    """Return what a fold needs of finer splits; ``samples``: how many one has, as SQL; ``among``: which buckets of them
    it takes, by default those of which every finer one is split."""
    return f"""{_DECLARED},
split_held AS MATERIALIZED (
    SELECT split_named.bucket, stored.*
    FROM split_named CROSS JOIN LATERAL (
        SELECT candidate.dimension, candidate.bucket_start AS start, value, count, measurements, histograms, uniques,
            {samples} AS samples
        FROM {table} AS candidate
        WHERE candidate.event_name = split_named.event_name AND candidate.bucket_type = :source
            AND candidate.dimension = split_named.dimension AND candidate.bucket_start >= split_named.bucket_start
            AND candidate.bucket_start < split_named.bucket_start + CAST(:width AS interval)
        OFFSET 0
    ) AS stored
),
split_whole AS (
    SELECT bucket, dimension
    FROM (
        SELECT bucket, dimension, count(*) AS split
        FROM (SELECT DISTINCT bucket, dimension, start FROM split_held) AS each
        GROUP BY 1, 2
    ) AS held
    JOIN (SELECT bucket, count(*) AS buckets FROM finer GROUP BY 1) AS finer USING (bucket)
    WHERE split = buckets
),
split_finer AS MATERIALIZED (SELECT split_held.* FROM split_held {among}),
split_counts AS (
    SELECT {_ROW}, sum(count) AS count, sum(samples) AS samples FROM split_finer GROUP BY 1, 2, 3
),
split_parts ({_OF_KEY}, {_NAMES}) AS (
    SELECT {_OF_KEY}, {", ".join(f"CAST(part ->> {n} AS {kind})" for n, (_, _, kind) in enumerate(_PARTS))}
    {_STORED} jsonb_each(measurements) AS pair (key, part)
),
split_bins AS (
    {bins_sql(_OF_KEY, "packed", "split_finer CROSS JOIN LATERAL jsonb_each_text(histograms) AS pair (key, packed)")}
),
split_hashes AS ({registers.hashes_sql(_OF_KEY, "packed", _kept("e1"))}),
split_ranks AS ({registers.ranks_sql(_OF_KEY, "packed", _kept("r1"))})"""


# Of a bucket only what was measured is known, of which measurement most.
_MEASURED = "(SELECT max(CAST(part ->> 0 AS bigint)) FROM jsonb_each(measurements) AS pair (key, part))"
_ONCE_OF_BUCKETS = f"""split_once AS (
    SELECT DISTINCT cell, key
    FROM (SELECT {_OF_KEY} {_STORED} jsonb_object_keys(uniques) AS pair (key)) AS kept
        JOIN split_shown USING ({_ROW})
)"""


# Which values stay is decided by numbers alone, so no values are sorted (see `db.fold`). A cell is a row to be, by its
# number: texts would be sorted by the rules of a language.
def _shown_sql(most: int) -> str:
    return f"""
split_sizes AS MATERIALIZED (
    SELECT {_ROW}, count, COALESCE(samples, 0) AS samples,
        value = '{OTHER}' OR octet_length(value) > {VALUE_BYTES} AS rest
    FROM split_counts
),
split_ranked AS MATERIALIZED (
    SELECT {_ROW}, CASE WHEN listed THEN value ELSE '{OTHER}' END AS shown, count, samples,
        NOT (listed OR rest) AS cut
    FROM split_sizes JOIN (
        SELECT bucket, dimension, rest, count, samples, NOT rest AND sum(size) OVER (
            PARTITION BY bucket, dimension, rest ORDER BY count DESC, samples DESC) <= {most} AS listed
        FROM (
            SELECT bucket, dimension, rest, count, samples, count(*) AS size FROM split_sizes GROUP BY 1, 2, 3, 4, 5
        ) AS tied
    ) AS ranked USING (bucket, dimension, rest, count, samples)
),
split_rows AS MATERIALIZED (
    SELECT *, CAST(row_number() OVER () AS int) AS cell
    FROM (
        SELECT bucket, dimension, shown, sum(count)::bigint AS count, sum(samples)::bigint AS samples
        FROM split_ranked GROUP BY 1, 2, 3
    ) AS row
),
split_shown AS MATERIALIZED (
    SELECT ranked.bucket, ranked.dimension, ranked.value, row.cell
    FROM split_ranked AS ranked JOIN split_rows AS row USING (bucket, dimension, shown)
)"""


def _shown(columns: str, source: str) -> str:
    return f"SELECT cell, {columns} FROM {source} JOIN split_shown USING ({_ROW})"


def _merged(known: str, table: str = "telemetry_splits", *more: str) -> str:
    columns = "".join(f", {column}" for column in more)
    return f"""
split_merged AS (
    SELECT part.*, packed.histogram
    FROM (
        SELECT cell, key, {", ".join(f"{how}({name}) AS {name}" for name, how, _ in _PARTS)}
        FROM ({_shown(f"key, {_NAMES}", "split_parts")}) AS part GROUP BY 1, 2
    ) AS part
    LEFT JOIN (
        {packed_sql("cell, key", f"({_shown('key, place, count', 'split_bins')}) AS bin")}
    ) AS packed USING (cell, key)
),
split_maps AS (
    SELECT cell, jsonb_object_agg(key, jsonb_build_array({_NAMES})) AS measurements,
        jsonb_object_agg(key, histogram) FILTER (WHERE histogram IS NOT NULL) AS histograms
    FROM split_merged JOIN split_rows USING (cell) JOIN keys USING (bucket) WHERE {known} GROUP BY 1
),
split_uniques AS (
    SELECT cell, jsonb_object_agg(key, packed) AS uniques
    FROM ({
        registers.packed_sql(
            "cell, key", "split_once", _shown("key, hash", "split_hashes"), _shown("key, register, rank", "split_ranks")
        )
    }) AS packed
    GROUP BY 1
),
split_stored AS (
    INSERT INTO {table} (event_name, bucket_type, dimension, bucket_start, value, count, measurements,
        histograms, uniques{columns})
    SELECT keys.event_name, :level, dimension, keys.bucket_start, shown, count, COALESCE(measurements, '{{}}'),
        COALESCE(histograms, '{{}}'), COALESCE(uniques, '{{}}'){columns}
    FROM keys JOIN split_rows USING (bucket) LEFT JOIN split_maps USING (cell) LEFT JOIN split_uniques USING (cell)
)"""


# Of what an event measures beyond its quota there is nothing to tell apart by value.
_NAMED = "(keys.event_name, key) IN (SELECT event_name, key FROM named WHERE kind = 'measurement')"


# They need `keys`, and of the fold (`db.fold`) its source's rows, `aggregated`, `numbers`, `counted_once` and `named`.
# Of what is folded into slices, `split_ranked` says which values were cut off.
_SHOWN = _shown_sql(VALUES_PER_SPLIT)


def from_events(counted: str = _COUNTED, placed: str = _PLACED, hashed: str = _HASHED) -> str:
    """Return the parts that write splits of what is folded from events; see ``_of_events``."""
    return ",".join((_of_events(counted, placed, hashed), _SHOWN, _ONCE_OF_EVENTS, _merged(_NAMED)))


def into_slices(counted: str = _COUNTED, placed: str = _PLACED, hashed: str = _HASHED) -> str:
    """Return the parts that write splits of slices, from events."""
    shown = _shown_sql(VALUES_AT_ONCE)
    written = _merged(_NAMED, "slice_splits", "samples")
    return ",".join((_of_events(counted, placed, hashed), shown, _ONCE_OF_EVENTS, written))


FROM_BUCKETS = ",".join((_of_buckets("telemetry_splits", _MEASURED), _SHOWN, _ONCE_OF_BUCKETS, _merged("true")))
# A five has what its minutes have, be it not of all of them: whoever reads finds what does not add up, as in minutes.
# It knows a key's values where all rows do that it is made of.
_ONCE_OF_FIVES = f"""split_once AS (
    SELECT cell, key
    FROM (SELECT {_OF_KEY}, count(*) AS rows {_STORED} jsonb_object_keys(uniques) AS pair (key) GROUP BY 1, 2, 3, 4)
        AS knowing
        JOIN (SELECT {_ROW}, count(*) AS rows FROM split_finer GROUP BY 1, 2, 3) AS held USING ({_ROW}, rows)
        JOIN split_shown USING ({_ROW})
)"""
INTO_FIVES = ",".join((
    _of_buckets("telemetry_splits", _MEASURED, among=""), _shown_sql(ALL_LISTED), _ONCE_OF_FIVES, _merged("true")
))  # fmt: skip
FROM_SLICES = ",".join((_of_buckets("slice_splits", "samples"), _SHOWN, _ONCE_OF_BUCKETS, _merged("true")))

# A bucket's rows go with it.
GONE = """
gone AS (
    DELETE FROM telemetry_splits AS split USING keys JOIN event_keys AS named USING (event_name)
    WHERE named.kind = 'split' AND split.event_name = keys.event_name AND split.bucket_type = :level
        AND split.dimension = named.key AND split.bucket_start = keys.bucket_start
)"""

# Whether any of the buckets has rows.
DECLARED = "EXISTS (SELECT FROM keys JOIN event_keys USING (event_name) WHERE kind = 'split') AS split"
