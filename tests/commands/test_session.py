"""What commands begin with: the settings' database, left at the end, and a word where a migration is due."""

import re
from pathlib import Path
from uuid import uuid4

import pytest
from rich.table import Table
from sqlalchemy import text

from db.engine import Database, default_database
from metrics_dash.commands import session
from metrics_dash.commands.session import CommandError, actor, opened, show


def test_the_database_is_the_processs_own_while_the_command_runs(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database.dsn())
    with opened(must_be_migrated=True) as (settings, found):
        assert settings.url() == database.dsn()
        assert default_database() is found


def test_a_schema_that_is_not_there_ends_the_command_in_a_line(
    empty_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database.dsn())
    with pytest.raises(CommandError, match="migrate first"), opened(must_be_migrated=True):
        raise AssertionError("it began")
    with opened(migrates=True):
        pass


def test_a_schema_of_a_newer_version_ends_the_command_in_a_line_that_does_not_say_migrate(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database.dsn())
    with database.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(CommandError, match="9999, which a newer version made; upgrade"), opened(must_be_migrated=True):
        raise AssertionError("it began")


@pytest.mark.parametrize("terminal", [True, False])
def test_an_id_is_never_cut_however_narrow_the_place_is(
    terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    if terminal:
        monkeypatch.setenv("FORCE_COLOR", "1")
    identity, words = str(uuid4()), "a very long-winded-name-without-end " * 3
    table = Table("id", *"abcdefg", box=None)
    table.add_row(identity, *[words] * 7)
    show(table)
    printed = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    assert identity in printed
    assert "…" not in printed
    lines = printed.splitlines()
    assert len(lines) == 2 or terminal
    assert max(map(len, lines)) <= 80 or not terminal


def test_whoever_logged_in_is_named_beside_the_user_that_the_command_runs_as(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kept = tmp_path / "loginuid"
    monkeypatch.setattr(session, "LOGIN_UID", kept)
    monkeypatch.setattr("getpass.getuser", lambda: "metrics-dash")
    monkeypatch.delenv("SUDO_USER", raising=False)
    assert actor() == "command by metrics-dash"
    monkeypatch.setenv("SUDO_USER", "ann")
    assert actor() == "command by ann as metrics-dash"
    kept.write_text("4294967295")
    assert actor() == "command by ann as metrics-dash"
    # What the kernel keeps is harder to make up than a variable.
    kept.write_text("0")
    assert actor() == "command by root as metrics-dash"
    monkeypatch.setattr("getpass.getuser", lambda: "root")
    assert actor() == "command by root"
