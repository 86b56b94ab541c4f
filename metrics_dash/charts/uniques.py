"""Unique counts of buckets, from what is known of their values (``db.registers``). Pure functions."""

from collections.abc import Sequence

import numpy as np

from db.registers import EXACT, Kept, count
from db.series_reads import Rows
from metrics_dash.charts.data import Values


def unique(rows: Rows, seconds: Values) -> Values:
    """Return of each bucket how many different values a key had: exactly up to 128, else with an error of 2.3 %.

    NaN without events, and where the key was not declared yet for any part of a bucket: it would be too few.
    """
    if not rows.uniques:
        return np.full(len(rows.start), np.nan)
    starts = rows.start.tolist()
    # In what is compared an hour may come twice.
    number = {start: place for place, start in enumerate(dict.fromkeys(starts))}
    listed = [(number[start], kept) for start, kept in rows.uniques if start in number]
    found = np.full(len(number), np.nan)
    place = [place for place, _ in listed]
    found[place] = _counted([(place, kept) for place, kept in listed if kept is not None], len(found))[place]
    found[[place for place, kept in listed if kept is None]] = np.nan
    return found if len(found) == len(starts) else found[[number[start] for start in starts]]


def _counted(listed: Sequence[tuple[int, Kept]], length: int) -> Values:
    """Return how many different values each of the buckets has: of hashes those of all of them at once."""
    hashed = [(place, kept) for place, kept in listed if kept.dtype == np.int64]
    counts = np.zeros(length)
    if hashed:
        bucket = np.repeat([place for place, _ in hashed], [len(kept) for _, kept in hashed])
        hashes = np.concatenate([kept for _, kept in hashed])
        order = np.lexsort((hashes, bucket))
        bucket, hashes = bucket[order], hashes[order]
        first = np.ones(len(bucket), dtype=bool)
        first[1:] = (bucket[1:] != bucket[:-1]) | (hashes[1:] != hashes[:-1])
        counts = np.bincount(bucket[first], minlength=length).astype(np.float64)
    estimated = {place for place, kept in listed if kept.dtype != np.int64} | set(np.flatnonzero(counts > EXACT))
    for place in estimated:
        counts[place] = count(kept for of, kept in listed if of == place)
    return counts
