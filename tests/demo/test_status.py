"""Whether the demo feeds the store: by what the store holds, so every process says the same."""

from datetime import UTC, datetime, timedelta

from db.engine import Database
from db.events import insert_events
from metrics_dash.demo.status import FRESH_FOR, HEARTBEAT, demo_active

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def beat(database: Database, at: datetime, name: str = HEARTBEAT) -> None:
    insert_events([{"event_name": name, "occurred_at": at}], database=database)


def test_the_demo_is_active_while_its_heartbeats_are_fresh(database: Database) -> None:
    assert not demo_active(database, NOW)
    beat(database, NOW - timedelta(seconds=20))
    assert demo_active(database, NOW)
    assert not demo_active(database, NOW + FRESH_FOR)


def test_the_present_is_now_by_default(database: Database) -> None:
    beat(database, datetime.now(UTC))
    assert demo_active(database)


def test_a_demo_whose_clock_is_ahead_is_active_too(database: Database) -> None:
    beat(database, NOW + timedelta(seconds=30))
    assert demo_active(database, NOW)


def test_other_events_are_no_heartbeat(database: Database) -> None:
    beat(database, NOW, "bezgelor.server.players")
    assert not demo_active(database, NOW)


def test_a_database_that_is_away_says_no() -> None:
    assert not demo_active(Database("postgresql://nobody@127.0.0.1:9/nowhere"), NOW)
