"""``check-config``: whether a process could start with these settings. ``doctor``: what is wrong, and what to do."""

import os
from collections.abc import Iterable, Iterator
from datetime import timedelta
from difflib import get_close_matches

import typer
from pydantic import SecretStr
from rich.markup import escape
from rich.table import Table

from db.engine import use_database
from db.private import nearest
from metrics_dash import logs
from metrics_dash.catalog import load_catalog
from metrics_dash.commands.session import as_started, open_database, show
from metrics_dash.settings import OF_THE_CLIENT, Settings, SettingsError, load_settings

commands = typer.Typer()
# Of two names, how much has to be the same: a letter too many, too few, or another one.
ALIKE = 0.9


@commands.command("check-config")
def check_config() -> None:
    """Read settings and catalog as a start would, and print what differs from the defaults; connect to nothing."""
    settings = load_settings()
    load_catalog(settings.catalog)
    _check_place(settings)
    for name, meant in _nearly(os.environ):
        typer.echo(f"{name} is not a setting; {meant} is one, if that is meant", err=True)
    for field, name in Settings.environment_names().items():
        value = getattr(settings, field)
        if value != Settings.model_fields[field].default:
            typer.echo(f"{name}={'(set)' if isinstance(value, SecretStr) else _as_written(value)}")
    typer.echo("settings and catalog are good")


def _check_place(settings: Settings) -> None:
    """Refuse a socket in a folder that is not there, and a folder below what is none. Raises ``SettingsError``."""
    folder = settings.statsd_socket.parent if settings.statsd_socket is not None else None
    if folder is not None and not folder.is_dir():
        raise SettingsError(f"METRICS_STATSD_SOCKET: there is no folder {folder}; make it, or name another path")
    for name, path in (("METRICS_DATA_DIR", settings.data_dir), ("METRICS_SPOOL_DIR", settings.spool_dir)):
        # Whether it can be written to depends on whom the service runs as.
        existing = nearest(path.absolute()) if path is not None else None
        if existing is not None and not existing.is_dir():
            raise SettingsError(f"{name}: {existing} is no folder; name another")


def _nearly(environ: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield names of the environment that are no settings and look like one, with that one."""
    names = [*Settings.environment_names().values()]
    for name in sorted(environ):
        close = get_close_matches(name.upper(), names, 1, ALIKE) if name not in names else []
        if close and name not in OF_THE_CLIENT:
            yield name, close[0]


def _as_written(value: object) -> object:
    """Return a value as somebody would write it in the environment."""
    if isinstance(value, timedelta):
        return f"{value.total_seconds():g}s"
    if isinstance(value, tuple) and isinstance(value[-1], int):
        host, port = value
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    if isinstance(value, dict):
        return ",".join(f"{group}={role}" for group, role in value.items())
    return int(value) if isinstance(value, bool) else value


@commands.command()
def doctor() -> None:
    """Look at settings, database, schema, lag and disk; say what is wrong and what to do."""
    from metrics_dash.ops.doctor import examine
    from metrics_dash.ops.finding import Verdict

    settings = load_settings()
    logs.configure(settings)
    marks = {Verdict.GOOD: "[green]good[/]", Verdict.WORTH_A_LOOK: "[yellow]look[/]", Verdict.BAD: "[bold red]bad[/]"}
    database = open_database(settings)
    table = Table("", "", "", "what to do", box=None)
    bad = False
    try:
        for finding in examine(settings, database):
            told, remedy = escape(as_started(finding.text)), escape(as_started(finding.remedy))
            table.add_row(marks[finding.verdict], finding.subject, told, remedy)
            bad = bad or finding.verdict is Verdict.BAD
    finally:
        use_database(None)
        database.close()
    show(table, markup=True)
    if bad:
        raise typer.Exit(1)
