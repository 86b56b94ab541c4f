"""What the server's page says of itself, word for word as the scripts say it afterwards."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from layouts.freshness import Labels, duration, labels
from metrics_dash.charts.data import TabData
from metrics_dash.charts.timerange.parse import parse_range
from metrics_dash.charts.timerange.windows import RetainedSince, choose_window
from metrics_dash.ops.lag import Lag
from metrics_dash.web.address import read_state
from tests.support.figures import CATALOG

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Berlin")
HELD = RetainedSince(minute=None, hour=None, day=None)
THROUGH = "complete through 12:59:58"


def said(search: str = "", behind: Lag | None = None, before: timedelta = timedelta(seconds=2)) -> Labels:
    state = read_state(search, CATALOG)
    asked = parse_range(state.range, start=state.from_, end=state.to, now=NOW, zone=ZONE)
    data = TabData(CATALOG.tabs[0], choose_window(asked, ZONE, HELD), (), NOW - before)
    return labels(state, data, behind, now=NOW, refresh=10, own=None)


def test_a_fresh_picture_says_so_by_the_clock_of_the_zone() -> None:
    assert (said().tone, said().freshness) == ("ok", f"Live · {THROUGH}")


def test_what_is_complete_through_another_day_names_it() -> None:
    assert said(before=timedelta(days=1, seconds=2)).freshness == "Live · complete through Mon 2026-03-09 12:59:58"


@pytest.mark.parametrize(
    ("search", "words", "refresh"),
    [
        ("refresh=off", f"Refresh is off · {THROUGH}", "Off"),
        ("refresh=60", f"Live · {THROUGH}", "1 min"),
        ("from=2026-03-01&to=2026-03-02", "Paused · complete", "Paused"),
        ("range=yesterday", "Over · complete", "10 s"),
        ("range=today", f"Live · {THROUGH}", "10 s"),
        ("range=2026-03-01", "Paused · complete", "Paused"),
        ("range=2026-03-10", f"Paused · {THROUGH}", "Paused"),
    ],
)
def test_who_does_not_move_on_says_why(search: str, words: str, refresh: str) -> None:
    assert (said(search).freshness, said(search).refresh) == (words, refresh)


def test_a_pipeline_that_is_late_says_by_how_much_and_why() -> None:
    short = said(behind=Lag(timedelta(seconds=110), NOW, ("the scheduler is not running",)))
    assert short.tone == "warn"
    assert short.freshness == f"Behind by 2 min: the scheduler is not running · {THROUGH}"
    assert said(behind=Lag(timedelta(minutes=50), NOW, ())).tone == "bad"


def test_a_comparison_stands_on_its_control() -> None:
    assert (said("compare=week").compare, said("compare=week").compare_short) == ("Compare: week", "vs week")
    assert (said().compare, said().compare_short) == ("Compare", "Compare")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(2.5, "3 s"), (59.4, "59 s"), (90, "2 min"), (5400, "2 h"), (172_800, "2 d"), (216_000, "3 d")],
)
def test_durations_are_rounded_as_the_scripts_round_them(seconds: float, words: str) -> None:
    assert duration(seconds) == words
