"""Charts made by hand, and figures taken apart again."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from metrics_dash.catalog import load_catalog
from metrics_dash.charts.data import ChartData, Series
from metrics_dash.charts.timerange.grid import to_milliseconds
from tests.support.times import window_by_hand

CATALOG = load_catalog()
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
MINUTE = 60_000
TYPES = {"u1": "<u1", "u2": "<u2", "i4": "<i4", "f4": "<f4", "f8": "<f8"}


def unpacked(array: dict[str, str]) -> np.ndarray[Any, Any]:
    return np.frombuffer(base64.b64decode(array["bdata"]), dtype=TYPES[array["dtype"]])


def chart_data(chart_id: str, *values: list[float], names: tuple[str, ...] = ("",), **more: Any) -> ChartData:
    """A chart with minutes from noon on."""
    window = window_by_hand(NOON, NOON + timedelta(minutes=len(values[0])), "minute", ZoneInfo("UTC"))
    starts = to_milliseconds(NOON) + MINUTE * np.arange(len(values[0]), dtype=np.int64)
    series = tuple(Series(name, starts, np.array(row, dtype=float)) for name, row in zip(names, values, strict=True))
    return ChartData(CATALOG.chart(chart_id), window, series, "data", **more)


def named(drawn: list[dict[str, Any]], part: str) -> list[dict[str, Any]]:
    return [trace for trace in drawn if part in trace["uid"]]
