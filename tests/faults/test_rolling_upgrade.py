"""Two versions on one database: the new one migrates, and the one before works on until it is its turn."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from sqlalchemy import text

from db.engine import Database
from metrics_dash.jobs.audit import audit
from metrics_dash.jobs.rollup import roll_up_all
from tests.support.processes import Process, eventually, running
from tests.support.releases import PREVIOUS, previous_release

FAST = {"METRICS_ROLLUP_INTERVAL": "1", "METRICS_REFRESH_INTERVAL": "1", "METRICS_FLUSH_INTERVAL": "1"}


@pytest.fixture
def before(tmp_path: Path) -> Path:
    return previous_release(tmp_path / "before")


@pytest.fixture
def old(before: Path, tmp_path: Path, empty_database: Database) -> Iterator[Process]:
    with running(tmp_path, cwd=before, DATABASE_URL=empty_database.dsn(), **FAST) as app:
        app.until_ready()
        yield app


@pytest.fixture
def new(old: Process, tmp_path: Path, empty_database: Database) -> Iterator[Process]:
    """This version, started beside the one before: it migrates a database in use."""
    assert revision(empty_database) == PREVIOUS
    assert old.post([{"event_name": "test.before"}] * 10).json()["accepted"] == 10
    with running(tmp_path, DATABASE_URL=empty_database.dsn(), **FAST) as app:
        app.until_ready()
        yield app


def revision(database: Database) -> str:
    with database.reading() as connection:
        return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one())


def charted(app: Process, name: str) -> float:
    query = {"event_name": name, "from": "now-1h", "resolution": "minute"}
    answer = requests.get(f"{app.url}/api/v1/query", params=query, timeout=30).json()
    return sum(value or 0 for series in answer["series"] for value in series["v"])


def test_the_version_before_takes_and_shows_events_after_the_new_one_has_migrated(
    old: Process, new: Process, empty_database: Database
) -> None:
    assert revision(empty_database) > PREVIOUS
    for number in range(20):
        app = (old, new)[number % 2]
        assert app.post([{"event_name": "test.both", "measurements": {"n": number}}] * 10).json()["accepted"] == 10
    for app in (old, new):
        eventually(lambda app=app: charted(app, "test.both") == 200, "both versions show what both have taken")
        assert app.get("/admin/metrics/").status_code == 200
        assert charted(app, "test.before") == 10
    roll_up_all(empty_database)
    assert audit(empty_database) == []


def test_each_rolls_up_what_the_other_has_taken(old: Process, new: Process, empty_database: Database) -> None:
    assert new.post([{"event_name": "test.a"}] * 10).json()["accepted"] == 10
    assert new.end() == 0
    eventually(lambda: charted(old, "test.a") == 10, "the version before rolls up what the new one has taken")
    assert old.post([{"event_name": "test.b"}] * 10).json()["accepted"] == 10
    assert old.end() == 0
    roll_up_all(empty_database)
    assert audit(empty_database) == []
    with empty_database.reading() as connection:
        assert (
            connection.execute(text("SELECT sum(count) FROM metrics_day WHERE name LIKE 'test.%'")).scalar_one() == 30
        )


def test_a_version_says_that_a_newer_one_has_migrated_and_serves_on(new: Process, empty_database: Database) -> None:
    with empty_database.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    answer = new.get("/readyz")
    assert answer.status_code == 200
    assert any("newer version" in warning for warning in answer.json()["warnings"])
    assert new.post([{"event_name": "test.a"}]).json()["accepted"] == 1
