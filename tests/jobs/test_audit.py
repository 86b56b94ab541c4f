"""The audit: silent where all is right, exact where something is not."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from db.audit import differing_facts
from db.engine import Database
from db.events import insert_events
from db.partitions import purge_events_before
from metrics_dash.jobs.audit import audit
from metrics_dash.jobs.retention import purge
from metrics_dash.jobs.rollup import run_pass
from tests.support.rollups import NOON, event


@pytest.fixture
def rolled_up(database: Database) -> Database:
    players = [event(n / 3, f"n.x{n % 3}", {"p": n, "ok": n % 2 == 0}, ms=n / 7, hp=-n) for n in range(300)]
    insert_events([*players, event(0), event(60 * 24, ms=1)], database=database)
    run_pass(database)
    return database


def alter(database: Database, assignment: str, level: str = "minute") -> None:
    with database.begin() as connection:
        connection.execute(
            text(
                f"UPDATE telemetry_buckets SET {assignment} WHERE bucket_type = :level AND bucket_start = :noon "
                "AND event_name = 'n.x1'"
            ),
            {"level": level, "noon": NOON},
        )


def found(database: Database) -> list[tuple[str, str]]:
    return [(difference.level, difference.what) for difference in audit(database)]


def test_what_the_rollup_made_is_right(rolled_up: Database) -> None:
    assert audit(rolled_up) == []


def test_an_empty_store_is_right(database: Database) -> None:
    assert audit(database) == []


def test_a_wrong_count_is_found_at_its_level_and_against_the_coarser_one(rolled_up: Database) -> None:
    alter(rolled_up, "count = count + 1")
    first, second = audit(rolled_up)
    assert (first.level, first.bucket_start, first.event_name, first.what) == ("minute", NOON, "n.x1", "count")
    assert first.stored == (first.expected or 0) + 1
    assert (second.level, second.what) == ("hour", "count")
    assert "the finer level says" in str(first)


@pytest.mark.parametrize("column", ["sum", "min", "max"])
def test_a_wrong_value_is_found(rolled_up: Database, column: str) -> None:
    alter(rolled_up, f"""{column}_values = {column}_values || '{{"hp": 12345}}'""")
    assert ("minute", f"{column} of hp") in found(rolled_up)


def test_what_the_order_of_adding_explains_is_not_a_difference(rolled_up: Database) -> None:
    alter(rolled_up, "sum_values = sum_values || jsonb_build_object('ms', (sum_values ->> 'ms')::float8 * (1 + 1e-14))")
    assert audit(rolled_up) == []


def test_a_lost_sum_is_found(rolled_up: Database) -> None:
    alter(rolled_up, "sum_values = sum_values - 'ms'")
    assert ("minute", "sum of ms") in found(rolled_up)


def test_lost_metadata_is_found(rolled_up: Database) -> None:
    alter(rolled_up, "metadata_counts = metadata_counts - 'ok:false'")
    assert ("minute", "count of ok") in found(rolled_up)


def test_a_missing_and_an_invented_bucket_are_found(rolled_up: Database) -> None:
    alter(rolled_up, "bucket_start = bucket_start - interval '1 minute'", "minute")
    missing = {
        difference.bucket_start: difference
        for difference in audit(rolled_up)
        if difference.level == "minute" and difference.what == "count"
    }
    assert missing[NOON].stored is None
    assert missing[NOON - timedelta(minutes=1)].expected is None


def test_what_is_still_dirty_is_left_out(rolled_up: Database) -> None:
    insert_events([event(0, "n.x1", ms=3)], database=rolled_up)
    assert audit(rolled_up) == []


def test_what_was_purged_is_not_missed(rolled_up: Database) -> None:
    day = timedelta(days=1)
    periods = {"raw": day, "minute": 2 * day, "hour": 3 * day, "day": 4 * day}
    with rolled_up.begin() as connection:
        connection.execute(text("UPDATE ingest_batches SET committed_at = committed_at - interval '1 hour'"))
    for days in range(1, 5):
        purge(rolled_up, periods, NOON + days * day)
        assert audit(rolled_up) == []


def test_a_purge_in_the_middle_of_an_audit_is_not_taken_for_a_loss(
    rolled_up: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def purged_meanwhile(*arguments: Any) -> Any:
        purge_events_before(NOON + timedelta(days=3), database=rolled_up)
        return differing_facts(*arguments)

    monkeypatch.setattr("metrics_dash.jobs.audit.differing_facts", purged_meanwhile)
    assert audit(rolled_up) == []
