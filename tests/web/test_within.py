"""Work that a page waits for only a moment: whatever becomes of it, the page comes."""

import threading

import pytest

from metrics_dash.web.within import Within

LONG = 60.0


def test_what_is_done_in_time_is_given() -> None:
    assert Within[int](LONG, at_once=1).get(lambda: 7) == 7


def test_what_fails_is_nothing_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    assert Within[int](LONG, at_once=1).get(lambda: 1 // 0) is None
    assert "ZeroDivisionError" in caplog.text


def test_what_is_late_is_nothing_and_runs_to_its_end() -> None:
    go, done = threading.Event(), threading.Event()

    def slow() -> int:
        go.wait(LONG)
        done.set()
        return 7

    assert Within[int](0.0, at_once=1).get(slow) is None
    go.set()
    assert done.wait(LONG)


def test_where_too_much_is_under_way_nothing_is_begun() -> None:
    go, done = threading.Event(), threading.Event()
    within = Within[bool](0.0, at_once=1)
    assert within.get(lambda: go.wait(LONG)) is None
    assert within.get(lambda: not done.set()) is None
    assert not done.is_set()
    go.set()


def test_there_is_room_again_once_what_was_late_has_ended() -> None:
    within = Within[int](LONG, at_once=1)
    assert [within.get(lambda: 7) for _ in range(20)] == [7] * 20
