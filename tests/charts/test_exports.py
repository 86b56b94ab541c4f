"""Names of files that are taken away."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from metrics_dash.charts.exports import file_name, length_text
from tests.support.times import window_by_hand


@pytest.mark.parametrize(
    ("start", "end", "zone", "length"),
    [
        ("2026-01-31T11:00:00Z", "2026-01-31T12:00:00Z", "UTC", "1h"),
        ("2026-01-30T12:00:10Z", "2026-01-31T12:00:10Z", "UTC", "24h"),
        ("2026-01-31T10:30:00Z", "2026-01-31T12:00:00Z", "UTC", "90m"),
        ("2026-01-31T12:00:00Z", "2026-01-31T12:00:30Z", "UTC", "30s"),
        ("2026-01-24T12:00:00Z", "2026-01-31T12:00:00Z", "UTC", "7d"),
        ("2026-03-25T12:00:00Z", "2026-04-01T11:00:00Z", "Europe/Berlin", "7d"),
        ("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", "Europe/Berlin", "23h"),
        ("2026-01-01T00:00:00Z", "2026-01-03T03:00:00Z", "UTC", "51h"),
    ],
)
def test_a_length_is_a_range_of_the_address(start: str, end: str, zone: str, length: str) -> None:
    window = window_by_hand(datetime.fromisoformat(start), datetime.fromisoformat(end), "hour", ZoneInfo(zone))
    assert length_text(window) == length


def test_file_names_sort_by_tab_chart_and_time() -> None:
    end = datetime(2026, 1, 31, 12, tzinfo=UTC)
    window = window_by_hand(end - timedelta(days=1), end, "minute", ZoneInfo("UTC"))
    assert file_name("auth", "login-rate", window, "png") == "auth_login-rate_2026-01-31T12-00_24h.png"
    assert file_name("auth", None, window, "csv") == "auth_2026-01-31T12-00_24h.csv"
