"""The fold: the buckets asked for, the rows to fold, and from them counts, maps and labels, in one statement.

Every part reads what it needs once, unpacked once, and then hashes: the work grows with what is read and with nothing
else. What is named is bounded, so no input can make a bucket that the next fold can't read: an event name has at most
``KEYS_PER_EVENT`` measurements and as many metadata keys, first come first served, and whatever else it sends is
counted under OTHER. They stand in ``event_keys`` for as long as the event has buckets, so a bucket that is computed
again, and the audit, find the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import TextClause, text

from db import registers, splits
from db.bins import bins_sql, packed_sql, place_sql, uncapped
from db.labels import KEY_BYTES, OTHER, VALUE_BYTES, escaped_sql, key_sql
from db.whole import VALUES_AT_ONCE, WHOLE, found_sql

KEYS_PER_EVENT = 256

# A metadata key's values beyond this many, the rarest, are counted together under OTHER: at most so many are listed,
# and all that are more frequent than the next one. Those that tie for the last places all go there, so a key whose
# values occur once each, such as an id, lists none. Each event that carries the key is counted, whatever is listed.
# Exact for minutes. Hours and days add up what the finer buckets list: what they counted under OTHER stays there.
VALUES_PER_KEY = 50


@dataclass(frozen=True, slots=True)
class Merge:
    """How a map that a bucket stores per measurement is folded from maps of the level below.

    ``aggregate`` folds values of the type ``kind``. One row is the smallest of such maps: of a number it holds
    ``of_number``, an expression of its ``value``, ``weight`` and ``moment``, and of a measurement of which only the
    aggregate is known ``of_aggregate``, one of ``pair.value``. ``stored`` is how an entry of a map is read, as SQL over
    its text.
    """

    aggregate: str
    kind: str
    of_number: str
    of_aggregate: str
    stored: str = "{}"

    def read(self, text: str) -> str:
        """Return an entry of a map as a value, as SQL over the expression of its text."""
        return f"CAST({self.stored.format(text)} AS {self.kind})"


# A further mergeable aggregate is a further row. The last sample is a pair, its time in seconds since 1970 and its
# value: the greater pair is the later sample, of several at one time the greatest. So it is the same in whatever order
# samples come in.
MERGES: Mapping[str, Merge] = {
    "value_counts": Merge("sum", "bigint", "weight", "pair.value ->> 'count'"),
    "sum_values": Merge("sum", "double precision", "weight * value", "pair.value ->> 'sum'"),
    "min_values": Merge("min", "double precision", "value", "pair.value ->> 'min'"),
    "max_values": Merge("max", "double precision", "value", "pair.value ->> 'max'"),
    # An aggregate is no sample.
    "last_values": Merge(
        "max", "double precision[]", "ARRAY[moment, value]", "NULL", stored="translate({}, '[]', $${{}}$$)"
    ),
}
# Histograms (``db.bins``) are merged place by place, and only then are one value of each measurement.
MAPS = (*MERGES, "histograms")
_VALUES = [column for column in MAPS if column != "value_counts"]

# Constant slices of arrays, not a condition on positions, tell the planner how many buckets there are; `earliest` and
# `end`, which only repeat what the keys say, tell it which partitions it can leave out.
KEYS = """
keys AS MATERIALIZED (
    SELECT position::int AS bucket, event_name, bucket_start
    FROM unnest((CAST(:names AS text[]))[:first : :last], (CAST(:starts AS timestamptz[]))[:first : :last])
        WITH ORDINALITY AS key (event_name, bucket_start, position)
)"""


def unpacked(column: str) -> str:
    """Return a map that is decompressed once: looking up each of n keys in a packed one would unpack it n times."""
    return f"{column} || '{{}}' AS {column}"


_AGGREGATES = "aggregated CROSS JOIN LATERAL jsonb_each(aggregates)"
_NO_RANKS = "SELECT NULL::int AS bucket, NULL::text AS key, NULL::int AS register, NULL::int AS rank WHERE false"
_KEPT = "finer CROSS JOIN LATERAL jsonb_each_text(uniques) AS pair (key, packed) WHERE packed LIKE '{kind}:%'"
_FINER_HASHES = registers.hashes_sql("bucket, key", "packed", _KEPT.format(kind="e1"))
_FINER_RANKS = registers.ranks_sql("bucket, key", "packed", _KEPT.format(kind="r1"))


# Every part names the same columns whatever the source. `parts`: aggregates of each measurement. `bins`: how many of
# its values lie in a place. `labels`: how many events carried a metadata key (`field`) with a value. An event is the
# smallest of buckets. Numbers are grouped once, by their places, so what is merged of them is a fraction; splits, where
# there are any, read the same numbers, which are kept only then.
def events_sql(read: str, placed: str, hashes: str, labels: str) -> str:
    """Return the parts that a fold takes from events: ``read`` are those named ``keys``, ``counts`` and ``aggregated``,
    the others queries of numbers by their places, of hashes of values that are counted once, and of labels."""
    return f"""
{read},
placed AS MATERIALIZED ({placed}
),
bins AS (
    SELECT bucket, key, place, value_counts AS count FROM placed
    UNION ALL
    {bins_sql("bucket, key", "value ->> 'bins'", _AGGREGATES)}
),
parts (bucket, key, {", ".join(MERGES)}) AS (
    SELECT bucket, key, {", ".join(MERGES)} FROM placed
    UNION ALL
    SELECT bucket, pair.key, {", ".join(f"CAST({m.of_aggregate} AS {m.kind})" for m in MERGES.values())}
    FROM aggregated CROSS JOIN LATERAL jsonb_each(aggregates) AS pair
),
counted_once AS MATERIALIZED (
    SELECT bucket, key FROM keys JOIN event_keys USING (event_name) WHERE kind = 'unique'
),
uniques AS ({registers.packed_sql("bucket, key", "counted_once", hashes, _NO_RANKS)}),
{WHOLE},
labels AS ({labels}
)"""


NUMBERS = ", ".join(f"{merge.aggregate}({merge.of_number}) AS {column}" for column, merge in MERGES.items())
_READ = f"""
{KEYS},
events AS MATERIALIZED (
    SELECT keys.bucket, event.*
    FROM keys CROSS JOIN LATERAL (
        SELECT date_part('epoch', occurred_at) AS moment, {unpacked("measurements")}, {unpacked("metadata")},
            weight, CASE kind WHEN 'event' THEN weight ELSE 0 END AS counted, aggregates
        FROM telemetry_events AS candidate
        WHERE candidate.event_name = keys.event_name AND candidate.occurred_at >= keys.bucket_start
            AND candidate.occurred_at < keys.bucket_start + CAST(:width AS interval)
            AND candidate.occurred_at >= :earliest AND candidate.occurred_at < :end
        OFFSET 0
    ) AS event
),
counts AS (SELECT bucket, sum(counted) AS count FROM events GROUP BY 1),
aggregated AS MATERIALIZED (SELECT bucket, metadata, aggregates FROM events WHERE aggregates <> '{{}}'),
numbers AS (
    SELECT *, {place_sql("value")} AS place
    FROM (
        SELECT bucket, moment, weight, metadata, key, CAST(measurements ->> key AS double precision) AS value
        FROM (
            SELECT bucket, moment, weight, metadata, measurements, jsonb_object_keys(measurements) AS key FROM events
        ) AS measured
        OFFSET 0
    ) AS measurement
)"""
_PLACED = f"""
    SELECT bucket, key, place, {NUMBERS} FROM numbers GROUP BY 1, 2, 3"""
_HASHES = f"""
    SELECT bucket, key, {registers.hash_sql("value")} AS hash
    FROM (
        SELECT bucket, key, metadata ->> key AS value FROM events JOIN counted_once USING (bucket) WHERE counted > 0
        OFFSET 0
    ) AS carried
    WHERE value IS NOT NULL"""
_LABELS = """
    SELECT bucket, key AS field, CASE WHEN key = ANY(fields) THEN NULL ELSE COALESCE(metadata ->> key, 'null') END
        AS value, counted AS count
    FROM (
        SELECT bucket, counted, metadata, fields, jsonb_object_keys(metadata) AS key
        FROM events LEFT JOIN whole USING (bucket) WHERE counted > 0
    ) AS described"""
_EVENTS = events_sql(_READ, _PLACED, _HASHES, _LABELS)

_FINER_COLUMNS = ", ".join(merge.read(f"finer.{column} ->> pair.key") for column, merge in MERGES.items())
_KEPT_ONCE = "SELECT DISTINCT bucket, key FROM finer CROSS JOIN LATERAL jsonb_object_keys(uniques) AS pair (key)"
_BUCKETS = f"""
{KEYS},
finer AS MATERIALIZED (
    SELECT keys.bucket, stored.*
    FROM keys CROSS JOIN LATERAL (
        SELECT count, {", ".join(map(unpacked, MERGES))}, histograms, uniques, metadata_counts
        FROM telemetry_buckets AS candidate
        WHERE candidate.bucket_type = :source AND candidate.event_name = keys.event_name
            AND candidate.bucket_start >= keys.bucket_start
            AND candidate.bucket_start < keys.bucket_start + CAST(:width AS interval)
        OFFSET 0
    ) AS stored
),
counts AS (SELECT bucket, sum(count)::bigint AS count FROM finer GROUP BY 1),
parts (bucket, key, {", ".join(MERGES)}) AS (
    SELECT finer.bucket, pair.key, {_FINER_COLUMNS}
    FROM finer CROSS JOIN LATERAL jsonb_object_keys(finer.value_counts) AS pair (key)
),
bins AS ({bins_sql("bucket, key", "value", "finer CROSS JOIN LATERAL jsonb_each_text(histograms)")}),
counted_once AS ({_KEPT_ONCE}),
uniques AS ({registers.packed_sql("bucket, key", "counted_once", _FINER_HASHES, _FINER_RANKS)}),
labels AS (
    SELECT bucket, field, NULLIF(substr(label, length(field) + 2), '{OTHER}') AS value, count
    FROM (
        SELECT bucket, pair.key AS label, {key_sql("pair.key")} AS field, CAST(pair.value AS bigint) AS count
        FROM finer CROSS JOIN LATERAL jsonb_each_text(finer.metadata_counts) AS pair
        OFFSET 0
    ) AS labelled
)"""

_MERGED = f"""
merged AS (
    SELECT part.*, packed.histogram AS histograms
    FROM (
        SELECT bucket, key, {", ".join(f"{merge.aggregate}({column}) AS {column}" for column, merge in MERGES.items())}
        FROM parts GROUP BY 1, 2
    ) AS part
    LEFT JOIN ({packed_sql("bucket, key", "bins")}) AS packed USING (bucket, key)
)"""


# Which values stay is decided by counts alone, so no values are sorted: `ranked` has a row for each count that occurs,
# with the values that have it and how many values have it or a higher one.
def _ranked(most: int) -> str:
    return f"""
ranked AS (
    SELECT bucket, field, count, values, size,
        NOT rest AND sum(size) OVER (PARTITION BY bucket, field, rest ORDER BY count DESC) <= {most} AS listed
    FROM (
        SELECT bucket, field, value IS NULL OR value = '{OTHER}' OR octet_length(value) > {VALUE_BYTES} AS rest, count,
            array_agg(value) AS values, count(*) AS size
        FROM (SELECT bucket, field, value, sum(count)::bigint AS count FROM labels GROUP BY 1, 2, 3) AS counted
        GROUP BY 1, 2, 3, 4
    ) AS tied
)"""


# What events name: which of it was known, and how much of the rest finds a place, the most frequent first. A row for
# OTHER says that there is something that found none.
_NAMED = f"""
met AS (
    SELECT event_name, kind, key, sum(count) AS count
    FROM (
        SELECT bucket, 'measurement' AS kind, key, value_counts AS count FROM merged
        UNION ALL SELECT bucket, 'metadata', field, count * size FROM ranked
    ) AS named JOIN keys USING (bucket)
    GROUP BY 1, 2, 3
),
known AS MATERIALIZED (
    SELECT event_name, kind, key FROM event_keys WHERE event_name IN (SELECT event_name FROM keys)
),
fresh AS (
    INSERT INTO event_keys (event_name, kind, key)
    SELECT DISTINCT event_name, kind, CASE WHEN fits AND place <= {KEYS_PER_EVENT} THEN key ELSE '{OTHER}' END
    FROM (
        SELECT event_name, kind, key, fits,
            COALESCE(taken, 0) + row_number() OVER (PARTITION BY event_name, kind, fits ORDER BY met.count DESC, key)
                AS place
        FROM (
            SELECT *, key <> '{OTHER}' AND octet_length(key) <= {KEY_BYTES} AS fits FROM met
        ) AS met
        LEFT JOIN known USING (event_name, kind, key)
        LEFT JOIN (
            SELECT event_name, kind, count(*) AS taken FROM known WHERE key <> '{OTHER}' GROUP BY 1, 2
        ) AS places USING (event_name, kind)
        WHERE known.key IS NULL
    ) AS candidate
    ON CONFLICT DO NOTHING
    RETURNING event_name, kind, key
),
named AS MATERIALIZED (
    SELECT event_name, kind, key FROM known WHERE key <> '{OTHER}'
    UNION ALL SELECT event_name, kind, key FROM fresh WHERE key <> '{OTHER}'
),
measured AS (
    SELECT merged.*, named.key IS NOT NULL AS known
    FROM merged JOIN keys USING (bucket)
        LEFT JOIN named ON named.kind = 'measurement' AND (named.event_name, named.key) = (keys.event_name, merged.key)
),
described AS (
    SELECT ranked.*, named.key IS NOT NULL AS known, {escaped_sql("ranked.field")} AS label
    FROM ranked JOIN keys USING (bucket)
        LEFT JOIN named ON named.kind = 'metadata' AND (named.event_name, named.key) = (keys.event_name, ranked.field)
)"""
# What buckets name was named when it was folded from events.
_INHERITED = f"""
measured AS (SELECT *, key <> '{OTHER}' AS known FROM merged),
described AS (SELECT *, true AS known, field AS label FROM ranked)"""
_KNOWN_NAMES = f"""
named AS MATERIALIZED (
    SELECT event_name, kind, key FROM event_keys
    WHERE key <> '{OTHER}' AND event_name IN (SELECT event_name FROM keys)
)"""

# Slices that list not all that they were made of: too many values to tell them apart, or one too long for a label. (Of
# a key that is counted as a whole the value is NULL, and what is called OTHER is never listed.)
_CUT = f"""
SELECT bucket FROM described WHERE known AND NOT listed AND values <> '{{NULL}}' AND values <> '{{{OTHER}}}'"""

# The sum of different measurements means nothing, nor do their extremes: the rest of them is counted, no more. Buckets
# of an older version have no last sample, an aggregate may lack extremes, and JSON's null is no number.
_MAPS = f"""
maps AS (
    SELECT bucket, jsonb_object_agg(key, value_counts) AS value_counts,
        {", ".join(f"jsonb_object_agg(key, {c}) FILTER (WHERE known AND {c} IS NOT NULL) AS {c}" for c in _VALUES)}
    FROM (
        SELECT bucket, key, known, {", ".join(MAPS)} FROM measured WHERE known
        UNION ALL
        SELECT bucket, '{OTHER}', false, sum(value_counts)::bigint, {", ".join("NULL" for _ in _VALUES)}
        FROM measured WHERE NOT known GROUP BY 1
    ) AS entry
    GROUP BY 1
)"""
_CAPPED = f"""
capped AS (
    SELECT bucket, jsonb_object_agg(label, count) AS metadata_counts
    FROM (
        SELECT bucket, CASE WHEN known THEN label || ':' || value ELSE '{OTHER}:{OTHER}' END AS label,
            sum(CASE WHEN listed AND known THEN count ELSE count * size END)::bigint AS count
        FROM described
            CROSS JOIN LATERAL unnest(CASE WHEN listed AND known THEN values ELSE '{{{OTHER}}}' END) AS value
        GROUP BY 1, 2
    ) AS labelled
    GROUP BY 1
)"""


_ONCE = "once AS (SELECT bucket, jsonb_object_agg(key, packed) AS uniques FROM uniques GROUP BY 1)"


def _fold(
    source: str, naming: str, *others: str, most: int = VALUES_PER_KEY, table: str = "telemetry_buckets", **more: str
) -> str:
    """Return the statement that inserts the buckets: the merge of whatever counts, parts and labels ``source`` gives;
    ``others`` write their splits with them. ``more``: further columns, as SQL."""
    stored = ", ".join(f"COALESCE(maps.{column}, '{{}}')" for column in MAPS)
    return f"""
WITH {source}, {_MERGED}, {_ranked(most)}, {naming}, {", ".join((_MAPS, _CAPPED, _ONCE, *others))}
INSERT INTO {table} (event_name, bucket_type, bucket_start, count, {", ".join(MAPS)}, metadata_counts,
    uniques{"".join(f", {column}" for column in more)})
SELECT keys.event_name, :level, keys.bucket_start, counts.count, {stored}, COALESCE(capped.metadata_counts, '{{}}'),
    COALESCE(once.uniques, '{{}}'){"".join(f", {value}" for value in more.values())}
FROM keys JOIN counts USING (bucket) LEFT JOIN maps USING (bucket) LEFT JOIN capped USING (bucket)
    LEFT JOIN once USING (bucket)
"""


@dataclass(frozen=True, slots=True)
class Fold:
    """A fold with all of its parts, and the one for buckets of events that have no declared dimension, which leaves out
    what writes splits: the same for those, and half as long to plan."""

    full: TextClause
    unsplit: TextClause

    def of(self, split: bool) -> TextClause:
        """Return the statement for buckets of events of which any has a declared dimension, or none has."""
        return self.full if split else self.unsplit


def minutes_from(events: str, split: str) -> Fold:
    """Return the fold of minutes from events; ``split``: what writes their splits."""

    def fold(*parts: str) -> TextClause:
        return text(_fold(events, _NAMED, found_sql("key"), *parts))

    return Fold(fold(split), fold())


def slices_from(events: str, split: str) -> Fold:
    """Return the fold of slices of open minutes (``db.slices``) from events. They list every value, so a minute that is
    folded from them is what it would have been."""
    is_cut = "keys.bucket IN (SELECT bucket FROM cut)"

    def fold(*parts: str) -> TextClause:
        return text(_fold(events, _NAMED, *parts, most=VALUES_AT_ONCE, table="slice_buckets", cut=is_cut))

    in_splits = "UNION SELECT bucket FROM split_ranked WHERE cut"
    return Fold(fold(split, f"cut AS ({_CUT} {in_splits})"), fold(f"cut AS ({_CUT})"))


def _minutes_from_slices(*parts: str) -> TextClause:
    source = _BUCKETS.replace("FROM telemetry_buckets AS candidate", "FROM slice_buckets AS candidate")
    naming = f"{_KNOWN_NAMES}, {_INHERITED}"
    return text(_fold(source, naming, found_sql(escaped_sql("key")), *parts, sliced="true"))


EVENTS = minutes_from(_EVENTS, splits.from_events())
BUCKETS = Fold(text(_fold(_BUCKETS, _INHERITED, splits.FROM_BUCKETS)), text(_fold(_BUCKETS, _INHERITED)))
# Of what minutes list a five (``db.fives``) lists all, and has all places of their histograms; it knows a key's values
# where all of its minutes do that have events: it stands for them wherever they are read.
_KNOWN_ONCE = """
    SELECT bucket, key
    FROM (
        SELECT bucket, key, count(*) AS minutes FROM finer CROSS JOIN LATERAL jsonb_object_keys(uniques) AS pair (key)
        WHERE count > 0 GROUP BY 1, 2
    ) AS knowing JOIN (SELECT bucket, count(*) AS minutes FROM finer WHERE count > 0 GROUP BY 1) AS counting
        USING (bucket, minutes)"""
_FIVES = _BUCKETS.replace(_KEPT_ONCE, _KNOWN_ONCE)
_INTO = (splits.INTO_FIVES,), ()
FIVES = Fold(*(text(uncapped(_fold(_FIVES, _INHERITED, *more, most=splits.ALL_LISTED))) for more in _INTO))
INTO_SLICES = slices_from(_EVENTS, splits.into_slices())
FROM_SLICES = Fold(_minutes_from_slices(splits.FROM_SLICES), _minutes_from_slices())


def fold_elsewhere(fold: TextClause, tables: Mapping[str, str]) -> TextClause:
    """Return a fold that reads or writes other tables: what stands once in it, such as ``FROM telemetry_events``, and
    what stands there instead."""
    statement = fold.text
    for table, other in tables.items():
        if statement.count(table) != 1:
            raise ValueError(f"{table!r} stands {statement.count(table)} times in the fold")
        statement = statement.replace(table, other)
    return text(statement)
