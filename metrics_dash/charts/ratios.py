"""Ratios: two reads, added up by themselves and divided last. Pure functions."""

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

import numpy as np

from db.filters import Filter, together
from db.series_reads import LastSeen, Read, Rows
from metrics_dash.catalog import Chart
from metrics_dash.catalog_ratio import Part, Ratio
from metrics_dash.charts.data import Values
from metrics_dash.charts.doubts import both
from metrics_dash.charts.rows import align
from metrics_dash.charts.timerange.grid import Milliseconds, among


def read_of(part: Part, read: Read) -> Read:
    """Return the read of one part, in the time and the buckets of ``read``. Of a part that counts one value itself, a
    filter by the same dimension leaves all or nothing."""
    found = replace(read, event_name=part.event, measurement=part.measurement, only=part.only)
    if part.only is None or read.where is None:
        return found
    if read.where.also:
        return replace(found, only=None, where=together([*read.where.all(), Filter(*part.only)]))
    left = (part.only[1] == read.where.value) != read.where.without
    return replace(found, where=None) if left else replace(found, where=None, end=found.start)


def seen_of(chart: Chart, seen: Mapping[str, LastSeen]) -> LastSeen:
    """Return what is known of a chart's events: of several they are recorded from when on all of them are."""
    found = [seen[name] for name in chart.events]
    if len(found) == 1:
        return found[0]
    firsts = [each.first for each in found if each.first is not None]
    if len(firsts) < len(found):
        return LastSeen(False, None)
    return LastSeen(True, found[0].last, max(firsts))


def divisible(ratio: Ratio, numerator: Rows, denominator: Rows, recorded: Milliseconds | None) -> Rows:
    """Return the buckets of a ratio: ``sum`` of the numerator, in the ratio's unit, and ``values`` of the denominator.

    Nothing is divided yet, so they add up like any others. Where either is unknown, nothing is known, as of buckets
    that a filter can't tell. Those that are not among the starts ``recorded`` are left out: both were not counted.
    """
    same = np.array_equal(numerator.start, denominator.start)
    starts = denominator.start if same else np.union1d(numerator.start, denominator.start)
    over, under = _added_up(ratio.numerator, numerator, starts), _added_up(ratio.denominator, denominator, starts)
    known = np.isfinite(over) & np.isfinite(under)
    unknown = starts[~known]
    if recorded is not None:
        known &= among(starts, recorded)
        unknown = unknown[among(unknown, recorded)]
    return Rows(
        starts[known],
        under[known],
        sum=over[known] * ratio.scale,
        values=under[known],
        unknown=np.unique(np.concatenate([unknown, numerator.unknown, denominator.unknown])),
        doubts=both(numerator.doubts, denominator.doubts),
    )


def _added_up(part: Part, rows: Rows, starts: Milliseconds) -> Values:
    """Return a part's number in each bucket: zero in those that have none, NaN where it is not known."""
    aligned = align(rows, starts)
    if part.measurement is not None:
        return _but(np.nan_to_num(cast(Values, aligned.sum)), rows, starts)
    return _but(np.where(among(starts, rows.start), aligned.count, 0.0), rows, starts)


def _but(values: Values, rows: Rows, starts: Milliseconds) -> Values:
    """Return what is known."""
    return np.where(np.isin(starts, rows.unknown), np.nan, values) if len(rows.unknown) else values
