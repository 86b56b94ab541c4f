"""A range's name is short, in the words of who asked, and by the calendar of the zone."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from layouts.ranges import range_name
from metrics_dash.charts.timerange.parse import parse_range
from metrics_dash.charts.timerange.windows import RetainedSince, choose_window
from metrics_dash.web.address import PageState

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime.fromisoformat("2026-11-22T15:32:10+01:00")


def name(range_: str = "24h", start: str | None = None, end: str | None = None) -> str:
    said = PageState(tab="auth", range=range_, from_=start, to=end)
    asked = parse_range(range_, start=start, end=end, now=NOW, zone=BERLIN)
    return range_name(choose_window(asked, BERLIN, RetainedSince()), said, NOW)


@pytest.mark.parametrize(
    ("said", "called"),
    [
        (("24h",), "Last 24 hours"),
        (("Last  Week",), "Last week"),
        (("today",), "Today"),
        (("3h",), "Last 3\u202fh"),
        (("2026-11-18",), "18 Nov"),
        (("24h", "now-90m"), "Last 90\u202fmin"),
        (("24h", "now-7d/d"), "Since 15 Nov"),
        (("24h", "yesterday"), "Since 21 Nov"),
        (("24h", "2026-11-18", "2026-11-20"), "18–20 Nov"),
        (("24h", "2026-10-30", "2026-11-02"), "30 Oct – 2 Nov"),
        (("24h", "2025-11-18", "2025-11-20"), "18–20 Nov 2025"),
        (("24h", "2025-12-30", "2026-01-02"), "30 Dec 2025 – 2 Jan 2026"),
        (("24h", "2026-11-17T23:00:00Z", "2026-11-20T23:00:00Z"), "18–20 Nov"),
        (("24h", "2026-11-18T13:00:00Z", "2026-11-18T15:30:00Z"), "18 Nov 14:00 – 16:30"),
        (("24h", "2026-11-18T13:00:00Z", "2026-11-20T08:30:00Z"), "18 Nov 14:00 – 20 Nov 09:30"),
    ],
)
def test_a_range_is_named(said: tuple[str, ...], called: str) -> None:
    assert name(*said) == called


def test_a_day_of_25_hours_is_one_day() -> None:
    assert name(start="2026-10-25") == "Since 25 Oct"
    assert name("2026-10-25") == "25 Oct"
    assert parse_range("2026-10-25", now=NOW, zone=BERLIN).length == timedelta(hours=25)
