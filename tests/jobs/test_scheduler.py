"""The scheduler, with a clock that the test turns: every deadline is exact."""

from collections.abc import Callable
from datetime import UTC, datetime
from threading import Event, Thread

import psycopg
import pytest

from metrics_dash.jobs.scheduler import OUTAGE_RETRY_SECONDS, SOON, Job, Scheduler


class Clock:
    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def recorder(runs: list[datetime], answer: object = None) -> Callable[[datetime], object]:
    def run(slot: datetime) -> object:
        runs.append(slot)
        return answer

    return run


def test_a_job_runs_once_per_slot_and_slots_lie_on_the_wall_clock() -> None:
    runs: list[datetime] = []
    clock = Clock(1003.0)
    scheduler = Scheduler([Job("roll", 5, recorder(runs))], clock)
    assert scheduler.step() == 2.0
    clock.now = 1004.9
    assert scheduler.step() == pytest.approx(0.1)
    clock.now = 1005.0
    assert scheduler.step() == 5.0
    assert runs == [at(1000), at(1005)]


def test_missed_slots_collapse_into_the_latest() -> None:
    runs: list[datetime] = []
    clock = Clock(0.0)
    scheduler = Scheduler([Job("roll", 5, recorder(runs))], clock)
    scheduler.step()
    clock.now = 3601.0
    scheduler.step()
    assert runs == [at(0), at(3600)]


def test_a_slow_job_does_not_shift_the_deadlines_after_it() -> None:
    clock = Clock(0.0)
    starts: list[float] = []

    def slow(slot: datetime) -> None:
        starts.append(clock.now)
        clock.now += 7

    scheduler = Scheduler([Job("slow", 5, slow)], clock)
    assert scheduler.step() == 3.0
    clock.now += 3
    scheduler.step()
    assert starts == [0, 10]


def test_the_next_deadline_of_all_jobs_counts() -> None:
    scheduler = Scheduler([Job("a", 60, recorder([])), Job("b", 7, recorder([]))], Clock(8.0))
    assert scheduler.step() == 6.0


def test_no_wait_is_long_so_that_a_clock_that_is_set_is_noticed() -> None:
    runs: list[datetime] = []
    clock = Clock(7200.0)
    scheduler = Scheduler([Job("daily", 3600, recorder(runs))], clock)
    assert scheduler.step() == 60.0
    clock.now = 100.0
    scheduler.step()
    assert runs == [at(7200), at(0)]


def test_a_job_that_raises_is_counted_and_its_next_slot_goes_on() -> None:
    clock = Clock(0.0)
    runs: list[datetime] = []
    broken = True

    def job(slot: datetime) -> None:
        if broken:
            raise RuntimeError("no database")

    scheduler = Scheduler([Job("bad", 5, job), Job("good", 5, recorder(runs))], clock)
    scheduler.step()
    assert scheduler.failures == {"bad": 1}
    assert scheduler.failing == {"bad": "RuntimeError: no database"}
    broken, clock.now = False, 5.0
    scheduler.step()
    assert scheduler.failures == {"bad": 1}
    assert scheduler.failing == {}
    assert runs == [at(0), at(5)]


def test_a_job_that_has_more_to_do_goes_again_at_once_and_others_have_their_turn() -> None:
    turns: list[str] = []
    answers = [True, True, False]

    def busy(slot: datetime) -> bool:
        turns.append("busy")
        return answers.pop(0)

    clock = Clock(0.0)
    scheduler = Scheduler([Job("busy", 60, busy), Job("other", 5, lambda slot: turns.append("other"))], clock)
    assert scheduler.step() == 0.0
    clock.now = 5.0
    assert scheduler.step() == 0.0
    assert scheduler.step() == 5.0
    assert turns == ["busy", "other", "busy", "other", "busy"]


def test_two_jobs_of_one_name_and_an_interval_of_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="'a' is scheduled more than once"):
        Scheduler([Job("a", 1, recorder([])), Job("a", 2, recorder([]))])
    with pytest.raises(ValueError, match=r"'a': the interval 0"):
        Job("a", 0, recorder([]))


def test_the_thread_starts_once_stops_and_starts_again() -> None:
    ran = Event()

    def run(slot: datetime) -> None:
        ran.set()

    scheduler = Scheduler([Job("a", 3600, run)])
    scheduler.start()
    scheduler.start()
    assert ran.wait(30)
    assert scheduler.alive
    assert scheduler.stop()
    assert scheduler.stop()
    assert not scheduler.alive
    scheduler.start()
    assert scheduler.alive
    assert scheduler.stop()


def test_stopping_does_not_wait_for_the_next_slot_nor_begin_another_job() -> None:
    started, release = Event(), Event()
    others: list[datetime] = []

    def first(slot: datetime) -> None:
        started.set()
        release.wait(30)

    scheduler = Scheduler([Job("first", 3600, first), Job("second", 3600, recorder(others))])
    scheduler.start()
    assert started.wait(30)
    assert not scheduler.stop(0.0)
    release.set()
    assert scheduler.stop()
    assert others == []


# Lanes, and what is tried again


def test_a_job_that_hangs_holds_up_its_own_lane_and_no_other() -> None:
    hanging, release, ran = Event(), Event(), Event()

    def purge(slot: datetime) -> None:
        hanging.set()
        release.wait(60)

    def roll_up(slot: datetime) -> bool:
        if hanging.is_set():
            ran.set()
        return not ran.is_set()

    scheduler = Scheduler([Job("purge", 3600, purge, lane="upkeep"), Job("rollup", 3600, roll_up, lane="rollup")])
    scheduler.start()
    assert ran.wait(60)
    assert scheduler.alive
    release.set()
    assert scheduler.stop()


def test_a_lane_whose_thread_died_is_started_again_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    scheduler = Scheduler([Job("a", 3600, recorder([]), lane="one"), Job("b", 3600, recorder([]), lane="two")])
    scheduler.start()
    survivor = scheduler._threads["two"]
    dead = Thread(target=lambda: None)
    dead.start()
    dead.join()
    scheduler._threads["one"] = dead
    assert not scheduler.alive
    scheduler.start()
    assert scheduler.alive
    assert scheduler._threads["two"] is survivor
    assert scheduler.stop()


@pytest.mark.parametrize("ends", [SOON, RuntimeError("no lock")])
def test_what_could_not_be_done_is_tried_again_soon_in_the_same_slot(ends: object) -> None:
    clock = Clock(3600.0)
    runs: list[datetime] = []
    over = False

    def purge(slot: datetime) -> object:
        runs.append(slot)
        if isinstance(ends, Exception) and not over:
            raise ends
        return None if over else ends

    scheduler = Scheduler([Job("purge", 3600, purge, retry=60.0)], clock, jitter=lambda low, high: high)
    assert scheduler.step() == 60.0
    clock.now += 89
    scheduler.step()
    assert len(runs) == 1
    clock.now, over = clock.now + 1, True
    scheduler.step()
    clock.now += 600
    scheduler.step()
    assert runs == [at(3600)] * 2
    assert scheduler.failing == {}


def test_tries_are_spread_so_that_processes_do_not_come_together() -> None:
    drawn: list[tuple[float, float]] = []

    def jitter(low: float, high: float) -> float:
        drawn.append((low, high))
        return low

    Scheduler([Job("purge", 3600, lambda slot: SOON, retry=60.0)], Clock(0.0), jitter=jitter).step()
    assert drawn == [(30.0, 90.0)]


def test_without_a_retry_the_next_slot_is_the_next_try() -> None:
    clock = Clock(0.0)
    runs: list[datetime] = []
    scheduler = Scheduler([Job("a", 3600, recorder(runs, SOON))], clock)
    scheduler.step()
    clock.now = 3599.0
    scheduler.step()
    assert runs == [at(0)]


@pytest.mark.parametrize(("error", "traces"), [(psycopg.OperationalError("gone\nfor good"), 0), (KeyError("ours"), 1)])
def test_a_failure_is_one_line_for_as_long_as_it_is_the_same_and_only_a_fault_of_ours_has_its_trace(
    error: Exception, traces: int, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock(0.0)

    def job(slot: datetime) -> None:
        raise error

    scheduler = Scheduler([Job("bad", 5, job)], clock)
    for clock.now in (0.0, 5.0, 10.0):
        scheduler.step()
    assert scheduler.failures == {"bad": 3}
    assert [record.getMessage().count("\n") for record in caplog.records] == [0]
    assert sum(bool(record.exc_info) for record in caplog.records) == traces


@pytest.mark.parametrize("retry", [60.0, None])
def test_what_an_outage_kept_from_being_done_is_tried_again_within_seconds(retry: float | None) -> None:
    clock = Clock(3600.0)
    runs: list[datetime] = []

    def purge(slot: datetime) -> None:
        runs.append(slot)
        if len(runs) == 1:
            raise psycopg.errors.IdleInTransactionSessionTimeout("stood still")

    scheduler = Scheduler([Job("purge", 3600, purge, retry=retry)], clock, jitter=lambda low, high: high)
    assert scheduler.step() == OUTAGE_RETRY_SECONDS * 1.5
    clock.now += OUTAGE_RETRY_SECONDS * 1.5
    scheduler.step()
    assert (runs, scheduler.failing) == ([at(3600)] * 2, {})
