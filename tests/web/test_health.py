"""Health and metrics: what is wrong is said, and what is said is true."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from db.engine import Database
from db.jobs import claim, record, unfinished
from tests.support.web_client import Site, site


def figures(site: Site) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    answer = site.client.get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def figure(site: Site, name: str, **labels: str) -> float:
    return figures(site)[(name, frozenset(labels.items()))]


def test_a_sound_process_lives_and_is_ready(open_site: Site) -> None:
    assert open_site.client.get("/healthz").json == {"status": "ok"}
    assert open_site.client.get("/readyz").json == {"status": "ready", "problems": [], "warnings": []}


def test_a_thread_that_fails_turns_readiness_red_with_the_reason(open_site: Site) -> None:
    open_site.runtime.problems = ("the scheduler has stopped",)
    answer = open_site.client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json == {"status": "not ready", "problems": ["the scheduler has stopped"], "warnings": []}
    assert open_site.client.get("/healthz").status_code == 200
    assert figure(open_site, "metrics_dash_healthy") == 0


def test_a_schema_that_is_not_there_is_not_ready(empty_database: Database) -> None:
    with site(empty_database) as opened:
        answer = opened.client.get("/readyz")
    assert answer.status_code == 503
    assert "migrate" in answer.text


def test_a_database_that_is_away_is_not_ready_and_its_address_stays_secret() -> None:
    with site(Database("postgresql://someone:secret@127.0.0.1:9/nowhere")) as opened:
        answer = opened.client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json is not None
        assert answer.json["problems"] == ["the database can't be reached"]
        assert opened.client.get("/healthz").status_code == 200
        assert figure(opened, "metrics_dash_database_up") == 0


@pytest.fixture
def without_replica(database: Database) -> Iterator[Database]:
    """A database whose replica is down."""
    both = Database(database.dsn(), read_url="postgresql://someone:secret@127.0.0.1:9/nowhere")
    yield both
    both.dispose()


def test_a_replica_that_is_down_is_said_and_turns_nobody_away(without_replica: Database) -> None:
    with site(without_replica) as opened:
        answer = opened.client.get("/readyz")
        assert answer.status_code == 200
        assert answer.json == {
            "status": "ready",
            "problems": [],
            "warnings": ["the replica can't be reached, so the primary is read"],
        }
        query = {"event_name": "test.a", "from": "now-1h"}
        assert opened.client.get("/api/v1/query", query_string=query).status_code == 200


# Jobs that any process may do


def ran(database: Database, outcome: str, *, succeeded: bool = True) -> None:
    with database.begin() as connection:
        record(connection, "purge", outcome, succeeded)


def test_a_job_that_failed_anywhere_is_a_problem_until_it_succeeded_anywhere(open_site: Site) -> None:
    ran(open_site.database, "raw: purged 2")
    ran(open_site.database, "failed: 42501: permission denied", succeeded=False)
    answer = open_site.client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["problems"] == ["the job purge fails: failed: 42501: permission denied"]
    ran(open_site.database, "raw: purged 2")
    assert open_site.client.get("/readyz").json == {"status": "ready", "problems": [], "warnings": []}


def test_a_purge_that_waits_for_a_reader_is_said_and_takes_nobody_out_of_service(open_site: Site) -> None:
    ran(open_site.database, "raw: blocked 0; somebody reads", succeeded=False)
    ran(open_site.database, "raw: blocked 0; somebody reads", succeeded=False)
    with open_site.database.begin() as connection:
        (waiting,) = unfinished(connection)
        first = connection.execute(text("SELECT min(started_at) FROM job_runs")).scalar_one()
    assert waiting.since == first
    answer = open_site.client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json is not None
    (said,) = answer.json["warnings"]
    assert said.startswith("the job purge is not done since ")
    assert said.endswith("somebody reads")


def test_a_job_that_is_running_is_neither(open_site: Site) -> None:
    with open_site.database.begin() as connection:
        claim(connection, "purge", datetime.now(UTC))
    assert open_site.client.get("/readyz").json == {"status": "ready", "problems": [], "warnings": []}


def test_clocks_that_disagree_are_said_and_events_are_still_taken(
    open_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("metrics_dash.web.health.clock_offset", lambda connection: timedelta(days=-5))
    answer = open_site.client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["warnings"][0].startswith("this machine's clock is 5 days ahead of the database's")
    assert open_site.client.post("/api/v1/events", json={"event_name": "test.a"}).status_code == 200
