"""``backup`` and ``restore``: everything of ours in one file, and back."""

from pathlib import Path
from typing import Annotated

import typer

from db.backups import dump, held, read_archive
from db.backups import restore as put_back
from db.engine import Database
from db.migrate import migrate
from metrics_dash.commands.session import CommandError, opened

commands = typer.Typer()
MIB = 1024**2


@commands.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Where to; a file that is there is replaced at the end.")],
) -> None:
    """Write everything into a file, as it is at one instant. The application may run meanwhile."""
    if not file.absolute().parent.is_dir():
        raise CommandError(f"{file}: there is no folder {file.absolute().parent}")
    if file.is_dir():
        raise CommandError(f"{file} is a folder; name a file in it")
    with opened() as (_, database):
        programs = dump(database, file)
    typer.echo(f"{file}: {file.stat().st_size / MIB:,.1f} MiB, by pg_dump {programs.major}")


@commands.command()
def restore(
    file: Annotated[Path, typer.Argument(help="What backup wrote.")],
    verify: Annotated[
        bool, typer.Option("--verify", help="Run the audit afterwards; exit 1 where it differs.")
    ] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Also where there are data; they are lost.")] = False,
) -> None:
    """Take the store from a file, and bring it up to date. Nothing may run on it meanwhile."""
    if not file.is_file():
        raise CommandError(f"{file}: there is no such file")
    archive = read_archive(file)
    with opened() as (_, database):
        _refuse(database, replace)
        put_back(database, archive)
        revision = migrate(database)
        typer.echo(f"restored from {file}: revision {archive.revision}, now {revision}")
        if verify:
            _verify(database)


def _refuse(database: Database, replace: bool) -> None:
    found = held(database)
    if found.collecting:
        collect = "1 process collects" if found.collecting == 1 else f"{found.collecting} processes collect"
        raise CommandError(f"{collect} into this store; stop all of them first")
    if found.data and not replace:
        raise CommandError("the store holds data; --replace drops them and takes those of the file")


def _verify(database: Database) -> None:
    from metrics_dash.jobs.audit import audit

    problems = audit(database)
    for problem in problems:
        print(problem)
    if problems:
        raise CommandError(f"the audit found {len(problems):,} differences")
    typer.echo("verified: raw events, minutes, hours and days agree")
