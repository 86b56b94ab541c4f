"""The doctor: finds what is wrong, says what to do about it, and changes nothing."""

from collections import namedtuple
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from db.collectors import beat, transaction_time
from db.engine import Database
from db.events import insert_events
from db.floors import hold, raise_recompute_floor
from db.migrate import current_revision, head_revision
from db.whole import VALUES_AT_ONCE
from metrics_dash.jobs.rollup import roll_up_all
from metrics_dash.ops import doctor
from metrics_dash.ops.doctor import examine
from metrics_dash.ops.finding import Finding, Verdict
from metrics_dash.ops.surroundings import DISK_BAD, DISK_WORTH_A_LOOK
from metrics_dash.settings import Settings

Usage = namedtuple("Usage", ["total", "used", "free"])
Examine = Callable[..., dict[str, Finding]]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


@pytest.fixture
def found(database: Database, settings: Settings) -> Examine:
    """What the doctor finds in the test's store, by subject, with other settings where they are given."""

    def look(**more: Any) -> dict[str, Finding]:
        return findings(settings.model_copy(update=more), database)

    return look


def findings(settings: Settings, database: Database) -> dict[str, Finding]:
    return {finding.subject: finding for finding in examine(settings, database)}


def execute(database: Database, statement: str, **values: object) -> None:
    with database.begin() as connection:
        connection.execute(text(statement), values)


def mark(database: Database, age: str) -> None:
    """Something that has waited so long to be rolled up."""
    execute(
        database,
        "INSERT INTO rollup_dirty (level, event_name, bucket_start, marked_at) "
        f"VALUES ('minute', 'a.b', now(), now() - interval '{age}')",
    )


def collect(database: Database, seen_ago: float) -> None:
    with database.begin() as connection:
        seen = transaction_time(connection) - timedelta(seconds=seen_ago)
        beat(connection, uuid4(), host="shard-2", pid=7, seen_at=seen, oldest_buffered_at=None, accounting={})


def test_a_sound_store_is_good_in_every_respect(database: Database, found: Examine) -> None:
    now = datetime.now(UTC)
    insert_events([{"event_name": "a.b", "occurred_at": now - timedelta(days=days)} for days in (0, 1)])
    roll_up_all(database)
    collect(database, seen_ago=0)
    seen = found()
    around = ["privileges", "connections", "clock", "database's disk"]
    assert [subject for subject in seen if subject not in around] == [
        "settings", "catalog", "disk", "spool", "database", "schema", "login", "collectors", "rollup", "buckets",
        "keys", "values", "event names", "partitions", "purge",
    ]  # fmt: skip
    assert {finding.verdict for finding in seen.values() if finding.subject != "disk"} == {Verdict.GOOD}
    assert seen["database"].text.startswith("PostgreSQL ")
    assert seen["schema"].text == f"at revision {head_revision()}"
    assert seen["collectors"].text == "shard-2 pid 7"
    assert seen["partitions"].text == "2 days of raw events, today's included"
    assert seen["purge"].text == "nothing purged yet"


def test_keys_with_too_many_values_are_named_with_their_time_and_are_nothing_wrong(
    database: Database, found: Examine
) -> None:
    minute = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=10)
    for name in ("a.a", "a.b", "a.c", "a.d"):
        ids = ({"event_name": name, "occurred_at": minute, "metadata": {"who": n}} for n in range(VALUES_AT_ONCE + 1))
        insert_events(list(ids), database=database)
    roll_up_all(database)
    since = f"{minute + timedelta(minutes=1):%Y-%m-%d %H:%M} UTC"
    assert found()["values"] == Finding(
        "values",
        Verdict.GOOD,
        f"too many to be told apart: who of a.a since {since}, who of a.b since {since}, who of a.c since {since} "
        "and 1 more",
    )


def test_whatever_is_not_good_comes_with_what_to_do(database: Database, found: Examine) -> None:
    mark(database, "1 hour")
    for finding in found().values():
        assert (finding.verdict is Verdict.GOOD) == (finding.remedy == "")


def test_an_empty_schema_is_to_be_migrated_and_nothing_more_is_asked(
    empty_database: Database, settings: Settings
) -> None:
    seen = findings(settings, empty_database)
    assert list(seen)[-1] == "schema"
    assert seen["schema"] == Finding("schema", Verdict.BAD, "empty", "run python -m metrics_dash migrate")
    assert current_revision(empty_database) is None


def test_a_schema_of_another_version_is_told_by_both_revisions(database: Database, found: Examine) -> None:
    execute(database, "UPDATE alembic_version SET version_num = '0001'")
    assert found()["schema"].text == f"at revision 0001, not {head_revision()}"


def test_a_database_that_is_away_is_told_without_its_password_and_nothing_more_is_asked(settings: Settings) -> None:
    seen = findings(settings, Database("postgresql://user:hunter22@127.0.0.1:9/events"))
    away = seen["database"]
    assert list(seen)[-1] == "database"
    assert away.verdict is Verdict.BAD
    assert away.text.startswith("PostgreSQL can't be reached: ")
    assert "DATABASE_URL" in away.remedy
    assert "hunter22" not in away.text + away.remedy


def test_a_server_that_is_too_old_is_to_be_upgraded(
    database: Database, found: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "server_version", lambda connection: 130012)
    assert found()["database"] == Finding("database", Verdict.BAD, "PostgreSQL 13.12", "upgrade it to 14 or newer")


def test_a_catalog_that_can_not_be_read_is_told_and_the_rest_is_looked_at(found: Examine, tmp_path: Path) -> None:
    catalog = tmp_path / "catalog.toml"
    catalog.write_text('[events."No Name"]\nkind = "counter"\n')
    seen = found(catalog=catalog)
    assert seen["catalog"].verdict is Verdict.BAD
    assert "'No Name'" in seen["catalog"].text
    assert "METRICS_CATALOG" in seen["catalog"].remedy
    assert "purge" in seen


@pytest.mark.parametrize(
    ("free", "verdict"),
    [
        (DISK_WORTH_A_LOOK, Verdict.GOOD),
        (DISK_WORTH_A_LOOK - 1, Verdict.WORTH_A_LOOK),
        (DISK_BAD, Verdict.WORTH_A_LOOK),
        (DISK_BAD - 1, Verdict.BAD),
    ],
)
def test_a_disk_that_fills_is_told_before_it_is_full(
    found: Examine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, verdict: Verdict
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda folder: Usage(free, 0, free))
    disk = found(data_dir=tmp_path / "not" / "made" / "yet")["disk"]
    assert disk.verdict is verdict
    assert disk.text.endswith(f"GiB free at {tmp_path}")


@pytest.mark.parametrize(
    ("age", "verdict"),
    [("30 seconds", Verdict.GOOD), ("5 minutes", Verdict.WORTH_A_LOOK), ("11 minutes", Verdict.BAD)],
)
def test_what_nobody_rolls_up_is_told_by_its_age(
    database: Database, found: Examine, age: str, verdict: Verdict
) -> None:
    mark(database, age)
    mark(database, "0 seconds")
    rollup = found()["rollup"]
    assert rollup.verdict is verdict
    assert rollup.text.startswith("2 marks wait, the oldest for ")


@pytest.mark.parametrize("seen_ago", [None, 3600])
def test_without_a_living_collector_one_is_to_be_started(
    database: Database, found: Examine, seen_ago: float | None
) -> None:
    if seen_ago is not None:
        collect(database, seen_ago)
    collectors = found()["collectors"]
    assert (collectors.verdict, collectors.text) == (Verdict.WORTH_A_LOOK, "no process collects")
    assert "metrics_dash run" in collectors.remedy


def test_a_day_without_its_partition_is_only_worth_a_look(found: Examine) -> None:
    assert found()["partitions"].verdict is Verdict.WORTH_A_LOOK


def test_the_purge_says_what_it_keeps_and_what_it_waits_for(database: Database, found: Examine) -> None:
    with database.begin() as connection:
        raise_recompute_floor(connection, "raw", datetime(2026, 1, 10, tzinfo=UTC))
    assert found()["purge"].text == "raw events are kept from 2026-01-10 on"
    with database.begin() as connection:
        hold(connection, "raw", datetime(2026, 1, 31, 12, 5, tzinfo=UTC))
    assert found()["purge"].text == "waits for an import since 2026-01-31 12:05 UTC"


def test_a_schema_of_a_newer_version_is_worth_a_look(found: Examine, database: Database) -> None:
    execute(database, "UPDATE alembic_version SET version_num = '9999'")
    seen = found()
    assert seen["schema"].verdict is Verdict.WORTH_A_LOOK
    assert seen["schema"].remedy == "upgrade metrics_dash here too"
    assert "rollup" in seen, "the rest is looked at"


@pytest.mark.parametrize(
    ("others", "verdict", "said"),
    [
        (899, Verdict.GOOD, "899 of 1,000 names that no catalog declares"),
        (900, Verdict.WORTH_A_LOOK, "900 of 1,000 names that no catalog declares: nearly all"),
        (1000, Verdict.BAD, "1,000 of 1,000 names that no catalog declares: more are refused (name_quota)"),
    ],
)
def test_names_that_use_up_the_quota_are_told(
    database: Database, found: Examine, others: int, verdict: Verdict, said: str
) -> None:
    execute(database, "INSERT INTO declared_events (event_name) VALUES ('a.declared')")
    execute(database, "INSERT INTO event_names (event_name) VALUES ('a.declared'), ('metrics_dash.ingest')")
    execute(
        database, "INSERT INTO event_names SELECT 'other.n' || n FROM generate_series(1, :others) AS n", others=others
    )
    finding = found()["event names"]
    assert (finding.verdict, finding.text) == (verdict, said)
