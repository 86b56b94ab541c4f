"""Budgets: nobody holds or spends what is not there, a refusal takes nothing, and all is given back in the end."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from metrics_dash.web import budget
from metrics_dash.web.budget import ByteBudget, Share, WorkBudget
from metrics_dash.web.problems import ProblemError


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def idle(ahead: float = 1.0) -> WorkBudget:
    """Work in advance, and none that comes with time."""
    return WorkBudget(0.0, ahead, Clock())


def test_bytes_are_held_up_to_the_limit_and_not_one_more() -> None:
    held = ByteBudget(100)
    assert held.take(60)
    assert held.take(40)
    assert not held.take(1)
    assert held.held == 100


def test_what_is_refused_is_not_held() -> None:
    held = ByteBudget(100)
    assert not held.take(101)
    assert held.take(100)


def test_what_is_given_back_can_be_held_again() -> None:
    held = ByteBudget(100)
    assert held.take(100)
    held.give(30)
    assert held.take(30)
    assert not held.take(1)


def test_threads_that_take_at_once_do_not_pass_the_limit() -> None:
    held, together = ByteBudget(1000), Barrier(8, timeout=60)

    def take(_: int) -> int:
        together.wait()
        return sum(held.take(3) for _ in range(200))

    with ThreadPoolExecutor(8) as pool:
        taken = sum(pool.map(take, range(8)))
    assert (taken, held.held) == (333, 999)


def test_work_is_spent_in_advance_and_then_refused(clock: Clock) -> None:
    work = WorkBudget(0.5, 10, clock)
    assert [work.spend(4) for _ in range(4)] == [True, True, True, False]


def test_what_was_spent_too_much_is_made_up_for_by_waiting(clock: Clock) -> None:
    work = WorkBudget(0.5, 10, clock)
    assert work.spend(14)  # it has passed already
    clock.now += 8
    assert not work.spend(1), "all that time was owed"
    clock.now += 1
    assert work.spend(1)


def test_a_refusal_spends_nothing(clock: Clock) -> None:
    work = WorkBudget(0.5, 10, clock)
    work.spend(10)
    for _ in range(100):
        assert not work.spend(5)
    clock.now += 1
    assert work.spend(5)


def test_a_quiet_night_saves_no_more_than_the_advance(clock: Clock) -> None:
    work = WorkBudget(0.5, 10, clock)
    clock.now += 1_000_000
    assert [work.spend(5) for _ in range(3)] == [True, True, False]


def test_in_the_long_run_a_share_of_the_time_is_spent(clock: Clock) -> None:
    work = WorkBudget(0.5, 10, clock)
    spent = 0
    for _ in range(1000):
        clock.now += 1
        spent += work.spend(1)
    assert 500 <= spent <= 512


def test_a_request_that_finds_no_room_is_told_when_to_come_again() -> None:
    first, second = (Share(held, idle()) for held in [ByteBudget(100)] * 2)
    first.take(80)
    with pytest.raises(ProblemError, match="hold as much as they may; nothing was stored") as refused:
        second.take(30)
    assert refused.value.status == 503
    assert refused.value.headers == {"Retry-After": "2"}
    second.take(20)


def test_a_request_is_told_so_too_when_decoding_takes_too_long() -> None:
    share = Share(ByteBudget(0), idle(ahead=0.0))
    with pytest.raises(ProblemError, match="take as long to decode as they may; nothing was stored") as refused:
        share.work()
    assert refused.value.status == 503
    assert refused.value.headers == {"Retry-After": "2"}


class Spending(WorkBudget):
    """A budget that writes down what is spent."""

    def __init__(self) -> None:
        super().__init__(1.0, 1000.0)
        self.spent: list[float] = []

    def spend(self, seconds: float) -> bool:
        self.spent.append(seconds)
        return super().spend(seconds)


def test_each_turn_of_work_is_accounted_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([7.0, 7.5, 9.5, 9.5])
    monkeypatch.setattr(time, "thread_time", lambda: next(times))
    work = Spending()
    share = Share(ByteBudget(0), work)
    for _ in range(3):
        share.work()
    assert work.spent == [0.5, 2.0, 0.0]


def test_a_request_gives_back_what_it_still_holds_and_no_more() -> None:
    held = ByteBudget(100)
    share, other = Share(held, idle()), Share(held, idle())
    other.take(10)
    share.take(50)
    share.take(20)
    share.give(30)
    assert held.held == 50
    share.release()
    share.release()
    assert held.held == 10


def test_nothing_is_held_after_a_request_however_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    held = ByteBudget(100)
    monkeypatch.setattr(budget, "_held", held)
    with budget.open_share() as share:
        share.take(70)
        assert held.held == 70
    assert held.held == 0
    with pytest.raises(ProblemError), budget.open_share() as share:  # noqa: PT012 - the second is refused
        share.take(70)
        share.take(70)
    assert held.held == 0


def test_all_requests_of_the_process_hold_so_much_and_no_more() -> None:
    with budget.open_share() as one, budget.open_share() as other:
        one.take(100 * budget.MIB)
        with pytest.raises(ProblemError, match="as much as they may"):
            other.take(29 * budget.MIB)


def test_decoding_takes_half_of_one_processor_in_the_long_run(clock: Clock) -> None:
    work = WorkBudget(budget.DECODING_SHARE, budget.DECODING_AHEAD_SECONDS, clock)
    spent = 0
    for _ in range(1000):
        clock.now += 1
        spent += work.spend(1)
    assert spent <= 1000 / 2 + 21
