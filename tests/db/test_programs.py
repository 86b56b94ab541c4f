"""The programs that fit a server are found, and are told no secret that others can read."""

import sys
from pathlib import Path
from typing import IO

import pytest

from db import programs
from db.programs import BUNDLED, Address, ProgramError, Programs, exactly, feed, fitting, installed, newest, run


@pytest.fixture
def three(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [Programs(BUNDLED, 18), Programs(Path("/distribution/15"), 15), Programs(Path("/distribution/18"), 18)]
    monkeypatch.setattr(programs, "installed", lambda *names: found)


@pytest.mark.usefixtures("three")
def test_a_server_gets_the_programs_of_its_own_version_else_the_next_newer_ones() -> None:
    assert fitting(15, "pg_dump").major == 15
    assert fitting(14, "pg_dump").major == 15
    assert fitting(16, "pg_dump").major == 18


@pytest.mark.usefixtures("three")
def test_the_embedded_server_gets_its_own_and_others_those_that_know_tls() -> None:
    assert fitting(18, "pg_dump", embedded=True).embedded
    assert not fitting(18, "pg_dump").embedded


@pytest.mark.usefixtures("three")
def test_what_is_missing_is_said_in_one_line_with_what_is_there() -> None:
    with pytest.raises(ProgramError, match="install postgresql-client-19") as refused:
        fitting(19, "pg_dump")
    assert "15 in /distribution/15" in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.usefixtures("three")
def test_a_version_is_found_exactly_or_not_at_all() -> None:
    found = exactly(15, "postgres")
    assert found is not None
    assert found.folder == Path("/distribution/15")
    assert exactly(16, "postgres") is None
    assert newest("pg_restore").major == 18


def test_the_embedded_servers_own_programs_are_always_there() -> None:
    assert [each.major for each in installed("pg_dump", "pg_restore", "psql") if each.embedded] == [18]


def test_a_password_stands_in_the_environment_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:hunter22@db.example/events")
    address = Address.of("postgresql://u:hunter22@db.example:5433/events?sslmode=require")
    assert "hunter22" not in address.dbname
    assert "sslmode=require" in address.dbname
    assert address.environment["PGPASSWORD"] == "hunter22"
    assert "DATABASE_URL" not in address.environment


def test_a_program_that_fails_is_one_line_of_its_own_words() -> None:
    script = "import sys; sys.exit('ls: error: nothing fits\\nls: hint: and more')"
    with pytest.raises(ProgramError, match="nothing fits") as failed:
        run([sys.executable, "-c", script])
    assert "\n" not in str(failed.value)


def copy(source: IO[bytes], target: IO[bytes]) -> None:
    target.write(source.read())


SAVE = "import sys; open(sys.argv[1], 'wb').write(sys.stdin.buffer.read())"


def test_the_end_is_written_only_after_a_source_that_ended_well(tmp_path: Path) -> None:
    target = [sys.executable, "-c", SAVE, str(tmp_path / "got")]
    feed([sys.executable, "-c", "print('rows')"], target, copy, end=b"COMMIT")
    assert (tmp_path / "got").read_bytes() == b"rows\nCOMMIT"
    with pytest.raises(ProgramError):
        feed([sys.executable, "-c", "print('rows'); raise SystemExit(3)"], target, copy, end=b"COMMIT")
    assert (tmp_path / "got").read_bytes() == b"rows\n"


def test_a_target_that_ends_early_says_why() -> None:
    source = [sys.executable, "-c", "import sys; sys.stdout.write('x' * 10_000_000)"]
    with pytest.raises(ProgramError, match="no room"):
        feed(source, [sys.executable, "-c", "import sys; sys.exit('error: no room')"], copy)
