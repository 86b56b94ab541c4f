"""Threads are started again after growing pauses, and what fails of supervision ends nothing."""

import logging
from itertools import pairwise

import pytest

from metrics_dash.jobs.supervision import LONGEST_PAUSE_SECONDS, Duty, ThreadSupervisor


class Mortal:
    def __init__(self) -> None:
        self.alive = True
        self.starts = 0

    def start(self) -> None:
        self.starts += 1


def test_what_dies_again_and_again_is_started_after_growing_pauses() -> None:
    now = 0.0
    mortal = Mortal()
    keeper = ThreadSupervisor("thing", mortal, lambda: now)
    keeper.check()
    mortal.alive = False
    started_at: list[float] = []
    while now < 200:
        keeper.check()
        if mortal.starts > len(started_at):
            started_at.append(now)
        now += 0.5
    pauses = [later - earlier for earlier, later in zip([0.0, *started_at], started_at, strict=False)]
    assert pauses[0] == 1.0
    assert all(earlier < later for earlier, later in pairwise(pauses[:5]))
    assert max(pauses) <= LONGEST_PAUSE_SECONDS + 1


def test_what_lived_for_long_is_started_again_soon() -> None:
    now = 0.0
    mortal = Mortal()
    keeper = ThreadSupervisor("thing", mortal, lambda: now)
    mortal.alive = False
    for _ in range(100):
        keeper.check()
        now += 1
    mortal.alive = True
    keeper.check()
    now += 61
    keeper.check()
    before, mortal.alive = mortal.starts, False
    keeper.check()
    now += 1
    keeper.check()
    assert mortal.starts == before + 1


def test_a_duty_that_fails_is_a_problem_until_it_works_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    works = False

    def act() -> None:
        if not works:
            raise OSError("no space, password=secret")

    duty = Duty("it can't be done", act)
    assert duty.problem is None
    with caplog.at_level(logging.ERROR):
        duty.turn()
        duty.turn()
    assert duty.problem == "it can't be done: OSError"
    assert [(record.message, record.exc_info) for record in caplog.records] == [
        ("it can't be done: OSError: no space, password=secret", False)
    ]
    works = True
    duty.turn()
    assert duty.problem is None


def test_a_duty_that_raises_what_nobody_foresaw_is_logged_with_its_trace(caplog: pytest.LogCaptureFixture) -> None:
    def act() -> None:
        raise KeyError("x")

    with caplog.at_level(logging.ERROR):
        Duty("it can't be done", act).turn()
    assert caplog.records[0].exc_info
