"""What other programs read: every event once, each average by its own count, and how far it is complete."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from db.engine import Database
from db.events import insert_events
from db.levels import BUCKET_TYPES
from db.migrate import migrate
from db.schema import VIEWS
from db.status import pipeline_status
from metrics_dash.jobs.rollup import roll_up_all
from tests.ingest.test_heartbeat import fell_silent
from tests.support.processes import ROOT

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
def logins(database: Database) -> Database:
    events: list[Any] = [
        ("test.login", {"ms": ms}, {}, NOON + timedelta(seconds=i)) for i, ms in enumerate((10.0, 30.0))
    ]
    insert_events([*events, ("test.login", {}, {}, NOON), ("test.other", {}, {}, NOON)], database=database)
    roll_up_all(database)
    return database


def rows(database: Database, statement: str) -> list[tuple[Any, ...]]:
    with database.reading() as connection:
        return [tuple(row) for row in connection.execute(text(statement))]


@pytest.mark.parametrize("view", VIEWS)
def test_events_are_counted_once_and_an_average_divides_by_who_carried_it(logins: Database, view: str) -> None:
    columns = "measurement, count, sum, avg, min, max"
    found = rows(logins, f"SELECT {columns} FROM {view} WHERE name = 'test.login' ORDER BY measurement NULLS FIRST")
    assert found == [(None, 3, None, None, None, None), ("ms", 2, 40.0, 20.0, 10.0, 30.0)]


def test_each_view_has_its_level_named_by_the_buckets_start(logins: Database) -> None:
    starts = {level: rows(logins, f"SELECT DISTINCT time FROM metrics_{level}") for level in BUCKET_TYPES}
    assert [found[0][0].astimezone(UTC).hour for found in starts.values()] == [12, 12, 0]


def test_complete_through_is_what_the_page_says(logins: Database) -> None:
    fell_silent(logins, 4711, host="elsewhere")
    insert_events([("test.login", {}, {}, NOON)], database=logins)
    with logins.reading() as connection:
        status = pipeline_status(connection)
        (said,) = connection.execute(text("SELECT DISTINCT complete_through FROM metrics_minute")).scalars()
    assert said == status.complete_through


def test_complete_through_is_now_where_nothing_waits(logins: Database) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    (said,) = {row[0] for row in rows(logins, "SELECT complete_through FROM metrics_day")}
    assert said > before


def test_a_name_and_a_span_are_searched_by_the_buckets_key(logins: Database) -> None:
    where = "name = 'test.login' AND time >= '2026-01-31' AND measurement IS NULL"
    with logins.begin() as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan = connection.execute(text(f"EXPLAIN SELECT time, count FROM metrics_minute WHERE {where}")).scalars()
        assert re.search(r"telemetry_buckets_pkey.*", " ".join(plan))


def test_they_go_and_come_back_with_their_migration(logins: Database) -> None:
    migrate(logins, "0004")
    assert rows(logins, "SELECT to_regclass('metrics_minute')") == [(None,)]
    migrate(logins)
    assert rows(logins, "SELECT sum(count) FROM metrics_day WHERE measurement IS NULL") == [(4,)]


def test_the_queries_of_the_documentation_are_answered(logins: Database) -> None:
    page = (ROOT / "docs" / "deploying.md").read_text(encoding="utf-8")
    queries = [block for block in re.findall(r"^```sql\n(.*?)^```$", page, re.M | re.S) if "FROM metrics_" in block]
    assert len(queries) == 3
    for query in queries:
        # Grafana puts the range of its picker in the place of these.
        asked = query.replace("$__timeFilter(time)", "time >= '2026-01-31' AND time < '2026-02-01'")
        asked = asked.replace("shop.order.paid", "test.login").replace("amount", "ms")
        asked = asked.replace("now()", "TIMESTAMPTZ '2026-01-31 13:00Z'")
        assert rows(logins, asked), query
