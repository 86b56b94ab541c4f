"""Percentiles of buckets and how their values are spread, from how many lie in which place (``db.bins``).

Pure functions.
"""

from typing import cast

import numpy as np
from numpy.typing import NDArray

from db.bins import values_of
from db.series_reads import Bins, Rows
from metrics_dash.charts.data import Density, Values
from metrics_dash.charts.timerange.grid import Milliseconds

# Up to so many cells the counts of all buckets and places stand in one table.
_CELLS = 4_000_000


def percentile(rows: Rows, percent: int) -> Values:
    """Return of each bucket the least value that at least ``percent`` of all are not greater than, within 1.1 %: what
    PostgreSQL's ``percentile_disc`` gives. NaN where no value is placed; never beyond the stored extremes, where known.

    Values of which only an aggregate without a histogram is known have no place, and count for nothing.
    """
    found = np.full(len(rows.start), np.nan)
    if rows.bins is None or not len(rows.bins.start):
        return found
    starts, values = _of_each(rows.bins, percent)
    position = np.minimum(np.searchsorted(starts, rows.start), len(starts) - 1)
    held = starts[position] == rows.start
    found[held] = _within(values[position[held]], rows, np.flatnonzero(held))
    return found


def density(rows: Rows) -> Density:
    """Return how many values each bucket of aligned rows holds, place by place, in the order of buckets and values."""
    none = np.zeros(0, dtype=np.int64)
    bins = rows.bins or Bins(none, none, none)
    pairs, where = np.unique(np.stack([bins.start, bins.place]), axis=1, return_inverse=True)
    counts = np.bincount(where.reshape(-1), bins.count, pairs.shape[1]).astype(np.int64)
    bucket = np.searchsorted(rows.start, pairs[0])
    held = bucket < len(rows.start)
    held[held] = rows.start[bucket[held]] == pairs[0][held]
    bucket, values = bucket[held], values_of(pairs[1][held])
    return Density(bucket, _within(values, rows, bucket), counts[held])


def _within(values: Values, rows: Rows, bucket: NDArray[np.int64]) -> Values:
    """Return values between the stored extremes of their buckets. One that is not known, as of a histogram whose
    sender adds up for ever, bounds nothing."""
    least, most = (cast(Values, extreme)[bucket] for extreme in (rows.min, rows.max))
    return np.fmin(np.fmax(values, least), most)


def _of_each(bins: Bins, percent: int) -> tuple[Milliseconds, Values]:
    """Return the buckets that have any values, in order, and the percentile of each."""
    starts, bucket = np.unique(bins.start, return_inverse=True)
    first = bins.place.min()
    column, columns = bins.place - first, int(bins.place.max() - first) + 1
    places = np.arange(first, first + columns)
    if len(starts) * columns > _CELLS:
        places, column = np.unique(bins.place, return_inverse=True)
    table = np.bincount(bucket * len(places) + column, bins.count, len(starts) * len(places))
    upto = np.cumsum(table.reshape(len(starts), len(places)), axis=1)
    # In whole numbers: 0.95 * 20 may be a little more than 19.
    rank = -(-upto[:, -1] * percent // 100)
    return starts, values_of(places[np.argmax(upto >= rank[:, np.newaxis], axis=1)])
