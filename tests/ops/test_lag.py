"""Why the pipeline is behind: said only when it is, causes first, then what waits where."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from db.status import CollectorStatus, PipelineStatus
from metrics_dash.ops.lag import LEAST_LAG, allowed_lag, lag
from metrics_dash.settings import Settings

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
KEEPING_UP = PipelineStatus(
    complete_through=NOW - timedelta(seconds=5),
    now=NOW,
    oldest_dirty_at=None,
    dirty=0,
    collectors=(),
    raw_floor=None,
    floors={},
)


def behind(seconds: float, **more: object) -> PipelineStatus:
    return replace(KEEPING_UP, complete_through=NOW - timedelta(seconds=seconds), **more)  # type: ignore[arg-type]


def collector(waits: float) -> CollectorStatus:
    since = NOW - timedelta(seconds=waits)
    return CollectorStatus(UUID(int=7), "shard-2", 4711, NOW, since, {}, live=True)


def test_a_pipeline_that_keeps_up_is_not_behind_whatever_its_threads_say() -> None:
    assert lag(KEEPING_UP, LEAST_LAG, ["the scheduler is not running"]) is None


def test_causes_come_before_what_waits() -> None:
    found = lag(
        behind(180, oldest_dirty_at=NOW - timedelta(seconds=180), dirty=1204),
        LEAST_LAG,
        ["the scheduler is not running"],
    )
    assert found is not None
    assert found.sentence == "The scheduler is not running; the rollup does not keep up (1,204 marks wait)."
    assert not found.long


def test_marks_that_are_fresh_are_no_reason() -> None:
    waiting = behind(180, oldest_dirty_at=NOW - timedelta(seconds=2), dirty=3, collectors=(collector(180),))
    found = lag(waiting, LEAST_LAG)
    assert found is not None
    assert found.reasons == ("events wait in the collector of shard-2 (process 4711)",)


def test_what_lasts_is_bad_and_says_so_without_a_reason_too() -> None:
    found = lag(behind(600), LEAST_LAG)
    assert found is not None
    assert found.long
    assert found.sentence == "Nothing says why."


def test_a_replica_that_has_nothing_newer_is_behind_by_the_clock_and_not_by_what_it_holds() -> None:
    asked_at = NOW + timedelta(seconds=90)
    found = lag(replace(KEEPING_UP, replica=True, asked_at=asked_at), LEAST_LAG)
    assert found is not None
    assert found.behind == timedelta(seconds=95)
    assert found.reasons == ("the primary does not answer, and the replica that is read has nothing newer",)


def test_long_intervals_are_no_lag() -> None:
    assert allowed_lag(Settings()) == LEAST_LAG
    assert allowed_lag(Settings(rollup_interval=60)) > timedelta(minutes=3)


def test_a_collector_that_fell_silent_with_events_is_named_and_since_when() -> None:
    cut_off = replace(collector(180), live=False, seen_at=NOW - timedelta(seconds=170))
    found = lag(behind(180, collectors=(cut_off,)), LEAST_LAG)
    assert found is not None
    assert found.reasons == (
        "events wait in the collector of shard-2 (process 4711), which is silent since 2026-01-31 11:57:10 UTC",
    )


def test_a_clock_that_disagrees_is_said_though_the_pipeline_keeps_up() -> None:
    ahead = lag(replace(KEEPING_UP, clock_offset=timedelta(days=-5)), LEAST_LAG, ["the scheduler is not running"])
    assert ahead is not None
    assert ahead.reasons[0].startswith("this machine's clock is 5 days ahead of the database's")
    assert ahead.behind == timedelta(days=5, seconds=5)
    late = lag(replace(KEEPING_UP, clock_offset=timedelta(days=5)), LEAST_LAG)
    assert late is not None
    assert late.behind == timedelta(seconds=5)
    assert lag(replace(KEEPING_UP, clock_offset=timedelta(seconds=50)), LEAST_LAG) is None
