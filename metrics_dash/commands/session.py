"""What a command begins with: settings, log and database; and how one ends that can't go on."""

from collections.abc import Iterator
from contextlib import contextmanager

from db.engine import Database, use_database
from db.migrate import is_current, migrate
from metrics_dash import logs
from metrics_dash.settings import Settings, load_settings


class CommandError(Exception):
    """A command that can't go on. The message is one line that says why and, where it can, what to do."""


@contextmanager
def opened(*, must_be_migrated: bool = False, migrates: bool = False) -> Iterator[tuple[Settings, Database]]:
    """Yield the settings and the running database; left at the end. Raises ``CommandError`` where a migration is
    due."""
    settings = load_settings()
    logs.configure(settings)
    database = open_database(settings)
    try:
        database.start()
        if migrates:
            migrate(database)
        if must_be_migrated and not is_current(database):
            raise CommandError("the schema is not up to date; run python -m metrics_dash migrate first")
        yield settings, database
    finally:
        use_database(None)
        database.close()


def open_database(settings: Settings) -> Database:
    """Return the database that the settings name, for this process; nothing is started or connected yet."""
    database = Database(settings.url(), data_dir=settings.data_dir, read_url=settings.read_url())
    use_database(database)
    return database
