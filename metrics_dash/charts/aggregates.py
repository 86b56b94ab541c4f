"""How a bucket is shown: one row for each thing that a chart may show of its event."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np

from db.series import Rows
from metrics_dash.catalog import Show
from metrics_dash.charts.data import Values


@dataclass(frozen=True)
class Aggregate:
    """How a bucket is shown: its value from its rows and seconds, its value without events, the headline's label."""

    value: Callable[[Rows, Values], Values]
    empty: float
    label: str


def _part(name: str) -> Callable[[Rows, Values], Values]:
    return lambda rows, seconds: cast(Values, getattr(rows, name))


def _rate(rows: Rows, seconds: Values) -> Values:
    return _divide(rows.count, seconds)


def _average(rows: Rows, seconds: Values) -> Values:
    return _divide(cast(Values, rows.sum), cast(Values, rows.values))


def _divide(numerator: Values, denominator: Values) -> Values:
    quotient: Values = np.divide(numerator, denominator, out=np.full(len(numerator), np.nan), where=denominator > 0)
    return quotient


AGGREGATES: Mapping[Show, Aggregate] = {
    "count": Aggregate(_part("count"), 0.0, "total"),
    "sum": Aggregate(_part("sum"), 0.0, "total"),
    "rate": Aggregate(_rate, 0.0, "average"),
    "avg": Aggregate(_average, np.nan, "average"),
    "min": Aggregate(_part("min"), np.nan, "minimum"),
    "max": Aggregate(_part("max"), np.nan, "maximum"),
}
