"""``check-config``: whether a process could start with these settings. ``doctor``: what is wrong, and what to do."""

from datetime import timedelta

import typer
from pydantic import SecretStr
from rich.markup import escape
from rich.table import Table

from db.engine import use_database
from metrics_dash import logs
from metrics_dash.catalog import load_catalog
from metrics_dash.commands.session import open_database, show
from metrics_dash.settings import Settings, load_settings

commands = typer.Typer()


@commands.command("check-config")
def check_config() -> None:
    """Read settings and catalog as a start would, and print what differs from the defaults; connect to nothing."""
    settings = load_settings()
    load_catalog(settings.catalog)
    for field, name in Settings.environment_names().items():
        value = getattr(settings, field)
        if value != Settings.model_fields[field].default:
            typer.echo(f"{name}={'(set)' if isinstance(value, SecretStr) else _as_written(value)}")
    typer.echo("settings and catalog are good")


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
            table.add_row(marks[finding.verdict], finding.subject, escape(finding.text), escape(finding.remedy))
            bad = bad or finding.verdict is Verdict.BAD
    finally:
        use_database(None)
        database.close()
    show(table, markup=True)
    if bad:
        raise typer.Exit(1)
