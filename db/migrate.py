"""Bring the schema up to date, and say whether it is."""

import threading
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from db.deadlines import MIGRATION_SECONDS, READ_SECONDS
from db.engine import MINIMUM_SERVER_VERSION, Database

# Alembic keeps its context in module globals; between processes the lock in the database does the same.
_one_at_a_time = threading.Lock()

_ROOT = Path(__file__).resolve().parent.parent


class SchemaError(RuntimeError):
    """A server or a schema that this version can't work with; the message says what to do."""


def _config() -> Config:
    """Point Alembic to the migrations beside this folder; alembic.ini is for the ``alembic`` command alone."""
    config = Config()
    config.set_main_option("script_location", str(_ROOT / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def head_revision() -> str:
    """Return the revision that this version of the program needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def known_revisions() -> frozenset[str]:
    """Return the revisions that this version of the program can work its way up from."""
    return frozenset(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def functions(revision: str) -> str:
    """Return the statements that make the schema's functions as they are at ``revision``, whatever is there before.

    A migration that makes or changes some has them in ``FUNCTIONS``: a backup of tables has none.
    """
    steps = list(ScriptDirectory.from_config(_config()).walk_revisions("base", revision))
    return "".join(getattr(step.module, "FUNCTIONS", "") for step in reversed(steps))


def is_newer(revision: str | None) -> bool:
    """Return whether a newer version of the program made the schema: this one knows no such revision."""
    return revision is not None and revision not in known_revisions()


def current_revision(database: Database) -> str | None:
    """Return the revision that the database is at; None for an empty one."""
    with database.begin(within=READ_SECONDS) as connection:
        return revision_of(connection)


def revision_of(connection: Connection) -> str | None:
    """Return the revision that the connection's database is at; None for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def is_current(database: Database) -> bool:
    """Return whether the schema is the one that this version needs."""
    return current_revision(database) == head_revision()


def migrate(database: Database, revision: str = "head") -> str | None:
    """Upgrade (or downgrade, to an older ``revision`` or ``base``) in one transaction; return the new revision.

    Safe to call from several processes at once: one works, the others wait and find nothing to do. Raises
    ``SchemaError`` where the server is too old or the database was migrated by a newer version.
    """
    _check_server(database)
    before = current_revision(database)
    if is_newer(before):
        raise SchemaError(f"the database is at revision {before}, which a newer version made; upgrade metrics_dash")
    config = _config()
    with _one_at_a_time, database.begin(within=MIGRATION_SECONDS) as connection:
        config.attributes["connection"] = connection
        if revision == "base" or (before is not None and revision != "head" and revision < before):
            command.downgrade(config, revision)
        else:
            command.upgrade(config, revision)
    return current_revision(database)


def _check_server(database: Database) -> None:
    with database.begin() as connection:
        version = int(connection.execute(text("SHOW server_version_num")).scalar_one())
    if version < MINIMUM_SERVER_VERSION:
        raise SchemaError(f"PostgreSQL {version // 10000} is too old: 14 or newer is needed")
