"""Rows of buckets, put in the order of a grid or added up. Pure functions."""

from collections.abc import Callable, Sequence

import numpy as np

from db.registers import Kept
from db.series_reads import Bins, Rows
from metrics_dash.charts.data import Values
from metrics_dash.charts.doubts import unsplit
from metrics_dash.charts.timerange.grid import Milliseconds, places_in


def align(rows: Rows, starts: Milliseconds) -> Rows:
    """Return the rows in the order of ``starts``, NaN where there is none."""
    pick = _picker(rows.start, starts)
    splits = {value: (starts, _picker(at, starts)(counts)) for value, (at, counts) in rows.splits.items()}
    sums, lows, highs, values = (
        None if part is None else pick(part) for part in (rows.sum, rows.min, rows.max, rows.values)
    )
    apart = {value: align(part, starts) for value, part in rows.apart.items()}
    return Rows(
        starts,
        pick(rows.count),
        sums,
        lows,
        highs,
        values,
        splits,
        rows.bins,
        rows.uniques,
        apart,
        rows.whole_since,
        rows.unknown,
        rows.doubts,
    )


def _picker(at: Milliseconds, starts: Milliseconds) -> Callable[[Values], Values]:
    """Return a function that puts values of the buckets ``at`` into the order of ``starts``."""
    if np.array_equal(at, starts):
        return lambda values: values
    if len(at) == 0:
        return lambda values: np.full(len(starts), np.nan)
    place = places_in(starts, at)
    if place is not None:
        stands = place >= 0
        return lambda values: _placed(values[stands], place[stands], len(starts))
    # What is compared may lack an hour, or have one twice.
    order = np.argsort(at, kind="stable")
    ordered = at[order]
    position = np.minimum(np.searchsorted(ordered, starts), len(ordered) - 1)
    found, position = ordered[position] == starts, order[position]
    return lambda values: np.where(found, values[position], np.nan)


def _placed(values: Values, place: Milliseconds, length: int) -> Values:
    found = np.full(length, np.nan)
    found[place] = values
    return found


def aggregate(rows: Rows, upto: int) -> Rows:
    """Return the first ``upto`` buckets of aligned rows as one; nothing where one of them is not split."""
    if len(rows.unknown) and np.isin(unsplit(rows), rows.start[:upto]).any():
        return _unknown(rows)
    return Rows(
        rows.start[:1],
        np.array([np.nansum(rows.count[:upto])]),
        _reduced(rows.sum, np.nansum, upto),
        _reduced(rows.min, np.fmin.reduce, upto),
        _reduced(rows.max, np.fmax.reduce, upto),
        _reduced(rows.values, np.nansum, upto),
        bins=_as_one(rows, upto),
        uniques=_kept_as_one(rows, upto),
    )


def together(parts: Sequence[Rows]) -> Rows:
    """Return what several parts of one bucket have together; at least one."""
    first, number = parts[0], sum(len(part.start) for part in parts)
    sums, lows, highs, values = (_joined(parts, name) for name in ("sum", "min", "max", "values"))
    uniques = None if first.uniques is None else [each for part in parts for each in part.uniques or ()]
    start, count = np.repeat(first.start[:1], number), np.concatenate([part.count for part in parts])
    return aggregate(Rows(start, count, sums, lows, highs, values, bins=_bins_of(parts), uniques=uniques), number)


def _joined(parts: Sequence[Rows], name: str) -> Values | None:
    given = [column for part in parts if (column := getattr(part, name)) is not None]
    return np.concatenate(given) if given else None


def _bins_of(parts: Sequence[Rows]) -> Bins | None:
    given = [part.bins for part in parts if part.bins is not None]
    if not given:
        return None
    return Bins(*(np.concatenate([getattr(each, name) for each in given]) for name in ("start", "place", "count")))


def _unknown(rows: Rows) -> Rows:
    gap = np.full(1, np.nan)
    uniques = None if rows.uniques is None else [(int(rows.start[0]), None)]
    if rows.values is None:
        return Rows(rows.start[:1], gap, uniques=uniques)
    return Rows(rows.start[:1], gap, gap, gap, gap, gap, uniques=uniques)


def _kept_as_one(rows: Rows, upto: int) -> Sequence[tuple[int, Kept | None]] | None:
    if rows.uniques is None or not upto:
        return None
    held = set(rows.start[:upto].tolist())
    first = int(rows.start[0])
    return [(first, kept) for start, kept in rows.uniques if start in held]


def _as_one(rows: Rows, upto: int) -> Bins | None:
    if rows.bins is None or not upto:
        return None
    place = places_in(rows.start[:upto], rows.bins.start)
    held = np.isin(rows.bins.start, rows.start[:upto]) if place is None else place >= 0
    starts = np.full(int(held.sum()), rows.start[0])
    return Bins(starts, rows.bins.place[held], rows.bins.count[held])


def _reduced(values: Values | None, reduce: Callable[[Values], float], upto: int) -> Values | None:
    return None if values is None else np.array([reduce(values[:upto]) if upto else np.nan])
