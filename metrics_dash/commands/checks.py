"""``doctor``: what is wrong, and what to do."""

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from db.engine import use_database
from metrics_dash import logs
from metrics_dash.commands.session import open_database
from metrics_dash.settings import load_settings

commands = typer.Typer()


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
    Console().print(table)
    if bad:
        raise typer.Exit(1)
