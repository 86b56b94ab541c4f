"""``python -m metrics_dash …``: one command for each thing that is done from a shell.

Exit codes: 0 done, 1 failed or found differences, 2 bad usage or settings. Errors that were foreseen are one line on
standard error, without a trace and without a secret.
"""

import gzip
import logging
import signal
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import IO, Annotated, Any, NoReturn

import psycopg
import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from db.backups import BackupError
from db.declared import let_in
from db.engine import DatabaseURLError, use_database
from db.migrate import SchemaError, migrate
from db.programs import ProgramError
from metrics_dash import __version__, logs
from metrics_dash.catalog import CatalogError, load_catalog
from metrics_dash.commands import backups, checks, collectors, floors, links, roles, tokens, users
from metrics_dash.commands.annotate import annotate
from metrics_dash.commands.audit_log import audit_log
from metrics_dash.commands.complaints import of_data_folder, of_database
from metrics_dash.commands.rollup import rollup
from metrics_dash.commands.session import CommandError, as_started, duration, show
from metrics_dash.commands.session import open_database as _database
from metrics_dash.commands.session import opened as _opened
from metrics_dash.settings import Settings, SettingsError, load_settings

log = logging.getLogger(__name__)

DONE, FAILED, BAD_USAGE = 0, 1, 2

out = Console()
err = Console(stderr=True)
cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


cli.add_typer(floors.commands, name="floors")
cli.add_typer(collectors.commands, name="collectors")
cli.add_typer(roles.commands, name="roles")
cli.add_typer(backups.commands)
cli.add_typer(checks.commands)
cli.add_typer(users.commands, name="users")
cli.add_typer(tokens.commands, name="tokens")
cli.add_typer(links.commands, name="links")
cli.command("audit-log")(audit_log)
cli.command()(annotate)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command, by default that of the command line; end with its exit code."""
    try:
        cli(arguments, prog_name="metrics_dash")
    except SettingsError as error:
        # It holds no secret, and names the line to add, of which nothing must be taken for one.
        print("metrics_dash:", error, file=sys.stderr)
        sys.exit(BAD_USAGE)
    except (CatalogError, DatabaseURLError) as error:
        _complain(error)
        sys.exit(BAD_USAGE)
    except (CommandError, SchemaError, BackupError, ProgramError, OSError) as error:
        _complain(of_data_folder(error) or error)
        sys.exit(FAILED)
    except subprocess.SubprocessError:
        _complain("the embedded PostgreSQL does not start; look into postgres/log under METRICS_DATA_DIR")
        sys.exit(FAILED)
    except (DBAPIError, PoolTimeout, psycopg.Error) as error:  # COPY is the driver's own
        _complain(of_database(error))
        sys.exit(FAILED)
    sys.exit(DONE)


def _complain(problem: object) -> None:
    """Print one line on standard error, without a password."""
    print("metrics_dash:", logs.redact(as_started(" ".join(str(problem).split()))), file=sys.stderr)


def _stop_event() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"metrics_dash {__version__}")
        raise typer.Exit(DONE)


@cli.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Event metrics: collect, roll up, look at."""


# Serving


@cli.command()
def run() -> None:
    """Serve the dashboard, collect and roll up, all in this process."""
    from metrics_dash.demo.child import demo_beside
    from metrics_dash.web.run import page_address, serve_everything

    settings = load_settings()
    load_catalog(settings.catalog)
    logs.configure(settings)
    stop = _stop_event()
    database = _database(settings)

    def beside() -> AbstractContextManager[None]:
        feeding = " The simulated game server is feeding it." if settings.demo else ""
        _greet(settings, f" is at [link]{page_address(settings)}[/link]{feeding}")
        return demo_beside(_url(settings), database if settings.auth else None) if settings.demo else nullcontext()

    try:
        serve_everything(settings, database, stop, beside)
    finally:
        use_database(None)
        database.close()


def _url(settings: Settings) -> str:
    from metrics_dash.web.run import address

    return address(settings)


def _greet(settings: Settings, what: str) -> None:
    """Say that it works: to people, or to the machine that reads the log."""
    if settings.log_format == "json":
        return log.info("%s", Text.from_markup(f"metrics_dash{what}").plain)
    return out.print(f"[bold]metrics_dash[/]{what} [dim]Ctrl-C ends it.[/]", soft_wrap=True)


@cli.command()
def worker() -> None:
    """Collect and roll up, without the web."""
    from metrics_dash.runtime import Runtime

    if load_settings().only_reads:
        raise SettingsError("METRICS_ROLE=web: this role only reads, and a worker collects and rolls up")
    stop = _stop_event()
    with _opened(migrates=True) as (settings, database):
        runtime = Runtime(settings, database)
        runtime.start()
        _greet(settings, " worker: collecting and rolling up.")
        try:
            stop.wait()
        finally:
            runtime.stop(timeout=8)


# The database


@cli.command("migrate")
def migrate_command() -> None:
    """Bring the schema up to date."""
    with _opened() as (_, database):
        typer.echo(f"the schema is at revision {migrate(database)}")


@cli.command()
def dsn() -> None:
    """Print the connection URL in use, the embedded server's too. It may hold a password."""
    with _opened() as (_, database):
        typer.echo(database.dsn())
        alone = database.embedded and not database.shared
    if alone:
        err.print("the embedded server ends with this command: start the application to use that URL", soft_wrap=True)


# Events in


@cli.command()
def demo(
    url: Annotated[str | None, typer.Option(help="Where to send; by default METRICS_HOST and METRICS_PORT.")] = None,
    rate: Annotated[float, typer.Option(min=0.01, help="Times the usual rate of events.")] = 1.0,
    backfill: Annotated[
        timedelta | None, typer.Option(parser=duration, metavar="DURATION", help="History to fill first: 30d.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed simulates the same events.")] = 1,
    parent: Annotated[int | None, typer.Option(hidden=True, help="End when this process does.")] = None,
) -> None:
    """Simulate a game server that sends events over HTTP, as any other sender would."""
    from metrics_dash.demo.feed import Demo, stop_with_parent
    from metrics_dash.demo.simulation import Simulation
    from metrics_dash.emit.sender import RefusedError

    settings = load_settings()
    logs.configure(settings)
    stop = _stop_event()
    if parent is not None:
        stop_with_parent(parent, stop)
    try:
        player = Demo(url or _url(settings), Simulation(seed, rate), stop=stop)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--url") from None
    try:
        with _history_bar() if backfill else nullcontext() as progress:
            player.run(backfill, progress)
    except RefusedError as error:
        raise CommandError(f"the server refused: {error}") from None


@contextmanager
def _history_bar() -> Iterator[Any]:
    """Yield a bar over simulated time that goes away when the history is filled."""
    columns = (TextColumn("demo history"), BarColumn(), TextColumn("{task.fields[days]}"), TimeRemainingColumn())
    bar = Progress(*columns, console=err, transient=True)
    task = bar.add_task("history", total=None, days="")

    def progress(done: int, total: int) -> None:
        if not total:
            return
        bar.update(task, completed=done, total=total, days=f"{done / 86400:.1f} of {total / 86400:.1f} days")
        if done >= total:
            bar.stop()
            err.print("demo history: complete; live from here on", soft_wrap=True)
        else:
            bar.start()

    try:
        yield progress
    finally:
        bar.stop()


@cli.command("import")
def import_command(
    file: Annotated[str, typer.Argument(help="A file of events as NDJSON, plain or gzip; - is standard input.")],
) -> None:
    """Store a file of events. Safe to repeat: what was stored before is not stored again."""
    from metrics_dash.ingest.importer import import_events

    with (
        _source(file) as (source, size),
        _opened(migrates=True) as (settings, database),
        _import_bar(size) as progress,
    ):
        try:
            keep = settings.day_retention
            let_in(database, load_catalog(settings.catalog).events)
            report = import_events(source, database, keep=keep, reject=_Rejections(), progress=progress)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise CommandError(f"{file}: the gzip data is damaged: {error}; what came before is stored") from None
    table = Table("stored", "stored before", "rejected", box=None)
    table.add_row(*(f"{number:,}" for number in (report.stored, report.repeated, report.rejected)))
    show(table)
    if report.rejected:
        raise typer.Exit(FAILED)


class _Rejections:
    """Tells of the first bad lines one by one; the table gives the number of all."""

    AT_MOST = 100

    def __init__(self) -> None:
        self._told = 0

    def __call__(self, line: int, reason: str) -> None:
        self._told += 1
        if self._told <= self.AT_MOST:
            print(f"line {line}: {reason}", file=sys.stderr)
        elif self._told == self.AT_MOST + 1:
            print("… and more", file=sys.stderr)


@contextmanager
def _source(file: str) -> Iterator[tuple[IO[bytes], int | None]]:
    if file == "-":
        yield sys.stdin.buffer, None
        return
    path = Path(file)
    try:
        stream = path.open("rb")
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}") from None
    with stream:
        yield stream, path.stat().st_size if path.is_file() else None


@contextmanager
def _import_bar(size: int | None) -> Iterator[Any]:
    columns = (SpinnerColumn(), TextColumn("importing"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task("importing", total=size)
        yield lambda done: bar.update(task, completed=done)


# Looking after the store


cli.command()(rollup)


@cli.command()
def purge(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and drop nothing.")] = False,
) -> None:
    """Drop what is past its retention, after rolling it up."""
    from db.jobs import record
    from metrics_dash.jobs import retention

    with _opened(migrates=True) as (settings, database):
        report = retention.purge(database, settings, dry_run=dry_run)
        if report.finished and not dry_run:
            # What the schedule could not do is done.
            with database.begin() as connection:
                record(connection, "purge", report.summary())
    table = Table("level", "older than", "would be dropped" if dry_run else "dropped", "", box=None)
    for level in report.levels:
        before = f"{level.before:%Y-%m-%d}" if level.before else "-"
        what = "partitions" if level.level == "raw" else "buckets"
        table.add_row(level.level, before, f"{level.removed:,} {what}", f"{level.outcome} {level.reason}".strip())
    show(table)
    if not report.finished:
        raise typer.Exit(FAILED)


@cli.command()
def audit() -> None:
    """Compare raw events, minutes, hours and days, where the finer level still exists; exit 1 where they differ."""
    from metrics_dash.jobs.audit import audit as compare

    with _opened(must_be_migrated=True) as (_, database):
        problems = compare(database)
    for problem in problems:
        print(problem)
    if problems:
        print(f"{len(problems):,} {'difference' if len(problems) == 1 else 'differences'}", file=sys.stderr)
        raise typer.Exit(FAILED)
    typer.echo("raw events, minutes, hours and days agree")


if __name__ == "__main__":
    main()
