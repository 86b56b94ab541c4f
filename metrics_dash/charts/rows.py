"""Rows of buckets, put in the order of a grid or added up. Pure functions."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from db.series_reads import Bins, Rows, Uniques
from metrics_dash.charts.data import Values
from metrics_dash.charts.doubts import unsplit
from metrics_dash.charts.percentiles import merged
from metrics_dash.charts.timerange.grid import Milliseconds, among, places_in


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


def sum_of(values: Values) -> float:
    """Return the sum of what is known, in a third of the time that numpy takes for it."""
    return float(values[values == values].sum())


def aggregate(rows: Rows, upto: int) -> Rows:
    """Return the first ``upto`` buckets of aligned rows as one; nothing where one of them is not split."""
    if len(rows.unknown) and np.isin(unsplit(rows), rows.start[:upto]).any():
        return _unknown(rows)
    return Rows(
        rows.start[:1],
        np.array([sum_of(rows.count[:upto])]),
        _reduced(rows.sum, sum_of, upto),
        _reduced(rows.min, np.fmin.reduce, upto),
        _reduced(rows.max, np.fmax.reduce, upto),
        _reduced(rows.values, sum_of, upto),
        bins=merged(rows, upto),
        uniques=_kept_as_one(rows, upto),
    )


def together(parts: Sequence[Rows]) -> Rows:
    """Return what several parts of one bucket have together; at least one."""
    first, number = parts[0], sum(len(part.start) for part in parts)
    sums, lows, highs, values = (_joined(parts, name) for name in ("sum", "min", "max", "values"))
    start, count = np.repeat(first.start[:1], number), np.concatenate([part.count for part in parts])
    bins, uniques = _bins_of(parts), _uniques_of(parts)
    return aggregate(Rows(start, count, sums, lows, highs, values, bins=bins, uniques=uniques), number)


def _joined(parts: Sequence[Rows], name: str) -> Values | None:
    given = [column for part in parts if (column := getattr(part, name)) is not None]
    return np.concatenate(given) if given else None


def _bins_of(parts: Sequence[Rows]) -> Bins | None:
    given = [part.bins for part in parts if part.bins is not None]
    if not given:
        return None
    return Bins(*(np.concatenate([getattr(each, name) for each in given]) for name in ("start", "place", "count")))


def _uniques_of(parts: Sequence[Rows]) -> Uniques | None:
    given = [part.uniques for part in parts if part.uniques is not None]
    if not given:
        return None
    return Uniques(
        np.concatenate([each.start for each in given]),
        np.concatenate([each.known for each in given]),
        np.concatenate([each.sizes for each in given]),
        np.concatenate([each.hashes for each in given]),
        tuple(each for one in given for each in one.registers),
    )


def _unknown(rows: Rows) -> Rows:
    gap, first, nothing = np.full(1, np.nan), rows.start[:1], np.zeros(1, dtype=np.int64)
    uniques = None if rows.uniques is None else Uniques(first, np.array([False]), nothing, nothing[:0])
    if rows.values is None:
        return Rows(first, gap, uniques=uniques)
    return Rows(first, gap, gap, gap, gap, gap, uniques=uniques)


def _kept_as_one(rows: Rows, upto: int) -> Uniques | None:
    if rows.uniques is None or not upto:
        return None
    kept = rows.uniques.of(among(rows.uniques.start, rows.start[:upto]))
    first = int(rows.start[0])
    registers = tuple((first, each) for _, each in kept.registers)
    return replace(kept, start=np.full(len(kept.start), first), registers=registers)


def _reduced(values: Values | None, reduce: Callable[[Values], float], upto: int) -> Values | None:
    return None if values is None else np.array([reduce(values[:upto]) if upto else np.nan])
