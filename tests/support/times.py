"""Zones and moments that make time arithmetic hard."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import strategies as st

from db.levels import BucketType
from metrics_dash.charts.timerange.grid import from_milliseconds
from metrics_dash.charts.timerange.parse import TimeRange
from metrics_dash.charts.timerange.steps import Step, find_step
from metrics_dash.charts.timerange.windows import RetainedSince, Window, bucket_edges, choose_window

UTC_ZONE = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")
KATHMANDU = ZoneInfo("Asia/Kathmandu")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
CAIRO = ZoneInfo("Africa/Cairo")
NEW_YORK = ZoneInfo("America/New_York")
APIA = ZoneInfo("Pacific/Apia")
ZONES = [UTC_ZONE, BERLIN, KATHMANDU, LORD_HOWE, CAIRO, NEW_YORK, APIA]
NOW = datetime(2026, 3, 31, 12, 34, 56, 789000, tzinfo=UTC)
EVERYTHING = RetainedSince()
moments = st.integers(631_152_000_000, 2_114_380_800_000).map(from_milliseconds)  # 1990 to 2037
zones = st.sampled_from(ZONES)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def window_of(
    start: str, end: str, zone: ZoneInfo, held: RetainedSince = EVERYTHING, step: Step | None = None
) -> Window:
    return choose_window(TimeRange(at(start), at(end)), zone, held, step)


def window_by_hand(
    start: datetime, end: datetime, step: str, zone: ZoneInfo, *, live: bool = False, source: BucketType = "minute"
) -> Window:
    """A window as it stands, without looking at what is held."""
    found = find_step(step)
    assert found is not None
    return Window(start, end, found, zone, TimeRange(start, end, live), source)


def hours_of_days(window: Window) -> list[float]:
    return (np.diff(bucket_edges(window)) / 3_600_000).tolist()
