"""Unique counts of buckets, from what is known of their values (``db.registers``). Pure functions."""

from collections import defaultdict

import numpy as np

from db.registers import Kept, count
from db.series_reads import Rows
from metrics_dash.charts.data import Values


def unique(rows: Rows, seconds: Values) -> Values:
    """Return of each bucket how many different values a key had: exactly up to 128, else with an error of 2.3 %.

    NaN without events, and where the key was not declared yet for any part of a bucket: it would be too few.
    """
    of: dict[int, list[Kept | None]] = defaultdict(list)
    for start, kept in rows.uniques or ():
        of[start].append(kept)
    counts = {start: _count(kept) for start, kept in of.items()}
    return np.array([counts.get(start, np.nan) for start in rows.start.tolist()], dtype=np.float64)


def _count(kept: list[Kept | None]) -> float:
    known = [each for each in kept if each is not None]
    return count(known) if len(known) == len(kept) else np.nan
