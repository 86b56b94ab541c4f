"""``users``: who may log in, and as what."""

import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.table import Table

from db.users import list_users
from metrics_dash.auth import people
from metrics_dash.auth.passwords import PasswordError
from metrics_dash.auth.people import PeopleError
from metrics_dash.commands.session import CommandError, actor, moment, opened, show

commands = typer.Typer(no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="As the person types it at the login.")]
Role = Annotated[str, typer.Option(help="viewer, editor or admin.")]
FromStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]


@commands.callback()
def users() -> None:
    """Add people, list them, and change what they may."""


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn what can't be done into one line."""
    try:
        yield
    except (PeopleError, PasswordError) as error:
        raise CommandError(str(error)) from None


@commands.command()
def add(
    name: Name,
    role: Role = "viewer",
    password_stdin: FromStdin = False,
    source: Annotated[str, typer.Option(help="proxy: the trusted proxy vouches for them; they get no password.")] = (
        "password"
    ),
) -> None:
    """Add a person. The password is asked for, twice."""
    if source not in ("password", "proxy"):
        raise typer.BadParameter(f"{source!r} is neither password nor proxy", param_hint="--source")
    with _refusals(), opened(migrates=True) as (_, database):
        people.check_name(name)
        people.check_role(role)
        password = _password(password_stdin) if source == "password" else None
        people.add(database, name, role=role, by=actor(), password=password, source=source)
    typer.echo(f"added: {name}, {role}")


def _password(stdin: bool) -> str:
    if stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise CommandError("there is nobody to ask for the password; use --password-stdin")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != password:
        raise CommandError("the two passwords differ")
    return password


@commands.command("list")
def list_command() -> None:
    """List everybody: role, how they log in, when they last did."""
    with opened(must_be_migrated=True) as (_, database), database.reading("primary") as connection:
        found = list_users(connection)
    table = Table("name", "role", "logs in by", "last login", "", box=None)
    for user in found:
        state = "disabled" if user.disabled_at is not None else ""
        table.add_row(user.name, user.role, user.source, moment(user.seen_at), state)
    show(table)


@commands.command()
def set_role(name: Name, role: Role) -> None:
    """Give a person another role. They have to log in anew."""
    with _refusals(), opened(must_be_migrated=True) as (_, database):
        people.set_role(database, name, role, by=actor())
    typer.echo(f"{name} is {role} now")


@commands.command()
def set_password(name: Name, password_stdin: FromStdin = False) -> None:
    """Give a person another password. Wherever they are logged in, they have to do so anew."""
    with _refusals(), opened(must_be_migrated=True) as (_, database):
        people.set_password(database, name, _password(password_stdin), by=actor())
    typer.echo(f"{name} has another password")


@commands.command()
def disable(name: Name, undo: Annotated[bool, typer.Option("--undo", help="Let the person in again.")] = False) -> None:
    """Let a person in no longer, at once."""
    with _refusals(), opened(must_be_migrated=True) as (_, database):
        people.set_disabled(database, name, not undo, by=actor())
    typer.echo(f"{name} may come in again" if undo else f"{name} may come in no longer")
