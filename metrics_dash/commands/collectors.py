"""``collectors``: who collects, and ``collectors forget``: let go of one that is gone with its host."""

from typing import Annotated

import typer
from rich.table import Table

from db.collectors import bury
from db.status import pipeline_status
from metrics_dash.commands.session import CommandError, opened, show

commands = typer.Typer(no_args_is_help=False)


@commands.callback(invoke_without_command=True)
def collectors(context: typer.Context) -> None:
    """List the processes that collect, and what each had not stored when it was last heard of."""
    if context.invoked_subcommand is not None:
        return
    with opened(must_be_migrated=True) as (_, database), database.begin() as connection:
        found = pipeline_status(connection).collectors
    table = Table("id", "host", "process", "last heard of", "events not stored", "", box=None)
    for each in found:
        waiting = each.accounting.get("buffered", 0) + each.accounting.get("in_flight", 0)
        state = "" if each.live else "silent, holds back the watermark" if each.counts else "silent"
        seen = f"{each.seen_at:%Y-%m-%d %H:%M:%S} UTC"
        table.add_row(str(each.collector_id), each.host, str(each.pid), seen, f"{waiting:,}", state)
    show(table)


@commands.command()
def forget(identity: Annotated[str, typer.Argument(metavar="ID", help="As collectors lists it.")]) -> None:
    """Take a silent collector off the list: its process is gone, and so are the events that it had not stored.

    One that lives after all comes back with its next heartbeat.
    """
    with opened(must_be_migrated=True) as (_, database), database.begin() as connection:
        found = [each for each in pipeline_status(connection).collectors if str(each.collector_id) == identity]
        if not found:
            raise CommandError(f"there is no collector {identity}; see python -m metrics_dash collectors")
        if found[0].live:
            raise CommandError(f"collector {identity} lives; stop its process, and it leaves by itself")
        bury(connection, [found[0].collector_id])
    typer.echo(f"forgotten: collector {identity}")
