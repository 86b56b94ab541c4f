"""The doctor sees what will stop the program, before it does."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from db.engine import Database
from db.partitions import ensure_partitions, partition_name
from db.rights import lacking
from db.server import Connections
from db.status import pipeline_status
from metrics_dash.charts.records import FORMAT
from metrics_dash.ingest.collector import Collector
from metrics_dash.ops import surroundings
from metrics_dash.ops.doctor import examine
from metrics_dash.ops.finding import Finding, Verdict
from metrics_dash.ops.surroundings import GIB, around_database
from metrics_dash.settings import load_settings
from tests.support.redis_server import RedisServer, redis_server

ROLE = "doctor_test_role"


def findings(database: Database, **settings: str) -> dict[str, Finding]:
    return {finding.subject: finding for finding in examine(load_settings(settings), database)}


@pytest.fixture
def limited(database: Database) -> Iterator[Database]:
    """The database as a role sees it that may read and write rows and nothing else."""
    with database.begin() as connection:
        for statement in (
            f"DROP ROLE IF EXISTS {ROLE}",
            f"CREATE ROLE {ROLE} LOGIN PASSWORD 'secret'",
            "REVOKE CREATE ON SCHEMA public FROM public",
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {ROLE}",
            f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {ROLE}",
        ):
            connection.execute(text(statement))
    url = database.url.set(username=ROLE, password="secret", drivername="postgresql")
    seen = Database(url.render_as_string(hide_password=False))
    yield seen
    seen.dispose()
    with database.begin() as connection:
        connection.execute(text(f"DROP OWNED BY {ROLE}"))
        connection.execute(text(f"DROP ROLE {ROLE}"))


def test_everything_is_good_on_a_fresh_store(database: Database) -> None:
    found = findings(database)
    for subject in ("privileges", "connections", "clock", "database's disk"):
        assert found[subject].verdict is Verdict.GOOD, found[subject]
    assert "GiB" in found["database's disk"].text
    assert "Redis" not in found
    assert "replica" not in found


def test_a_process_that_only_reads_needs_to_read_and_no_more(database: Database, limited: Database) -> None:
    with database.begin() as connection:
        connection.execute(text(f"REVOKE INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public FROM {ROLE}"))
        connection.execute(text(f"GRANT INSERT, UPDATE, DELETE ON annotations TO {ROLE}"))
    assert findings(limited)["privileges"].verdict is Verdict.BAD
    assert findings(limited, METRICS_ROLE="web")["privileges"].verdict is Verdict.GOOD
    with database.begin() as connection:
        connection.execute(text(f"REVOKE SELECT ON job_runs FROM {ROLE}"))
        connection.execute(text(f"GRANT INSERT ON job_runs TO {ROLE}"))
    with limited.reading() as connection:
        assert lacking(connection, "viewer", login=False).rows == (f"GRANT SELECT ON job_runs TO {ROLE}",)


def test_a_role_without_ddl_is_told_before_a_day_begins_without_a_partition(
    database: Database, limited: Database
) -> None:
    ensure_partitions(database, [datetime.now(UTC).date()])
    found = findings(limited)["privileges"]
    assert found.verdict is Verdict.BAD
    assert "partition" in found.text
    assert f"GRANT CREATE ON SCHEMA public TO {ROLE}" in found.remedy
    for table in ("telemetry_events", partition_name(datetime.now(UTC).date())):
        assert f"ALTER TABLE {table} OWNER TO {ROLE}" in found.remedy
    statements = found.remedy.partition(": ")[2]
    with database.begin() as connection:
        for statement in statements.split("; "):
            connection.execute(text(statement))
    assert findings(limited)["privileges"].verdict is Verdict.GOOD
    assert ensure_partitions(limited, [datetime.now(UTC).date() + timedelta(days=3)]) == 1


def test_a_role_that_may_not_write_is_told_which_grants(database: Database, limited: Database) -> None:
    with database.begin() as connection:
        connection.execute(text(f"REVOKE DELETE ON rollup_dirty FROM {ROLE}"))
        connection.execute(text(f"REVOKE ALL ON SEQUENCE rollup_dirty_id_seq FROM {ROLE}"))
    found = findings(limited)["privileges"]
    assert found.verdict is Verdict.BAD
    assert found.remedy == (
        f"as the owner or a superuser: GRANT DELETE ON rollup_dirty TO {ROLE}; "
        f"GRANT USAGE ON SEQUENCE rollup_dirty_id_seq TO {ROLE}; "
        f"GRANT CREATE ON SCHEMA public TO {ROLE}; ALTER TABLE telemetry_events OWNER TO {ROLE}"
    )


@pytest.mark.parametrize("sees", [True, False])
def test_a_role_without_any_right_is_told_all_of_them_and_asked_nothing_more(
    database: Database, limited: Database, sees: bool
) -> None:
    with database.begin() as connection:
        connection.execute(text(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {ROLE}"))
        connection.execute(text(f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {ROLE}"))
        if not sees:
            connection.execute(text("REVOKE USAGE ON SCHEMA public FROM public"))
    assert list(findings(limited))[-1] == "privileges"
    for _ in range(2):  # what is behind a door that is closed is seen when it is open
        found = findings(limited)
        if found["privileges"].verdict is Verdict.GOOD:
            break
        with database.begin() as connection:
            for statement in found["privileges"].remedy.partition(": ")[2].split("; "):
                connection.execute(text(statement))
    assert findings(limited)["privileges"].verdict is Verdict.GOOD
    assert findings(limited)["schema"].verdict is Verdict.GOOD


def test_a_collector_without_a_right_does_not_ask_for_a_migration(
    limited: Database, caplog: pytest.LogCaptureFixture
) -> None:
    collector = Collector(limited, flush_interval=0.01)
    collector.offer("test.a", {}, {})
    collector.step()
    while not caplog.records:
        collector.step()
    assert "doctor" in caplog.text
    assert "migrate" not in caplog.text


def test_a_clock_that_differs_is_said(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surroundings, "clock", lambda _: datetime.now(UTC) + timedelta(days=5))
    found = findings(database)["clock"]
    assert found.verdict is Verdict.BAD
    assert "NTP" in found.remedy


def test_connections_that_run_out_are_said(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surroundings, "connections", lambda _: Connections(90, 97))
    found = findings(database)["connections"]
    assert found.verdict is Verdict.WORTH_A_LOOK
    assert "90 of 97" in found.text


def test_connections_that_our_own_processes_could_use_up_are_said(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(surroundings, "connections", lambda _: Connections(1, 20))
    found = findings(database)["connections"]
    assert found.verdict is Verdict.WORTH_A_LOOK
    assert found.text == "1 of 20 in use; 1 of our processes may open 25"


def nearly_full(folder: Path) -> SimpleNamespace:
    return SimpleNamespace(free=GIB // 2)


def test_the_databases_disk_is_told_before_it_is_full(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", nearly_full)
    found = findings(database)["database's disk"]
    assert found.verdict is Verdict.BAD
    assert "0.5 GiB free" in found.text
    assert "METRICS_RAW_RETENTION" in found.remedy


def test_the_disk_of_another_machine_is_not_taken_for_one_of_this(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", nearly_full)
    far = Database("postgresql://somebody@db.example/metrics")
    with database.reading() as connection:
        found = {each.subject: each for each in around_database(far, connection, pipeline_status(connection))}
    far.dispose()
    assert found["database's disk"].verdict is Verdict.GOOD
    assert "can't be seen from here" in found["database's disk"].text


def test_a_replica_that_is_not_read_is_said(database: Database) -> None:
    both = Database(database.dsn(), read_url="postgresql://nobody:secret-word@127.0.0.1:9/x")
    found = findings(both)["replica"]
    both.dispose()
    assert found.verdict is Verdict.WORTH_A_LOOK
    assert found.text == "the replica can't be reached, so the primary is read"
    assert "secret" not in str(found)


@pytest.fixture(scope="module")
def running_redis() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


def test_redis_is_looked_at(database: Database, running_redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surroundings, "SLOW_SECONDS", float("inf"))
    found = findings(database, REDIS_URL=running_redis.url)["Redis"]
    assert found.verdict is Verdict.GOOD
    assert "holds 0" in found.text
    running_redis.client.set(f"metrics_dash:{FORMAT}:somebody:else", b"\x80\x04pickle")
    running_redis.client.rpush(f"metrics_dash:{FORMAT}:a:list", b"x")
    found = findings(database, REDIS_URL=running_redis.url)["Redis"]
    assert found.verdict is Verdict.WORTH_A_LOOK
    assert "2 of them not written by this version" in found.text


def test_a_redis_that_is_slow_is_said(
    database: Database, running_redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    running_redis.client.flushall()
    monkeypatch.setattr(surroundings, "SLOW_SECONDS", 0.0)
    found = findings(database, REDIS_URL=running_redis.url)["Redis"]
    assert found.verdict is Verdict.WORTH_A_LOOK
    assert "nearer" in found.remedy


@pytest.mark.parametrize("url", ["redis://:secret-word@127.0.0.1:1/0", "nonsense"])
def test_a_redis_that_can_not_be_used_is_a_line_without_its_password(database: Database, url: str) -> None:
    found = surroundings.redis(load_settings({"REDIS_URL": "redis://h/0"}).model_copy(update=_redis(url)))
    assert found is not None
    assert found.verdict is not Verdict.GOOD
    assert "secret" not in str(found)


def _redis(url: str) -> dict[str, object]:
    """The setting itself refuses some of these."""
    return {"redis_url": SecretStr(url)}
