"""``rollup``: everything that is dirty, or everything of a span of time, computed again."""

import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from metrics_dash.commands.session import opened

_FAILED = 1


def parse_time(text: str) -> datetime:
    """Return a moment, UTC where no zone is named. Raises ``typer.BadParameter``."""
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{text!r} is not a time such as 2026-01-31 or 2026-01-31T14:00Z") from None


def rollup(
    again: Annotated[bool, typer.Option("--rebuild", help="Compute again what is thought to be right, too.")] = False,
    start: Annotated[
        datetime | None, typer.Option("--from", parser=parse_time, metavar="TIME", help="Buckets from here on.")
    ] = None,
    end: Annotated[
        datetime | None, typer.Option("--to", parser=parse_time, metavar="TIME", help="To before here; UTC, as above.")
    ] = None,
) -> None:
    """Run passes until nothing is dirty; with --rebuild, compute every bucket between two times again.

    That is done as far as what a bucket is made of is still stored; below that it stays as it is.
    """
    from db.failures import uncomputed
    from metrics_dash.catalog import load_catalog
    from metrics_dash.jobs.repair import rebuild
    from metrics_dash.jobs.rollup import roll_up_all

    if (again, again) != (start is not None, end is not None):
        raise typer.BadParameter("--rebuild needs --from and --to, and they need it")
    if start is not None and end is not None and start >= end:
        raise typer.BadParameter("--from is not before --to")
    with opened(migrates=True) as (settings, database):
        began, catalog = datetime.now(UTC), load_catalog(settings.catalog)
        if start is not None and end is not None:
            computed = rebuild(database, start, end, declared=catalog.declared)
            typer.echo(f"{computed:,} buckets were computed again")
        else:
            roll_up_all(database, declared=catalog.declared)
        with database.reading() as connection:
            failing = [bucket for bucket in uncomputed(connection) if not bucket.lost]
    for bucket in failing:
        print(bucket)
    took = f"({(datetime.now(UTC) - began).total_seconds():.1f} s)"
    if failing:
        print(f"every other bucket is up to date {took}", file=sys.stderr)
        raise typer.Exit(_FAILED)
    typer.echo(f"every bucket is up to date {took}")
