"""The demo: which intervals it sends, and that no interval is sent in two ways."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import orjson
import pytest

from metrics_dash.demo.feed import SLICE, Demo, Interval, missing
from metrics_dash.demo.simulation import HOUR, Simulation
from tests.support.recording_server import RecordingServer

NOON = int(datetime(2026, 1, 6, 12, tzinfo=UTC).timestamp())
UNTIL = NOON + 754 // SLICE * SLICE


@pytest.fixture
def sink() -> Iterator[RecordingServer]:
    with RecordingServer() as recording:
        yield recording


def test_a_fresh_store_gets_slices_near_now_and_whole_hours_before_newest_first() -> None:
    intervals = list(missing(UNTIL, UNTIL - 5 * HOUR, set(), set()))
    starts = [interval.start for interval in intervals]
    assert starts == sorted(starts, reverse=True)
    sliced = [interval for interval in intervals if interval.end - interval.start == SLICE]
    assert min(interval.start for interval in sliced) == NOON - HOUR
    assert [i for i in intervals if i not in sliced] == [
        Interval(NOON - n * HOUR, NOON - (n - 1) * HOUR) for n in (2, 3, 4, 5)
    ]


def test_the_intervals_cover_the_span_without_overlap() -> None:
    intervals = sorted(missing(UNTIL, UNTIL - 5 * HOUR, set(), set()), key=lambda interval: interval.start)
    assert intervals[0].start == NOON - 5 * HOUR
    assert intervals[-1].end == UNTIL
    assert all(one.end == following.start for one, following in pairwise(intervals))


def test_whole_hours_that_the_store_has_are_left_alone() -> None:
    known = {NOON - n * HOUR for n in range(1, 6)}
    assert all(interval.hour == NOON for interval in missing(UNTIL, UNTIL - 5 * HOUR, known, set()))


def test_an_hour_that_lacks_minutes_is_sent_in_slices_as_the_live_feed_did() -> None:
    known = {NOON - n * HOUR for n in range(1, 6)}
    again = [i for i in missing(UNTIL, UNTIL - 5 * HOUR, known, {NOON - 3 * HOUR}) if i.hour != NOON]
    assert {interval.hour for interval in again} == {NOON - 3 * HOUR}
    assert {interval.end - interval.start for interval in again} == {SLICE}


def test_the_backfill_sends_every_event_of_the_span_once(sink: RecordingServer) -> None:
    simulation = Simulation(3)
    accepted = Demo(sink.url, simulation).backfill(timedelta(hours=3), UNTIL)
    sent = [event for batch in sink.batches.values() for event in batch]
    expected = [
        happening.as_event()
        for hour in range(NOON - 3 * HOUR, UNTIL, HOUR)
        for happening in simulation.hour(hour)
        if happening.at < UNTIL
    ]
    assert accepted == len(sent) == len(expected)
    assert sorted(map(orjson.dumps, sent)) == sorted(map(orjson.dumps, expected))


def test_a_repeated_backfill_uses_the_same_keys_for_the_same_events(sink: RecordingServer) -> None:
    Demo(sink.url, Simulation(3)).backfill(timedelta(hours=2), UNTIL)
    first = dict(sink.batches)
    Demo(sink.url, Simulation(3)).backfill(timedelta(hours=2), UNTIL)
    assert sink.batches == first


def test_a_backfill_over_known_history_fills_only_the_gap(sink: RecordingServer) -> None:
    sink.known_hours = [NOON - n * HOUR for n in (1, 2, 4, 5)]
    Demo(sink.url, Simulation()).backfill(timedelta(hours=5), UNTIL)
    gap = f"demo/1/1/{NOON - 3 * HOUR}-{NOON - 2 * HOUR}/0"
    assert [key for key in sink.keys if int(key.split("/")[3].split("-")[0]) < NOON] == [gap]


def test_progress_runs_from_nothing_to_everything(sink: RecordingServer) -> None:
    seen: list[tuple[int, int]] = []
    Demo(sink.url, Simulation()).backfill(timedelta(hours=3), UNTIL, lambda *p: seen.append(p))
    assert seen[0][0] == 0
    assert seen[-1][0] == seen[-1][1] > 0


def test_the_live_feed_sends_a_heartbeat_with_each_slice(sink: RecordingServer) -> None:
    stop = threading.Event()
    demo = Demo(sink.url, Simulation(), stop=stop, clock=lambda: float(UNTIL + SLICE))
    feeding = threading.Thread(target=demo.feed, args=(UNTIL,))
    feeding.start()
    assert sink.heartbeat.wait(30)
    stop.set()
    feeding.join(30)
    assert not feeding.is_alive()
    assert f"demo/1/1/{UNTIL}-{UNTIL + SLICE}/0" in sink.batches


def test_the_live_feed_and_the_backfill_send_a_slice_as_the_same_body(sink: RecordingServer) -> None:
    demo = Demo(sink.url, Simulation(), stop=threading.Event(), clock=lambda: float(UNTIL))
    feeding = threading.Thread(target=demo.feed, args=(UNTIL - SLICE,))
    feeding.start()
    assert sink.heartbeat.wait(30)
    demo.stop.set()
    feeding.join(30)
    live = dict(sink.batches)
    sink.batches.clear()
    Demo(sink.url, Simulation()).backfill(timedelta(hours=1), UNTIL)
    slices = {key: batch for key, batch in live.items() if not key.endswith("/heartbeat")}
    assert slices
    assert slices.items() <= sink.batches.items()


def test_what_another_version_of_the_simulation_sent_stands_and_the_backfill_goes_on(sink: RecordingServer) -> None:
    sink.statuses = [200, 200, 422]  # two questions about what is known, then the first slice
    Demo(sink.url, Simulation()).backfill(timedelta(hours=1), UNTIL)
    sent = len(sink.batches)
    Demo(sink.url, Simulation()).backfill(timedelta(hours=1), UNTIL)
    assert len(sink.batches) == sent + 1


def test_a_url_that_is_none_is_told_at_once() -> None:
    with pytest.raises(ValueError, match="is not a URL such as"):
        Demo("localhost:8050", Simulation())
