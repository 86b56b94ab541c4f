"""The statement that reads buckets for charts.

Reads come as arrays, one for each of their properties, and are answered by lateral joins. So its text depends on the
kinds of reads only, is short, and is parsed and planned the same for one chart and for twelve.
"""

import re
from functools import cache

from db import annotations
from db.labels import OTHER
from db.levels import BUCKET_TYPES, WIDTHS
from db.planned import for_driver
from db.series_filtered import BINS as _FILTERED_BINS
from db.series_filtered import READS as _FILTERED_READS
from db.series_filtered import ROWS as _FILTERED
from db.series_filtered import UNIQUES as _FILTERED_UNIQUES
from db.series_fives import READS as _FIVES_READS
from db.series_fives import parts_sql
from db.series_kept import BINS, UNIQUES, kept_sql
from db.series_raw import BINS as _RAW_BINS
from db.series_raw import READS as _RAW_READS
from db.series_raw import ROWS as _RAW
from db.series_raw import UNIQUES as _RAW_UNIQUES
from db.series_splits import READS as _VALUE_READS
from db.series_splits import VALUES, VALUES_BY_FIVES

_BUCKETS = """telemetry_buckets WHERE event_name = read.event AND bucket_type = read.level
        AND bucket_start >= read.start AND bucket_start < read.until"""
_READS = """unnest(CAST(:KIND_number AS int[]), CAST(:KIND_event AS text[]), CAST(:KIND_level AS text[]),
        CAST(:KIND_start AS timestamptz[]), CAST(:KIND_until AS timestamptz[]), CAST(:KIND_measurement AS text[]),
        CAST(:KIND_edges AS text[])) AS read(number, event, level, start, until, measurement, bounds)"""
_SPLITS = """unnest(CAST(:KIND_number AS int[]), CAST(:KIND_event AS text[]), CAST(:KIND_level AS text[]),
        CAST(:KIND_start AS timestamptz[]), CAST(:KIND_until AS timestamptz[]), CAST(:KIND_prefix AS text[]),
        CAST(:KIND_most AS int[]), CAST(:KIND_edges AS text[]), CAST(:KIND_coarse AS text[]),
        CAST(:KIND_first AS timestamptz[]), CAST(:KIND_last AS timestamptz[]), CAST(:KIND_without AS text[]))
        AS read(number, event, level, start, until, prefix, most, bounds, coarse, first, last, without)"""

# What of a measurement is read: sums and counts of `summed`, extremes of `spread`; of a bare one nothing.
_MEASURED = """(SELECT *, coalesce(summed, spread) IS NULL AS bare FROM unnest(CAST(:KIND_number AS int[]),
        CAST(:KIND_event AS text[]), CAST(:KIND_level AS text[]), CAST(:KIND_start AS timestamptz[]),
        CAST(:KIND_until AS timestamptz[]), CAST(:KIND_edges AS text[]), CAST(:KIND_summed AS text[]),
        CAST(:KIND_spread AS text[])) AS read(number, event, level, start, until, bounds, summed, spread)) AS read"""

# A read as one bucket takes the coarser level's from `first` to `last`: nothing of it while any is yet to be made anew,
# as a pass makes both levels in one transaction, but what it has no room for waits for the next.
_PARTED_READS = """(SELECT read.*, coalesce(summed, spread) IS NULL AS bare,
        CASE WHEN behind THEN until ELSE head END AS first, CASE WHEN behind THEN until ELSE tail END AS last
        FROM unnest(CAST(:KIND_number AS int[]), CAST(:KIND_event AS text[]), CAST(:KIND_level AS text[]),
        CAST(:KIND_start AS timestamptz[]), CAST(:KIND_until AS timestamptz[]), CAST(:KIND_summed AS text[]),
        CAST(:KIND_spread AS text[]), CAST(:KIND_coarse AS text[]), CAST(:KIND_first AS timestamptz[]),
        CAST(:KIND_last AS timestamptz[]))
        AS read(number, event, level, start, until, summed, spread, coarse, head, tail)
        CROSS JOIN (SELECT EXISTS (SELECT FROM rollup_dirty WHERE level IN (COARSER))
            OR EXISTS (SELECT FROM rollup_failures WHERE level IN (COARSER)) AS behind) AS log OFFSET 0) AS read"""
_PARTED_READS = _PARTED_READS.replace("COARSER", ", ".join(f"'{level}'" for level in BUCKET_TYPES[1:]))
_PARTED = """(VALUES (read.level, read.start, read.first), (read.coarse, read.first, read.last),
            (read.level, read.last, read.until)) AS part (level, since, upto) CROSS JOIN LATERAL (
            SELECT COLUMNS FROM telemetry_buckets WHERE event_name = read.event AND bucket_type = part.level
                AND bucket_start >= part.since AND bucket_start < part.upto OFFSET 0
        ) AS bucket"""

# OFFSET 0 keeps the bounds from being read again for every bucket.
_WITH_EDGES = "(SELECT *, bounds::timestamptz[] AS edges FROM FROM_READS OFFSET 0) AS read"
_SLOT = "width_bucket(bucket_start, read.edges)::bigint"
_BIN = "date_bin(read.bounds, bucket_start, read.start)"

_PLAIN = """
SELECT 'rows', read.number, NULL::text, (
    SELECT string_agg(timestamptz_send(bucket_start) || int8send(count) || CASE WHEN read.bare THEN ''
        ELSE float8send(coalesce((sum_values ->> read.summed)::float8, 'NaN'))
        || float8send(coalesce((min_values ->> read.spread)::float8, 'NaN'))
        || float8send(coalesce((max_values ->> read.spread)::float8, 'NaN'))
        || float8send(coalesce((value_counts ->> read.summed)::float8, 'NaN')) END, '')
    FROM BUCKETS
) FROM FROM_READS"""

# The last sample of whole buckets that lie before the read's end, and of the minute that holds it: coarser levels know
# samples whose minutes are no longer held.
_LATEST = """
SELECT 'rows', read.number, NULL::text, (
    SELECT timestamptz_send(to_timestamp(last.moment)) || int8send(1) || float8send(value) || float8send(value)
        || float8send(value) || float8send(1)
    FROM (
        SELECT (sample ->> 0)::float8 AS moment, (sample ->> 1)::float8 AS value
        FROM (VALUES LEVELS) AS held (level, before) CROSS JOIN LATERAL (
            SELECT last_values -> read.measurement AS sample FROM telemetry_buckets
            WHERE event_name = read.event AND bucket_type = held.level AND bucket_start >= read.start
                AND bucket_start <= read.until - held.before AND last_values ? read.measurement
            ORDER BY bucket_start DESC LIMIT 1
        ) AS found
        ORDER BY 1 DESC, 2 DESC LIMIT 1
    ) AS last
) FROM FROM_READS"""
_BEFORE_THE_END = {level: f"{width.total_seconds():.0f} seconds" for level, width in WIDTHS.items()}
_BEFORE_THE_END[BUCKET_TYPES[0]] = "1 microsecond"
_LEVELS = ", ".join(f"('{level}', interval '{before}')" for level, before in _BEFORE_THE_END.items())
# What of the measurement nobody needs has no key to look up: those look-ups are most of what a bucket costs.
_ADDED_UP = """sum(count)::bigint AS count, sum((sum_values ->> read.summed)::float8) AS sum,
            min((min_values ->> read.spread)::float8) AS min, max((max_values ->> read.spread)::float8) AS max,
            sum((value_counts ->> read.summed)::float8) AS values"""
_NUMBERS = "count, sum_values, min_values, max_values, value_counts"
_FOLDED = """
SELECT 'rows', read.number, NULL::text, (
    SELECT string_agg(int8send(slot) || int8send(count) || CASE WHEN read.bare THEN ''
        ELSE float8send(coalesce(sum, 'NaN')) || float8send(coalesce(min, 'NaN'))
        || float8send(coalesce(max, 'NaN')) || float8send(coalesce(values, 'NaN')) END, '')
    FROM (
        SELECT SLOT AS slot, ADDED_UP FROM BUCKETS GROUP BY 1
    ) AS bucket
) FROM FROM_READS""".replace("ADDED_UP", _ADDED_UP)

# All as one bucket: of the coarser level as far as whole buckets of it lie inside, of the read's own at both ends.
_TOTAL = """
SELECT 'rows', read.number, NULL::text, (
    SELECT timestamptz_send(read.start) || int8send(count) || CASE WHEN read.bare THEN ''
        ELSE float8send(coalesce(sum, 'NaN')) || float8send(coalesce(min, 'NaN'))
        || float8send(coalesce(max, 'NaN')) || float8send(coalesce(values, 'NaN')) END
    FROM (SELECT ADDED_UP FROM PARTED HAVING count(*) > 0) AS bucket
) FROM FROM_READS""".replace("ADDED_UP", _ADDED_UP)

_BINS = f"""
SELECT 'bins', read.number, NULL::text, (
    SELECT {kept_sql("bucket_start", "histograms ->> read.spread", BINS)} FROM PARTED WHERE histograms ? read.spread
) FROM FROM_READS"""

_UNIQUES = f"""
SELECT 'uniques', read.number, NULL::text, (
    SELECT {kept_sql("bucket_start", "coalesce(uniques ->> read.measurement, '')", UNIQUES)} FROM BUCKETS AND count > 0
) FROM FROM_READS"""

# The counts of the most frequent values, looked up by name: a bucket has entries of many other keys too. In a long
# stretch the names come from the next coarser level, as far as whole buckets of it lie inside, and from the read's own
# level at both ends (`coarse`, `first`, `last`). So a value that is new to the last moments may be missing until its
# coarser bucket is made; it counts among the others meanwhile.
_SPLIT = """
SELECT 'split', read.number, substr(value.name, length(read.prefix) + 1), (
    SELECT string_agg(slot || counted, '') FROM (
        SELECT COUNTED FROM BUCKETS GROUPED
    ) AS bucket
) FROM FROM_READS CROSS JOIN LATERAL (
    SELECT entry.key AS name
    FROM PARTED, jsonb_each(metadata_counts) AS entry
    WHERE starts_with(entry.key, read.prefix) AND entry.key <> read.prefix || 'OTHER'
        AND entry.key IS DISTINCT FROM read.without
    GROUP BY 1 ORDER BY sum(entry.value::float8) DESC, 1 LIMIT read.most
) AS value""".replace("OTHER", OTHER).replace("PARTED", _PARTED.replace("COLUMNS", "metadata_counts"))

# As many values as are wanted, each with all of its events as one bucket: of what a split is compared with.
_TOTALS = """
SELECT 'split', read.number, substr(value.name, length(read.prefix) + 1), timestamptz_send(read.start)
    || float8send(value.counted)
FROM FROM_READS CROSS JOIN LATERAL (
    SELECT entry.key AS name, sum(entry.value::float8) AS counted
    FROM (SELECT metadata_counts FROM BUCKETS) AS bucket, jsonb_each(metadata_counts) AS entry
    WHERE starts_with(entry.key, read.prefix) AND entry.key <> read.prefix || 'OTHER'
        AND entry.key IS DISTINCT FROM read.without
    GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT read.most
) AS value""".replace("OTHER", OTHER)

# The counts of one value. A bucket that counts rarer values together doesn't know whether this one is among them.
_ONLY = """
SELECT 'rows', read.number, NULL::text, (
    SELECT string_agg(slot || counted, '') FROM (
        SELECT COUNTED FROM BUCKETS GROUPED
    ) AS bucket
) FROM FROM_READS"""
_ONLY_READS = """unnest(CAST(:KIND_number AS int[]), CAST(:KIND_event AS text[]), CAST(:KIND_level AS text[]),
        CAST(:KIND_start AS timestamptz[]), CAST(:KIND_until AS timestamptz[]), CAST(:KIND_label AS text[]),
        CAST(:KIND_rest AS text[]), CAST(:KIND_edges AS text[]))
        AS read(number, event, level, start, until, label, rest, bounds)"""
# Buckets without the value count null, which is not sent: to look whether they have it is to look it up twice.
_PLAIN_COUNT = """timestamptz_send(bucket_start) AS slot,
        float8send((metadata_counts ->> value.name)::float8) AS counted"""
_FOLDED_COUNT = "int8send(SLOT) AS slot, float8send(sum((metadata_counts ->> value.name)::float8)) AS counted"
_SPLIT_BY_SLOTS = _SPLIT.replace("COUNTED", _FOLDED_COUNT).replace("GROUPED", "GROUP BY SLOT")

# Since when the key of a split is counted as a whole (``db.whole``).
_WHOLE = """
SELECT 'whole', read.number, NULL::text, timestamptz_send(whole.since)
FROM unnest(CAST(:KIND_number AS int[]), CAST(:KIND_event AS text[]), CAST(:KIND_key AS text[]))
    AS read(number, event, key)
JOIN whole_keys AS whole ON (whole.event_name, whole.key) = (read.event, read.key) AND whole.until IS NULL"""

_SEEN = """
SELECT 'seen', (seen.number - 1)::int, NULL::text,
    timestamptz_send(coalesce((SELECT first_seen_at FROM event_names WHERE event_name = seen.name), 'infinity'))
    || (SELECT string_agg(
        timestamptz_send(coalesce(first, 'infinity')) || timestamptz_send(coalesce(last, '-infinity')), ''
        ORDER BY fineness)
    FROM (VALUES SEEN_LEVELS) AS of (fineness, level) CROSS JOIN LATERAL (
        SELECT min(bucket_start) AS first, max(bucket_start) AS last FROM telemetry_buckets
        WHERE event_name = seen.name AND bucket_type = of.level
    ) AS held)
FROM unnest(CAST(:seen_name AS text[])) WITH ORDINALITY AS seen(name, number)"""


def _by_slots(rows: str, reads: str, sent: str, slot: str) -> str:
    """Return a statement of each value of a split, or of what a filter leaves, by the slots that ``slot`` gives."""
    return rows.replace("FROM_READS", reads).replace("SENT", sent).replace("SLOT", slot)


def _binned(folded: str, reads: str) -> str:
    """Return a statement that adds up for buckets of one length: their slots are the moments at which they begin."""
    sent = re.sub(r"int8send\((slot)\)", r"timestamptz_send(\1)", folded, flags=re.IGNORECASE)
    return sent.replace("FROM_READS", _of_one_length(reads)).replace("SLOT", _BIN)


def _of_one_length(reads: str) -> str:
    return reads.replace(":KIND_edges AS text[]", ":KIND_edges AS interval[]")


def _by_fives(rows: str, reads: str, columns: str) -> str:
    """Return a statement that reads minutes by fives as far as those stand."""
    parts = parts_sql("telemetry_buckets", f"bucket_start, {columns}")
    return _binned(rows.replace("BUCKETS", parts), _FIVES_READS.replace("FROM_READS", reads))


def _one(counted: str) -> str:
    """Return how a read's own value is counted, in place of one that was searched for."""
    return counted.replace(
        "(metadata_counts ->> value.name)::float8",
        "coalesce((metadata_counts ->> read.label)::float8,"
        " CASE WHEN metadata_counts ? read.rest THEN 'NaN'::float8 END)",
    )


KINDS = {
    "plain": _PLAIN.replace("FROM_READS", _MEASURED),
    "latest": _LATEST.replace("FROM_READS", _READS).replace("LEVELS", _LEVELS),
    "binned": _binned(_FOLDED, _MEASURED),
    "folded": _FOLDED.replace("FROM_READS", _WITH_EDGES.replace("FROM_READS", _MEASURED)),
    "total": _TOTAL.replace("FROM_READS", _PARTED_READS).replace("PARTED", _PARTED.replace("COLUMNS", _NUMBERS)),
    "bins": _BINS.replace("FROM_READS", _PARTED_READS).replace(
        "PARTED", _PARTED.replace("COLUMNS", "bucket_start, histograms")
    ),
    "uniques": _UNIQUES.replace("FROM_READS", _READS),
    "plain_split": _SPLIT.replace("FROM_READS", _SPLITS).replace("COUNTED", _PLAIN_COUNT).replace("GROUPED", ""),
    "binned_split": _binned(_SPLIT_BY_SLOTS, _SPLITS),
    "folded_split": _SPLIT_BY_SLOTS.replace("FROM_READS", _WITH_EDGES.replace("FROM_READS", _SPLITS)),
    "binned_totals_split": _binned(_TOTALS, _SPLITS),
    "fives": _by_fives(_FOLDED, _MEASURED, _NUMBERS),
    "fives_split": _by_fives(_SPLIT_BY_SLOTS, _SPLITS, "metadata_counts"),
    "fives_totals_split": _by_fives(_TOTALS, _SPLITS, "metadata_counts"),
    "fives_values": _by_slots(
        VALUES_BY_FIVES,
        _of_one_length(_FIVES_READS.replace("FROM_READS", _VALUE_READS)),
        "timestamptz_send(slot)",
        _BIN,
    ),
    "uniques_fives": _by_fives(
        _UNIQUES.replace("BUCKETS AND count > 0", "BUCKETS WHERE count > 0"), _READS, "count, uniques"
    ),
    "bins_fives": _by_fives(_BINS.replace("PARTED", "BUCKETS"), _MEASURED, "histograms"),
    "plain_only": _ONLY.replace("FROM_READS", _ONLY_READS)
    .replace("COUNTED", _one(_PLAIN_COUNT))
    .replace("GROUPED", ""),
    "binned_only": _binned(
        _ONLY.replace("COUNTED", _one(_FOLDED_COUNT)).replace("GROUPED", "GROUP BY SLOT"), _ONLY_READS
    ),
    "folded_only": _ONLY.replace("FROM_READS", _WITH_EDGES.replace("FROM_READS", _ONLY_READS))
    .replace("COUNTED", _one(_FOLDED_COUNT))
    .replace("GROUPED", "GROUP BY SLOT"),
    "plain_filtered": _by_slots(_FILTERED, _FILTERED_READS, "timestamptz_send(slot)", "bucket_start"),
    "binned_filtered": _by_slots(_FILTERED, _of_one_length(_FILTERED_READS), "timestamptz_send(slot)", _BIN),
    "folded_filtered": _by_slots(
        _FILTERED, _WITH_EDGES.replace("FROM_READS", _FILTERED_READS), "int8send(slot)", "SLOT"
    ),
    "bins_filtered": _FILTERED_BINS.replace("FROM_READS", _FILTERED_READS),
    "uniques_filtered": _FILTERED_UNIQUES.replace("FROM_READS", _FILTERED_READS),
    "binned_raw": _by_slots(_RAW, _of_one_length(_RAW_READS), "timestamptz_send(slot)", _BIN),
    "folded_raw": _by_slots(_RAW, _WITH_EDGES.replace("FROM_READS", _RAW_READS), "int8send(slot)", "SLOT"),
    "bins_raw": _RAW_BINS.replace("FROM_READS", _RAW_READS),
    "uniques_raw": _RAW_UNIQUES.replace("FROM_READS", _RAW_READS),
    "plain_values": _by_slots(VALUES, _VALUE_READS, "timestamptz_send(slot)", "bucket_start"),
    "binned_values": _by_slots(VALUES, _of_one_length(_VALUE_READS), "timestamptz_send(slot)", _BIN),
    "folded_values": _by_slots(VALUES, _WITH_EDGES.replace("FROM_READS", _VALUE_READS), "int8send(slot)", "SLOT"),
    "whole": _WHOLE,
    "seen": _SEEN.replace(
        "SEEN_LEVELS", ", ".join(f"({number}, '{level}')" for number, level in enumerate(BUCKET_TYPES))
    ),
    "notes": annotations.PACKED_SQL,
}
PREFIXES = {
    "plain": "p",
    "latest": "l",
    "binned": "b",
    "folded": "f",
    "total": "t",
    "bins": "h",
    "uniques": "u",
    "plain_split": "ps",
    "binned_split": "bs",
    "folded_split": "fs",
    "binned_totals_split": "ts",
    "fives": "v",
    "fives_split": "vs",
    "fives_totals_split": "vt",
    "fives_values": "vv",
    "bins_fives": "vh",
    "uniques_fives": "vu",
    "plain_only": "po",
    "binned_only": "bo",
    "folded_only": "fo",
    "plain_filtered": "pw",
    "binned_filtered": "bw",
    "folded_filtered": "fw",
    "bins_filtered": "hw",
    "uniques_filtered": "uw",
    "binned_raw": "br",
    "folded_raw": "fr",
    "bins_raw": "hr",
    "uniques_raw": "ur",
    "plain_values": "pv",
    "binned_values": "bv",
    "folded_values": "fv",
    "whole": "w",
    "seen": "",
    "notes": "n",
}


@cache
def statement(kinds: tuple[str, ...]) -> str:
    """Return the statement that answers reads of these kinds, as the driver takes it: to hand it over as it is saves a
    tenth of a millisecond each time."""
    parts = (
        KINDS[kind].replace("KIND", PREFIXES[kind]).replace("SLOT", _SLOT).replace("BUCKETS", _BUCKETS)
        for kind in kinds
    )
    # psycopg keeps what it parsed of a statement of at most 4,096 characters and 50 parameters; a longer one costs it
    # about 0.1 ms each time. So the parameters have short names, and indentation is not sent.
    short = re.sub(r"\s+", " ", " UNION ALL ".join(parts)).replace("( ", "(").replace(" )", ")")
    return for_driver(re.sub(r"CAST\((:\w+) AS (\w+\[\])\)", r"(\1)::\2", short))
