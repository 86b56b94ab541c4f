"""Percentiles of buckets and how their values are spread, from how many lie in which place (``db.bins``).

Pure functions.
"""

from typing import cast

import numpy as np
from numpy.typing import NDArray

from db.bins import values_of
from db.series_reads import Bins, Rows
from metrics_dash.charts.data import Density, Values
from metrics_dash.charts.timerange.grid import Milliseconds, among, places_in

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
    counts, places = _table(rows.bins, rows.start)
    upto = np.cumsum(counts, axis=1)
    # In whole numbers: 0.95 * 20 may be a little more than 19.
    rank = -(-upto[:, -1:] * percent // 100)
    held = np.flatnonzero(upto[:, -1] > 0)
    found[held] = _within(values_of(places[np.argmax(upto >= rank, axis=1)[held]]), rows, held)
    return found


def density(rows: Rows) -> Density:
    """Return how many values each bucket of aligned rows holds, place by place, in the order of buckets and values."""
    none = np.zeros(0, dtype=np.int64)
    if rows.bins is None or not len(rows.bins.start):
        return Density(none, np.zeros(0), none)
    counts, places = _table(rows.bins, rows.start)
    # Of one row of flags what holds is found several times as fast as of a table of numbers.
    bucket, column = np.divmod(np.flatnonzero(counts.ravel() > 0), len(places))
    return Density(bucket, _within(values_of(places)[column], rows, bucket), counts[bucket, column].astype(np.int64))


def _within(values: Values, rows: Rows, bucket: NDArray[np.int64]) -> Values:
    """Return values between the stored extremes of their buckets. One that is not known, as of a histogram whose
    sender adds up for ever, bounds nothing."""
    least, most = (cast(Values, extreme)[bucket] for extreme in (rows.min, rows.max))
    return np.fmin(np.fmax(values, least), most)


def merged(rows: Rows, upto: int) -> Bins | None:
    """Return the histograms of the first ``upto`` of aligned buckets as one; None where there are none."""
    if rows.bins is None or not upto:
        return None
    if not (rows.start[1:] > rows.start[:-1]).all():
        # Of what is compared an hour may come twice, and counts once.
        held = among(rows.bins.start, rows.start[:upto])
        return Bins(np.full(np.count_nonzero(held), rows.start[0]), rows.bins.place[held], rows.bins.count[held])
    counts, places = _table(rows.bins, rows.start)
    total = counts[:upto].sum(axis=0)
    held = total > 0
    return Bins(np.full(np.count_nonzero(held), rows.start[0]), places[held], total[held].astype(np.int64))


def _table(bins: Bins, starts: Milliseconds) -> tuple[Values, NDArray[np.int64]]:
    """Return how many values each bucket (a row) has in each place (a column), and which those are, in order. It is
    made once: each point of a line, its number and its cells are all read from it."""
    found = bins.worked_out.get("table")
    if found is None or not np.array_equal(found[0], starts):
        found = bins.worked_out["table"] = starts, _tabulate(bins, starts)
    counts, places = found[1]
    return counts, places


def _tabulate(bins: Bins, starts: Milliseconds) -> tuple[Values, NDArray[np.int64]]:
    bucket = places_in(starts, bins.start)
    if bucket is None:
        # In what is compared an hour may come twice.
        once, which = np.unique(starts, return_inverse=True)
        found = np.minimum(np.searchsorted(once, bins.start), len(once) - 1)
        counts, places = _counted(bins, np.where(once[found] == bins.start, found, -1), len(once))
        return counts[which], places
    return _counted(bins, bucket, len(starts))


def _counted(bins: Bins, bucket: Milliseconds, length: int) -> tuple[Values, NDArray[np.int64]]:
    place, count, held = bins.place, bins.count, bucket >= 0
    if not held.all():
        bucket, place, count = bucket[held], place[held], count[held]
    if not len(place):
        return np.zeros((length, 1)), np.zeros(1, dtype=np.int64)
    first, last = int(place.min()), int(place.max())
    places, column = np.arange(first, last + 1, dtype=np.int64), place - first
    if length * len(places) > _CELLS:
        places, column = np.unique(place, return_inverse=True)
    table = np.bincount(bucket * len(places) + column, count, length * len(places))
    return np.asarray(table.reshape(length, len(places)), dtype=np.float64), places
