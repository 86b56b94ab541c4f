"""``roles``: the database's roles, and ``roles grant``: make them, and give each what it needs."""

from typing import Annotated

import typer
from rich.table import Table
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from db.faults import lacks_right
from db.roles import KINDS, RoleNameError, grant, names, statements
from db.roles import roles as read_roles
from metrics_dash.commands.session import CommandError, opened, show

commands = typer.Typer(no_args_is_help=False)


def _prefix(text: str) -> str:
    try:
        names(text)
    except RoleNameError as error:
        raise typer.BadParameter(str(error)) from None
    return text


Prefix = Annotated[str, typer.Option(callback=_prefix, help="What the roles' names begin with.")]


@commands.callback(invoke_without_command=True)
def roles(context: typer.Context, prefix: Prefix = "metrics_") -> None:
    """Show the roles, what each is for, and who belongs to it."""
    if context.invoked_subcommand is not None:
        return
    with opened(must_be_migrated=True) as (_, database), database.begin() as connection:
        found = read_roles(connection, prefix)
    table = Table("role", "for", "members", box=None)
    for role in found:
        members = "not there" if role.members is None else ", ".join(role.members) or "-"
        table.add_row(role.name, KINDS[role.kind], members)
    show(table)


@commands.command("grant")
def grant_command(
    prefix: Prefix = "metrics_",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the statements, and change nothing.")] = False,
) -> None:
    """Make the roles where they lack, and give each what it needs. Safe to repeat: do so after an update."""
    with opened(must_be_migrated=True) as (_, database), database.begin() as connection:
        planned = statements(connection, prefix)
        if not dry_run:
            _grant(connection, prefix)
    if dry_run:
        typer.echo("".join(f"{statement};\n" for statement in planned), nl=False)
    else:
        typer.echo(f"{len(KINDS)} roles may do what they should; make who logs in a member: see docs/deploying.md")


def _grant(connection: Connection, prefix: str) -> None:
    try:
        grant(connection, prefix)
    except DBAPIError as error:
        if not lacks_right(error):
            raise
        name = connection.engine.url.database
        piped = f"python -m metrics_dash roles grant --dry-run{_given(prefix)} | psql -v ON_ERROR_STOP=1 -d {name}"
        cause = str(error.orig).partition("\n")[0]
        raise CommandError(f"{cause}; let a superuser run what it takes: {piped}") from None


def _given(prefix: str) -> str:
    return "" if prefix == "metrics_" else f" --prefix {prefix}"
