"""``links``: addresses for walls and reports that only show, and only some tabs."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

import typer
from rich.table import Table

from db.links import Link, list_links, list_walls
from metrics_dash.auth import links
from metrics_dash.auth.links import LinkError
from metrics_dash.catalog import load_catalog
from metrics_dash.commands.session import CommandError, actor, duration, ended, moment, opened, show
from metrics_dash.settings import Settings
from metrics_dash.web.paths import LINK_PATH

commands = typer.Typer(no_args_is_help=True)


@commands.callback()
def links_group() -> None:
    """Make read-only links, list them and the walls that came by them, revoke them."""


@commands.command()
def add(
    tab: Annotated[list[str] | None, typer.Option(help="A tab that it shows; may repeat. By default all.")] = None,
    kiosk: Annotated[bool, typer.Option("--kiosk", help="Open it as a wall, without controls.")] = False,
    longest: Annotated[
        timedelta | None, typer.Option(parser=duration, metavar="DURATION", help="The longest range: 7d.")
    ] = None,
    expires: Annotated[
        timedelta | None, typer.Option(parser=duration, metavar="DURATION", help="How long it holds: 30d.")
    ] = None,
) -> None:
    """Make a link and print its address, alone on the last line. It is never shown again."""
    with opened(migrates=True) as (settings, database):
        known = [each.id for each in load_catalog(settings.catalog).tabs]
        try:
            link = links.issue(
                database, by=actor(), tabs=tab or (), known=known, kiosk=kiosk, longest=longest, lifetime=expires
            )
        except LinkError as error:
            raise CommandError(str(error)) from None
    typer.echo(f"{_address(settings)}{LINK_PATH}?key={link}")


def _address(settings: Settings) -> str:
    from metrics_dash.web.run import address

    return (settings.public_url or address(settings)).rstrip("/")


@commands.command("list")
def list_command() -> None:
    """List links, and each wall that came by one: its tab, its version, when it was last seen."""
    with opened(must_be_migrated=True) as (settings, database), database.reading("primary") as connection:
        found, walls = list_links(connection), list_walls(connection)
        known = [each.id for each in load_catalog(settings.catalog).tabs]
    table = Table("id", "tabs", "longest range", "expires", "made by", "", box=None)
    for each in found:
        state = ended(each.revoked_at, each.expires_at) or _lost(each, known)
        table.add_row(each.link_id, ", ".join(each.tabs) or "all", _longest(each), moment(each.expires_at),
                      each.created_by, state)  # fmt: skip
    show(table)
    if walls:
        seen = Table("link", "wall at", "tab", "version", "last seen", box=None)
        for wall in walls:
            seen.add_row(wall.link_id, wall.address, wall.tab or "-", wall.version or "-", moment(wall.seen_at))
        show(seen)


def _lost(link: Link, known: Sequence[str]) -> str:
    """Name the tabs that it is for and the catalog no longer has."""
    gone = [tab for tab in link.tabs if tab not in known]
    return f"not in the catalog: {', '.join(gone)}" if gone else ""


def _longest(link: Link) -> str:
    return "-" if link.longest is None else f"{link.longest.total_seconds() / 3600:g} h"


@commands.command()
def revoke(identity: Annotated[str, typer.Argument(metavar="ID", help="As links list shows it.")]) -> None:
    """End a link, and every wall that came by it, at its next tick."""
    with opened(must_be_migrated=True) as (_, database):
        try:
            links.revoke(database, identity, by=actor())
        except LinkError as error:
            raise CommandError(str(error)) from None
    typer.echo(f"revoked: link {identity}")
