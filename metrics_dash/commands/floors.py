"""``floors``: where each level begins, and ``floors lower``: take back one that rose by mistake."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table

from db.clock import clock_offset, disagreement, trusted_time
from db.floors import align, read_floors
from db.levels import LEVEL_NAMES
from db.lowering import FloorKeptError, lower_floor
from metrics_dash.commands.session import CommandError, opened, show

commands = typer.Typer(no_args_is_help=False)


@commands.callback(invoke_without_command=True)
def floors(context: typer.Context) -> None:
    """Show where each level begins: older events go into coarser levels, older buckets are never computed again."""
    if context.invoked_subcommand is not None:
        return
    with opened(must_be_migrated=True) as (_, database), database.begin() as connection:
        found = read_floors(connection)
        trusted = trusted_time(connection)
        differ = disagreement(clock_offset(connection))
    table = Table("level", "takes events from", "complete from", "purge waits since", box=None)
    for level in LEVEL_NAMES:
        floor = found[level]
        table.add_row(level, *map(_moment, (floor.ingest, floor.recompute, floor.held_since)))
    show(table)
    typer.echo(f"floors may rise as far as the retention periods before {_moment(trusted)}")
    if differ is not None:
        typer.echo(differ)


def _moment(moment: datetime | None) -> str:
    return "-" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        # Whole days of UTC are counted from it, so it must not lie at the calendar's very edge.
        align(moment := moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{text!r} is not a time such as 2026-01-31 or 2026-01-31T14:00Z") from None
    return moment


@commands.command()
def lower(
    level: Annotated[str, typer.Argument(help="raw, minute, hour or day.")],
    to: Annotated[
        datetime | None,
        typer.Option(
            parser=_time, metavar="TIME", help="How far, UTC where no zone is named; by default as far as can be."
        ),
    ] = None,
) -> None:
    """Lower a level's floor, so that events of that time are taken again, as far as nothing was lost by it.

    It never goes below anything that was dropped: a late event would make a bucket be computed again from what is left.
    Raw's floor lies at a minute then, that of minutes at an hour, the others at a midnight. For when a purge went by a
    wrong clock; set the clock first.
    """
    if level not in LEVEL_NAMES:
        raise typer.BadParameter(f"{level!r} is not a level; those are {', '.join(LEVEL_NAMES)}", param_hint="LEVEL")
    with opened(must_be_migrated=True) as (_, database):
        try:
            floor = lower_floor(database, level, to)
        except FloorKeptError as error:
            raise CommandError(str(error)) from None
    typer.echo(f"{level}: the floor is {_moment(floor)} now" if floor else f"{level}: there is no floor any more")
