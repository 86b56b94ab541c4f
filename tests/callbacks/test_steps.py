"""Steps through time as changes of the address: what they say, the address reads as the same range again."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callbacks.steps import Changes, address_of, steps
from metrics_dash.charts.timerange.parse import PRESETS, Preset, TimeRange, parse_range
from metrics_dash.charts.timerange.windows import Window
from tests.support.times import BERLIN, UTC_ZONE, at, window_by_hand, zones

NOW = datetime(2026, 3, 31, 12, 34, 56, tzinfo=UTC)
LIVE_HOUR = {"range": "1h", "from": "", "to": ""}


def window(start: datetime, end: datetime, zone: ZoneInfo = UTC_ZONE, *, live: bool = False) -> Window:
    return window_by_hand(start, end, "1m", zone, live=live)


def live(**length: float) -> Window:
    return window(NOW - timedelta(**length), NOW, live=True)


def read(changes: Changes, now: datetime = NOW, zone: ZoneInfo = UTC_ZONE) -> TimeRange:
    """The range that the address says after the changes."""
    return parse_range(changes["range"], start=changes["from"], end=changes["to"], now=now, zone=zone)


def test_back_is_the_range_before_and_stands_still() -> None:
    assert steps(live(hours=1), NOW)["back"] == {
        "range": "",
        "from": "2026-03-31T10:34:56Z",
        "to": "2026-03-31T11:34:56Z",
    }


def test_forward_from_the_range_before_is_live_again() -> None:
    before = read(steps(live(hours=1), NOW)["back"])
    assert steps(window(before.start, before.end), NOW)["forward"] == LIVE_HOUR


def test_forward_goes_live_although_the_present_moved_on_meanwhile() -> None:
    before = read(steps(live(hours=1), NOW)["back"])
    looked_for = NOW + timedelta(minutes=2)
    assert steps(window(before.start, before.end), looked_for)["forward"] == LIVE_HOUR
    long_looked_for = NOW + timedelta(minutes=4)
    assert steps(window(before.start, before.end), long_looked_for)["forward"]["range"] == ""


def test_forward_in_the_past_is_the_range_after() -> None:
    start = at("2026-03-01T12:00:00Z")
    after = read(steps(window(start, start + timedelta(hours=6)), NOW)["forward"])
    assert (after.start, after.end) == (start + timedelta(hours=6), start + timedelta(hours=12))


def test_a_day_of_the_zone_moves_by_days_across_a_change_of_the_clocks() -> None:
    sunday = window(at("2026-03-28T23:00:00Z"), at("2026-03-29T22:00:00Z"), BERLIN)
    back = read(steps(sunday, NOW)["back"])
    assert (back.start, back.end) == (at("2026-03-27T23:00:00Z"), at("2026-03-28T23:00:00Z"))


def test_out_is_twice_the_time_and_a_live_range_stays_live() -> None:
    assert steps(live(hours=3), NOW)["out"] == {"range": "6h", "from": "", "to": ""}
    start = at("2026-03-01T12:00:00Z")
    out = read(steps(window(start, start + timedelta(hours=2)), NOW)["out"])
    assert (out.start, out.end) == (start - timedelta(hours=1), start + timedelta(hours=3))


def test_pausing_holds_the_range_that_is_shown_and_going_live_keeps_its_length() -> None:
    changes = steps(live(hours=1), NOW)
    paused = read(changes["pause"])
    assert (paused.start, paused.end, paused.live) == (NOW - timedelta(hours=1), NOW, False)
    later = NOW + timedelta(hours=5)
    assert steps(window(paused.start, paused.end), later)["live"] == LIVE_HOUR


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.key)
def test_a_live_range_as_long_as_a_preset_is_that_preset(preset: Preset) -> None:
    span = parse_range(preset.key, now=NOW, zone=BERLIN)
    assert address_of(span, NOW, window(span.start, span.end, BERLIN)) == {"range": preset.key, "from": "", "to": ""}


def test_any_other_live_range_counts_its_minutes() -> None:
    span = TimeRange(NOW - timedelta(minutes=95), NOW, live=True)
    assert address_of(span, NOW, live(minutes=95)) == {"range": "", "from": "now-95m", "to": "now"}
    blink = TimeRange(NOW - timedelta(seconds=5), NOW, live=True)
    assert address_of(blink, NOW, live(seconds=5))["from"] == "now-1m"


@given(st.integers(1, 60 * 24 * 60), st.integers(0, 60 * 24 * 400), zones, st.booleans())
def test_whatever_a_step_says_can_be_read_and_is_as_long(length: int, ago: int, zone: ZoneInfo, is_live: bool) -> None:
    end = NOW if is_live else NOW - timedelta(minutes=ago)
    shown = window(end - timedelta(minutes=length), end, zone, live=is_live)
    changes = steps(shown, NOW)
    held, now_live = (read(changes[name], zone=zone) for name in ("pause", "live"))
    assert (held.start, held.end, held.live) == (shown.start, shown.end, False)
    assert (now_live.end, now_live.length, now_live.live) == (NOW, shown.span.length, True)
    for changed in changes.values():
        assert read(changed, zone=zone).end <= NOW
