"""How a bucket is shown: one row for each thing that a chart may show of its event."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from db.series_reads import Rows
from metrics_dash.catalog_rules import Show
from metrics_dash.charts.data import Values
from metrics_dash.charts.percentiles import percentile
from metrics_dash.charts.uniques import unique

Flags = NDArray[np.bool_]
# By what part of the greatest size among n values n times as much may be missing from their average.
_ROUNDING = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Aggregate:
    """How a bucket is shown: its value from its rows and seconds, its value without events, the headline's label.

    ``sure``: a bucket with events always has a value, or is as one without; else it may not be known.
    """

    value: Callable[[Rows, Values], Values]
    empty: float
    label: str
    sure: bool = True


def _part(name: str) -> Callable[[Rows, Values], Values]:
    return lambda rows, seconds: cast(Values, getattr(rows, name))


def _percentile(percent: int) -> Callable[[Rows, Values], Values]:
    return lambda rows, seconds: percentile(rows, percent)


def _rate(rows: Rows, seconds: Values) -> Values:
    return _divide(rows.count, seconds)


def _average(rows: Rows, seconds: Values) -> Values:
    values = cast(Values, rows.values)
    return _unrounded(_divide(cast(Values, rows.sum), values), values, rows)


def _unrounded(average: Values, values: Values, rows: Rows) -> Values:
    """Return averages between the stored extremes of their buckets, where known, as far as adding up may have rounded
    them beyond. What lies further out stays: an aggregate without extremes is in the sum alone."""
    if rows.min is None or rows.max is None:
        return average
    within = np.fmin(np.fmax(average, rows.min), rows.max)
    most = np.fmax(np.abs(rows.min), np.abs(rows.max))
    rounded = np.abs(average - within) <= values * _ROUNDING * most
    return np.where(rounded, within, average)


def _ratio(rows: Rows, seconds: Values) -> Values:
    numerator, denominator = cast(Values, rows.sum), cast(Values, rows.values)
    return _divide(numerator, denominator, where=denominator != 0)


def _divide(numerator: Values, denominator: Values, where: Flags | None = None) -> Values:
    where = denominator > 0 if where is None else where
    quotient: Values = np.divide(numerator, denominator, out=np.full(len(numerator), np.nan), where=where)
    return quotient


AGGREGATES: Mapping[Show, Aggregate] = {
    "count": Aggregate(_part("count"), 0.0, "total"),
    "sum": Aggregate(_part("sum"), 0.0, "total"),
    "rate": Aggregate(_rate, 0.0, "average"),
    "ratio": Aggregate(_ratio, np.nan, "overall"),
    "avg": Aggregate(_average, np.nan, "average"),
    "min": Aggregate(_part("min"), np.nan, "minimum"),
    "max": Aggregate(_part("max"), np.nan, "maximum"),
    "p50": Aggregate(_percentile(50), np.nan, "median"),
    "p90": Aggregate(_percentile(90), np.nan, "90th percentile"),
    "p95": Aggregate(_percentile(95), np.nan, "95th percentile"),
    "p99": Aggregate(_percentile(99), np.nan, "99th percentile"),
    "unique": Aggregate(unique, 0.0, "different", sure=False),
}
