"""What a command begins with: settings, log and database; and how one ends that can't go on."""

import getpass
import os
import pwd
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import typer
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from db.engine import Database, use_database
from db.migrate import current_revision, is_current, is_newer, migrate
from metrics_dash import logs
from metrics_dash.setting_values import parse_duration
from metrics_dash.settings import Settings, load_settings

# Kept through su and sudo; nobody but root can set it.
LOGIN_UID = Path("/proc/self/loginuid")
_NOBODY_LOGGED_IN = 2**32 - 1
# More than any row takes.
_ENDLESS = 100_000


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
            raise CommandError(_not_current(current_revision(database)))
        yield settings, database
    finally:
        use_database(None)
        database.close()


def _not_current(revision: str | None) -> str:
    if is_newer(revision):
        return f"the database is of revision {revision}, which a newer version made; upgrade metrics_dash"
    return "the schema is not up to date; run python -m metrics_dash migrate first"


def open_database(settings: Settings) -> Database:
    """Return the database that the settings name, for this process; nothing is started or connected yet."""
    database = Database(settings.url(), data_dir=settings.data_dir, read_url=settings.read_url())
    use_database(database)
    return database


def as_started(text: str) -> str:
    """Return advice with commands named as this one was started: as installed, or from a checkout."""
    installed = Path(sys.argv[0]).name == "metrics-dash"
    return text.replace("python -m metrics_dash", "metrics-dash") if installed else text


def actor() -> str:
    """Return what the audit log calls whoever runs a command: who logged in, and as whom the command runs if not so."""
    runs, person = _runs_as(), _logged_in()
    if person is None or person == runs:
        return f"command by {runs}" if runs else "command"
    return f"command by {person} as {runs or 'nobody known'}"


def _runs_as() -> str | None:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return None


def _logged_in() -> str | None:
    """Return who logged in to this machine, as the kernel has it, else as sudo says; None where neither does."""
    try:
        number = int(LOGIN_UID.read_text())
        if number != _NOBODY_LOGGED_IN:
            return pwd.getpwuid(number).pw_name
    except (OSError, ValueError, KeyError):
        pass
    return os.environ.get("SUDO_USER") or None


def show(table: Table, *, markup: bool = False) -> None:
    """Print a table; what it says of each thing's id or name, in its first column, is never cut.

    What stands in it was named by people and programs: none of it is markup, or a picture's name, where it does not
    say so. A terminal's width folds what is long; a file, a pipe or a mail has a line for each row, however long.
    """
    console = Console(markup=markup, emoji=False)
    endless = console.options.update(max_width=_ENDLESS)
    for column in table.columns:
        column.overflow = "fold"
    first = table.columns[0]
    first.no_wrap = True
    first.min_width = max(Measurement.get(console, endless, cell).maximum for cell in (first.header, *first.cells))
    if not console.is_terminal:
        console.width = max(console.width, Measurement.get(console, endless, table).maximum)
    console.print(table)


def moment(at: datetime | None) -> str:
    """Return a moment as tables show it, - where there is none."""
    return "-" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def ended(revoked_at: datetime | None, expires_at: datetime | None) -> str:
    """Say why something holds no longer, nothing where it holds."""
    if revoked_at is not None:
        return "revoked"
    return "expired" if expires_at is not None and expires_at <= datetime.now(UTC) else ""


def duration(text: str) -> timedelta:
    """Read an option's length of time. Raises ``BadParameter``."""
    try:
        value = parse_duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if not isinstance(value, timedelta) or value <= timedelta(0):
        raise typer.BadParameter(f"{text!r} is not a duration such as 30d or 12h")
    return value
