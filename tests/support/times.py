"""Zones and moments that make time arithmetic hard."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import strategies as st

from metrics_dash.charts.timerange.grid import bucket_edges, from_milliseconds
from metrics_dash.charts.timerange.parse import TimeRange
from metrics_dash.charts.timerange.windows import RetainedSince, Window, choose_resolution

UTC_ZONE = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")
KATHMANDU = ZoneInfo("Asia/Kathmandu")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
CAIRO = ZoneInfo("Africa/Cairo")
ZONES = [UTC_ZONE, BERLIN, KATHMANDU, LORD_HOWE, CAIRO, ZoneInfo("America/New_York"), ZoneInfo("Pacific/Apia")]
NOW = datetime(2026, 3, 31, 12, 34, 56, 789000, tzinfo=UTC)
EVERYTHING = RetainedSince()
moments = st.integers(631_152_000_000, 2_114_380_800_000).map(from_milliseconds)  # 1990 to 2037
zones = st.sampled_from(ZONES)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def window_of(
    start: str, end: str, zone: ZoneInfo, held: RetainedSince = EVERYTHING, resolution: str = "auto"
) -> Window:
    return choose_resolution(TimeRange(at(start), at(end)), zone, held, resolution)


def hours_of_days(window: Window) -> list[float]:
    return (np.diff(bucket_edges(window)) / 3_600_000).tolist()
