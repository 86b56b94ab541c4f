"""``rollup`` computes what is dirty, and a span of time whatever is thought of it."""

import pytest
from sqlalchemy import text

from db.engine import Database
from db.events import insert_events
from metrics_dash.jobs.rollup import roll_up_all
from tests.commands.conftest import Run
from tests.support.rollups import buckets, counts, event


@pytest.fixture
def wrong(database: Database, on: Run) -> Database:
    """A store whose only bucket is wrong, of an hour that was right before."""
    insert_events([event(5)], database=database)
    assert on("rollup").code == 0
    with database.begin() as connection:
        connection.execute(text("UPDATE telemetry_buckets SET count = 7 WHERE bucket_type = 'minute'"))
    return database


def test_without_a_span_only_what_is_dirty_is_computed(on: Run, wrong: Database) -> None:
    assert on("rollup").out.startswith("every bucket is up to date")
    assert list(counts(wrong).values()) == [7]


def test_a_span_is_computed_again(on: Run, wrong: Database) -> None:
    ended = on("rollup", "--rebuild", "--from", "2026-01-10", "--to", "2026-01-10T13:00+00:00")
    assert (ended.code, ended.out.splitlines()[0]) == (0, "3 buckets were computed again")
    assert list(counts(wrong).values()) == [1]


def test_a_span_is_computed_again_with_what_the_catalog_counts_once_each(on: Run, database: Database) -> None:
    name = "bezgelor.realm.session_start"
    insert_events([event(5, name, {"account_id": n % 3}) for n in range(9)], database=database)
    roll_up_all(database)  # by a catalog that lists no key
    assert on("rollup", "--rebuild", "--from", "2026-01-10", "--to", "2026-01-11").code == 0
    assert [bucket["uniques"] for bucket in buckets(database, "hour", name)] == [{"account_id": 3}]


@pytest.mark.parametrize(
    "options",
    [
        ("--rebuild",),
        ("--rebuild", "--from", "2026-01-10"),
        ("--from", "2026-01-10", "--to", "2026-01-11"),
        ("--rebuild", "--from", "2026-01-11", "--to", "2026-01-11"),
        ("--rebuild", "--from", "yesterday", "--to", "2026-01-11"),
    ],
)
def test_what_names_no_span_is_bad_usage(on: Run, options: tuple[str, ...]) -> None:
    assert on("rollup", *options).code == 2
