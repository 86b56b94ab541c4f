"""What commands begin with: the settings' database, left at the end, and a word where a migration is due."""

import pytest

from db.engine import Database, default_database
from metrics_dash.commands.session import CommandError, opened


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
