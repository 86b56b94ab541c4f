"""Unique counts of buckets, from what is known of their values (``db.registers``). Pure functions."""

import numpy as np
from numpy.typing import NDArray

from db.registers import EXACT, count
from db.series_reads import Rows, Uniques
from metrics_dash.charts.data import Values
from metrics_dash.charts.timerange.grid import among


def unique(rows: Rows, seconds: Values) -> Values:
    """Return of each bucket how many different values a key had: exactly up to 128, else with an error of 2.3 %.

    NaN without events, and where the key was not declared yet for any part of a bucket: it would be too few.
    """
    kept = rows.uniques
    if kept is None or not len(kept.start) or not len(rows.start):
        return np.full(len(rows.start), np.nan)
    # In what is compared an hour may come twice.
    ascend = bool((rows.start[1:] > rows.start[:-1]).all())
    once, which = (rows.start, slice(None)) if ascend else np.unique(rows.start, return_inverse=True)
    kept = kept.of(among(kept.start, once))
    place = np.searchsorted(once, kept.start)
    found = np.full(len(once), np.nan)
    found[place] = _counted(kept, place, once)[place]
    found[place[~kept.known]] = np.nan
    return found[which]


def _counted(kept: Uniques, place: NDArray[np.int64], starts: NDArray[np.int64]) -> Values:
    """Return how many different values each of the buckets has: of hashes those of all of them at once. ``place``: of
    what is kept among ``starts``."""
    bucket, hashes = np.repeat(place, kept.sizes), kept.hashes
    order = np.lexsort((hashes, bucket))
    bucket, hashes = bucket[order], hashes[order]
    first = np.ones(len(bucket), dtype=bool)
    first[1:] = (bucket[1:] != bucket[:-1]) | (hashes[1:] != hashes[:-1])
    counts = np.bincount(bucket[first], minlength=len(starts)).astype(np.float64)
    crowded = np.isin(starts, [start for start, _ in kept.registers]) if kept.registers else counts > EXACT
    for number in np.flatnonzero(crowded | (counts > EXACT)):
        registers = [each for start, each in kept.registers if start == starts[number]]
        counts[number] = count([hashes[bucket == number], *registers])
    return counts
