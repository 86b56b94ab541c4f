"""The parts of the statement that read buckets through a filter: of the events with one value, or of all others.

Events are counted as ``metadata_counts`` has them, which every bucket holds; what else there is of them as the rows of
``telemetry_splits`` have it, which always add up to their bucket: all but one value is the sum of the other rows. Where
a bucket was made before the dimension was declared it is not split, and nothing is known.

A minute lists a value with all of its events or not at all. An hour or a day adds up what its minutes list, and what
they counted under OTHER stays there. So wherever something is counted under OTHER, some of it may be the value's: in a
minute that doesn't list it, in anything longer always. Then the number is of what is told apart, and beside it stands
how many more events there may be, and the least of what those measured.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from db.labels import OTHER
from db.levels import BUCKET_TYPES
from db.series_kept import BINS as BETWEEN_BINS
from db.series_kept import UNIQUES as BETWEEN_UNIQUES
from db.series_kept import kept_sql
from db.series_splits import STORED

_AMONG_OTHERS, _UNSPLIT = -1, -2
_CERTAIN = -1
# What of a filter (``db.filters``) is a parameter.
FILTER = ("dimension", "value", "without", "label", "rest")

READS = """unnest(CAST(:KIND_number AS int[]), CAST(:KIND_event AS text[]), CAST(:KIND_level AS text[]),
        CAST(:KIND_start AS timestamptz[]), CAST(:KIND_until AS timestamptz[]), CAST(:KIND_measurement AS text[]),
        CAST(:KIND_edges AS text[]), CAST(:KIND_dimension AS text[]), CAST(:KIND_value AS text[]),
        CAST(:KIND_without AS bool[]), CAST(:KIND_label AS text[]), CAST(:KIND_rest AS text[]))
        AS read(number, event, level, start, until, measurement, bounds, dimension, value, without, label, rest)"""

_MINE = "(value = read.value) <> read.without"
_UNKNOWN_KEYS = f"'{OTHER}:{OTHER}'"


def _part(aggregate: str, place: int, those: str = _MINE) -> str:
    return f"{aggregate}((measurements -> read.measurement ->> {place})::float8) FILTER (WHERE {those})"


# Rows of values without events are samples and deltas, which no label counts: the rest of a split alone tells of them.
_BUCKETS = f"""
            SELECT bucket_start, sum, min, max, values, lowest, bucket.count AS whole, others, labelled,
                read.measurement IS NOT NULL AND part.told IS NULL AS unsplit,
                CASE WHEN read.measurement IS NOT NULL THEN coalesce(part.count, 0)
                    WHEN read.without THEN bucket.count - coalesce(labelled, 0) ELSE coalesce(labelled, 0) END AS count,
                CASE WHEN read.measurement IS NULL THEN labelled ELSE part.own END AS own,
                (others > 0 OR part.silent OR read.measurement IS NOT NULL AND labelled > 0 AND part.own IS NULL)
                    AND (read.level <> '{BUCKET_TYPES[0]}'
                        OR CASE WHEN read.measurement IS NULL THEN labelled ELSE part.own END IS NULL) AS open
            FROM (
                SELECT bucket_start, count, (metadata_counts -> read.label)::bigint AS labelled,
                    coalesce((metadata_counts -> read.rest)::bigint, 0)
                        + coalesce((metadata_counts -> {_UNKNOWN_KEYS})::bigint, 0) AS others
                FROM BUCKETS OFFSET 0
            ) AS bucket LEFT JOIN (
                SELECT bucket_start, true AS told, sum(count) FILTER (WHERE value = read.value) AS own,
                    bool_or(value = '{OTHER}' AND count = 0) AS silent, sum(count) FILTER (WHERE {_MINE}) AS count,
                    {_part("sum", 1)} AS sum, {_part("min", 2)} AS min, {_part("max", 3)} AS max,
                    {_part("sum", 0)} AS values, {_part("min", 2, f"value = '{OTHER}'")} AS lowest
                FROM {STORED} AND read.measurement IS NOT NULL GROUP BY 1
            ) AS part USING (bucket_start)"""

ROWS = f"""
SELECT 'rows', read.number, NULL::text, (
    SELECT string_agg(SENT || int8send(count) || int8send(coalesce(hidden, {_CERTAIN}))
        || CASE WHEN read.measurement IS NULL THEN ''
        ELSE float8send(coalesce(sum, 'NaN')) || float8send(coalesce(min, 'NaN'))
        || float8send(coalesce(max, 'NaN')) || float8send(coalesce(values, 'NaN'))
        || float8send(coalesce(lowest, 'NaN')) END, '')
    FROM (
        SELECT slot, CASE WHEN unsplit THEN {_UNSPLIT} WHEN hidden IS NOT NULL AND NOT read.without AND count = 0
            AND coalesce(values, 0) = 0 THEN {_AMONG_OTHERS} ELSE count END AS count,
            hidden, sum, min, max, values, lowest
        FROM (
            SELECT SLOT AS slot, sum(count)::bigint AS count, sum(sum) AS sum, min(min) AS min, max(max) AS max,
                sum(values) AS values, bool_or(unsplit) AS unsplit, min(lowest) FILTER (WHERE open) AS lowest,
                sum(least(whole - coalesce(own, 0), others
                    + CASE WHEN own IS NULL THEN coalesce(labelled, 0) ELSE 0 END))
                    FILTER (WHERE open)::bigint AS hidden
            FROM ({_BUCKETS}
            ) AS bucket
            GROUP BY 1
        ) AS slots
    ) AS found WHERE count <> 0 OR values > 0
) FROM FROM_READS"""

BINS = f"""
SELECT 'bins', read.number, NULL::text, (
    SELECT {kept_sql("bucket_start", "histograms ->> read.measurement", BETWEEN_BINS)}
    FROM {STORED} AND {_MINE} AND histograms ? read.measurement
) FROM FROM_READS"""

UNIQUES = f"""
SELECT 'uniques', read.number, NULL::text, (
    SELECT {kept_sql("bucket_start", "coalesce(uniques ->> read.measurement, '')", BETWEEN_UNIQUES)}
    FROM {STORED} AND {_MINE} AND count > 0
) FROM FROM_READS"""


# What is sent of a bucket: of counts, and of a measurement.
_COUNTS = (("slot", ">i8"), ("count", ">i8"), ("hidden", ">i8"))
_PARTS = (("sum", ">f8"), ("min", ">f8"), ("max", ">f8"), ("values", ">f8"), ("lowest", ">f8"))
LEFT = (np.dtype([*_COUNTS]), np.dtype([*_COUNTS, *_PARTS]))


@dataclass(frozen=True)
class Doubts:
    """In which buckets a filter's value may be among rarer ones that are counted together: arrays of equal length.

    ``start``: epoch ms. ``events``: how many of those there are; zero where they are samples, which nobody counts.
    ``lowest``: the least of what they measured, NaN where that is not known.
    """

    start: NDArray[np.int64]
    events: NDArray[np.int64]
    lowest: NDArray[np.float64]


def unpack_doubts(buckets: NDArray[Any], starts: NDArray[np.int64]) -> Doubts:
    """Return the doubts of buckets that are sent in one of ``LEFT``, where the dimension was declared."""
    doubted = (buckets["hidden"] != _CERTAIN) & (buckets["count"] != _UNSPLIT)
    measured = "lowest" in (buckets.dtype.names or ())
    lowest = buckets["lowest"][doubted].astype(np.float64) if measured else np.full(int(doubted.sum()), np.nan)
    return Doubts(starts[doubted], buckets["hidden"][doubted].astype(np.int64), lowest)
