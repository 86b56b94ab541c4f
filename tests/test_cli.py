"""The commands: what they do, and that every foreseen error is one line with the right exit code and no secret."""

import gzip
import io
import json
import logging
import signal
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from db.engine import Database
from db.events import insert_events
from db.jobs import record, unfinished
from db.migrate import head_revision
from metrics_dash.catalog import load_catalog
from metrics_dash.cli import main
from tests.support.processes import data_folder, running

Run = Callable[..., "Ended"]
YESTERDAY = datetime.now(UTC) - timedelta(days=1)


class Ended:
    """How a command ended: its exit code and what it printed."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture(autouse=True)
def process_as_it_was() -> Iterator[None]:
    """Commands set up logging and signals for a process of their own."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    signals = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    root.handlers[:], root.level = handlers, level
    for number, handler in signals.items():
        signal.signal(number, handler)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    monkeypatch.setenv("METRICS_DATA_DIR", str(tmp_path))

    def run(*arguments: str, **environment: str) -> Ended:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        printed = capsys.readouterr()
        code = ended.value.code
        assert isinstance(code, int)
        return Ended(code, printed.out, printed.err)

    return run


@pytest.fixture
def on(run: Run, database: Database) -> Run:
    """Commands that work on the test's database."""
    return lambda *arguments, **environment: run(*arguments, **{"DATABASE_URL": database.dsn(), **environment})


def count(database: Database) -> int:
    with database.reading() as connection:
        return int(connection.execute(text("SELECT count(*) FROM telemetry_events")).scalar_one())


@pytest.mark.parametrize("command", ["run", "worker", "migrate", "dsn", "demo", "rollup", "purge", "audit", "doctor"])
def test_a_bad_setting_is_one_line_and_exit_code_2(run: Run, command: str) -> None:
    ended = run(command, METRICS_PORT="eight")
    assert ended.code == 2
    assert ended.err.count("\n") == 1
    assert "METRICS_PORT" in ended.err


def test_a_worker_that_may_only_read_does_not_start(run: Run, tmp_path: Path) -> None:
    ended = run("worker", METRICS_ROLE="web", METRICS_DATA_DIR=str(tmp_path / "store"))
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "METRICS_ROLE=web: this role only reads" in ended.err
    assert not (tmp_path / "store").exists()


def test_an_unknown_setting_is_one_line_and_exit_code_2(run: Run) -> None:
    ended = run("migrate", METRICS_PROT="8050")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "METRICS_PROT" in ended.err


def test_a_catalog_that_can_not_be_drawn_is_exit_code_2(run: Run, tmp_path: Path) -> None:
    catalog = tmp_path / "catalog.toml"
    catalog.write_text('[events."No Name"]\nkind = "counter"\n')
    ended = run("run", METRICS_CATALOG=str(catalog))
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "'No Name'" in ended.err


@pytest.mark.parametrize("command", ["worker", "migrate", "audit", "rollup", "purge"])
def test_a_database_that_is_away_is_one_line_that_names_the_host_and_no_password(run: Run, command: str) -> None:
    ended = run(command, DATABASE_URL="postgresql://user:hunter22@127.0.0.1:9/events")
    assert ended.code == 1
    assert ended.err.count("metrics_dash:") == 1
    assert "Traceback" not in ended.err
    assert "metrics_dash: DATABASE_URL: the database can't be used: " in ended.err
    assert "127.0.0.1" in ended.err
    assert "hunter22" not in ended.err + ended.out


def test_a_url_of_another_database_is_exit_code_2_without_the_url(run: Run) -> None:
    ended = run("migrate", DATABASE_URL="mysql://user:hunter22@127.0.0.1/events")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "hunter22" not in ended.err


def test_bad_usage_is_exit_code_2(run: Run) -> None:
    assert run("fly").code == 2
    assert run("demo", "--backfill", "forever").code == 2
    assert run("demo", "--url", "not a url").code == 2


def test_migrate_says_the_revision(run: Run, empty_database: Database) -> None:
    ended = run("migrate", DATABASE_URL=empty_database.dsn())
    assert (ended.code, ended.out) == (0, f"the schema is at revision {head_revision()}\n")


def test_a_command_that_only_reads_says_that_a_migration_is_due(run: Run, empty_database: Database) -> None:
    ended = run("audit", DATABASE_URL=empty_database.dsn())
    assert ended.code == 1
    assert "migrate" in ended.err


def test_dsn_prints_the_url_and_nothing_else(on: Run, database: Database) -> None:
    assert on("dsn").out == database.dsn() + "\n"


def test_dsn_says_that_an_embedded_server_goes_with_it(run: Run) -> None:
    with data_folder() as folder:
        ended = run("dsn", METRICS_DATA_DIR=str(folder))
        assert "ends with this command" in ended.err
        with running(folder) as app:
            app.until_ready()
            assert run("dsn").err == ""


def test_import_stores_a_file_once_and_names_bad_lines(on: Run, database: Database, tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson"
    file.write_text('{"event_name": "test.a"}\n{"event_name": "BAD"}\n{"event_name": "test.b"}\n')
    first = on("import", str(file))
    assert first.code == 1
    assert "line 2: " in first.err
    assert count(database) == 2
    on("import", str(file))
    assert count(database) == 2


def test_import_lets_in_what_the_catalog_declares_however_many_names_there_are(
    on: Run, database: Database, tmp_path: Path
) -> None:
    with database.begin() as connection:
        connection.execute(text("INSERT INTO event_names SELECT 'other.n' || n FROM generate_series(1, 1000) AS n"))
    file = tmp_path / "events.ndjson"
    file.write_text(json.dumps({"event_name": next(iter(load_catalog().events))}) + "\n")
    assert on("import", str(file)).code == 0
    assert count(database) == 1


def test_import_takes_standard_input(on: Run, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = json.dumps({"event_name": "test.a"}).encode() + b"\n"
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(lines)))
    assert on("import", "-").code == 0
    assert count(database) == 1


@pytest.mark.parametrize("damage", [slice(-9, None), slice(400, 450)])
def test_import_of_a_damaged_file_is_one_line(on: Run, tmp_path: Path, damage: slice) -> None:
    whole = bytearray(gzip.compress(b"".join(b'{"event_name": "test.a%d"}\n' % number for number in range(2000)), 9))
    whole[damage] = b"" if damage.stop is None else b"\xff" * 50
    file = tmp_path / "events.ndjson.gz"
    file.write_bytes(whole)
    ended = on("import", str(file))
    assert (ended.code, ended.err.count("metrics_dash:")) == (1, 1)
    assert "damaged" in ended.err


def test_import_that_the_database_breaks_off_is_one_line(
    on: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def disk_full(driver: psycopg.Connection[Any], *of_rows: object) -> None:
        driver.execute("DO $$ BEGIN RAISE 'no space left' USING ERRCODE = '53100'; END $$")

    monkeypatch.setattr("db.ledger._copy", disk_full)
    file = tmp_path / "events.ndjson"
    file.write_text('{"event_name": "test.a"}\n')
    ended = on("import", str(file))
    assert (ended.code, ended.err.count("metrics_dash:")) == (1, 1)
    assert "the database can't be used: no space left" in ended.err


def test_import_of_a_file_that_is_not_there_is_one_line(on: Run) -> None:
    ended = on("import", "/no/such/file")
    assert (ended.code, ended.err.count("\n")) == (1, 1)
    assert "/no/such/file" in ended.err


def test_rollup_then_audit_agree(on: Run, database: Database) -> None:
    insert_events([{"event_name": "test.a", "occurred_at": YESTERDAY}], database=database)
    assert on("rollup").code == 0
    assert on("audit").code == 0


def test_audit_fails_where_a_bucket_is_wrong(on: Run, database: Database) -> None:
    insert_events([{"event_name": "test.a", "occurred_at": YESTERDAY}], database=database)
    on("rollup")
    with database.begin() as connection:
        connection.execute(text("UPDATE telemetry_buckets SET count = 7 WHERE bucket_type = 'minute'"))
    ended = on("audit")
    assert ended.code == 1
    assert "test.a" in ended.out


def test_a_dry_purge_drops_nothing(on: Run, database: Database) -> None:
    insert_events([{"event_name": "test.a", "occurred_at": YESTERDAY - timedelta(days=9)}], database=database)
    on("rollup")
    with database.begin() as connection:  # the batch came long ago, so nobody is importing
        connection.execute(text("UPDATE ingest_batches SET committed_at = now() - interval '1 day'"))
    assert on("purge", "--dry-run").code == 0
    assert count(database) == 1
    assert on("purge").code == 0
    assert count(database) == 0


@pytest.mark.parametrize(
    ("environment", "line"),
    [
        ({"METRICS_HOST": "0.0.0.0"}, "add METRICS_AUTH=password"),
        ({"METRICS_HOST": "0.0.0.0", "METRICS_AUTH": "password"}, "add SECRET_KEY=… of 32 bytes or more"),
    ],
)
def test_a_start_that_strangers_would_reach_ends_with_the_line_to_add(
    run: Run, environment: dict[str, str], line: str
) -> None:
    ended = run("run", **environment)
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert line in ended.err


def test_a_purge_by_hand_ends_what_health_says_of_the_schedules(on: Run, database: Database) -> None:
    with database.begin() as connection:
        record(connection, "purge", "raw: blocked 0; somebody reads what is to go", succeeded=False)
    assert on("purge", "--dry-run").code == 0
    with database.reading() as connection:
        assert [each.job for each in unfinished(connection)] == ["purge"]
    assert on("purge").code == 0
    with database.reading() as connection:
        assert unfinished(connection) == []
