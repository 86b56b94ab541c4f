"""A reader who stays where the purge wants to drop: the rollup goes on, readiness stays, and a later purge ends it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from db.engine import Database
from db.events import insert_events
from db.migrate import migrate
from tests.support.processes import ROOT, Process, data_folder, eventually, running


@pytest.fixture
def folder() -> Iterator[Path]:
    with data_folder() as made:
        yield made


@pytest.fixture
def database(folder: Path) -> Iterator[Database]:
    """A store with an event that is past its retention, and that nobody has just imported."""
    made = Database(data_dir=folder)
    made.start()
    migrate(made)
    insert_events([{"event_name": "test.old", "occurred_at": datetime.now(UTC) - timedelta(days=9)}], database=made)
    with made.begin() as connection:
        connection.execute(text("UPDATE ingest_batches SET committed_at = committed_at - interval '1 day'"))
    yield made
    made.close()


def warnings(app: Process) -> list[str]:
    answer = app.get("/readyz")
    assert answer.status_code == 200, answer.text
    return [warning for warning in answer.json()["warnings"] if "purge" in warning]


def count(database: Database, table: str, name: str) -> int:
    with database.reading() as connection:
        found = connection.execute(text(f"SELECT count(*) FROM {table} WHERE event_name = :name"), {"name": name})
        return int(found.scalar_one())


def test_a_reader_at_purge_time_holds_up_the_purge_and_nothing_else(folder: Path, database: Database) -> None:
    with running(folder, METRICS_ROLLUP_INTERVAL="1", METRICS_REFRESH_INTERVAL="1") as app:
        with database.engine.connect() as reader:
            # It stays for as long as it takes, on whatever machine.
            reader.execute(text("SET idle_in_transaction_session_timeout = 0"))
            reader.execute(text("SELECT count(*) FROM telemetry_events"))
            app.until_ready()
            eventually(lambda: waits_for_the_reader(database), "the purge wants to drop what the reader reads")
            assert app.post({"event_name": "test.new"}).json()["accepted"] == 1
            eventually(lambda: count(database, "telemetry_buckets", "test.new"), "the rollup goes on beside the purge")
            eventually(lambda: warnings(app), "the purge gives up for now, and that is said")
            assert count(database, "telemetry_events", "test.old") == 1
        by_hand = subprocess.run(
            [sys.executable, "-m", "metrics_dash", "purge"],
            cwd=ROOT,
            env={**os.environ, "METRICS_DATA_DIR": str(folder)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert by_hand.returncode == 0, by_hand.stdout + by_hand.stderr
        assert warnings(app) == []
        assert count(database, "telemetry_events", "test.old") == 0


def waits_for_the_reader(database: Database) -> bool:
    with database.begin() as connection:
        found = connection.execute(
            text(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                "AND wait_event_type = 'Lock' AND query LIKE 'DROP TABLE%'"
            )
        )
        return bool(found.scalar_one())
