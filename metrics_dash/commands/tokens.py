"""``tokens``: what programs show to send events, to query, to be scraped."""

from datetime import timedelta
from typing import Annotated

import typer
from rich.table import Table

from db.tokens import Token, list_tokens
from metrics_dash.auth import tokens
from metrics_dash.auth.tokens import BYTES_PER_SECOND as BYTES
from metrics_dash.auth.tokens import EVENTS_PER_SECOND as EVENTS
from metrics_dash.auth.tokens import TokenError
from metrics_dash.commands.session import CommandError, actor, duration, ended, moment, opened, show

commands = typer.Typer(no_args_is_help=True)


@commands.callback()
def tokens_group() -> None:
    """Make tokens for programs, list them, revoke them."""


@commands.command()
def add(
    name: Annotated[str, typer.Argument(help="What it is for; not unique.")],
    prefix: Annotated[list[str] | None, typer.Option(help="Only events under this, such as shop.; may repeat.")] = None,
    scope: Annotated[str, typer.Option(help="Of ingest, query, scrape, annotate; joined by commas.")] = "ingest",
    rate: Annotated[float | None, typer.Option(min=EVENTS[0], max=EVENTS[1], help="Events a second.")] = None,
    bytes_rate: Annotated[
        float | None, typer.Option("--bytes", min=BYTES[0], max=BYTES[1], help="Bytes a second, inflated.")
    ] = None,
    expires: Annotated[
        timedelta | None, typer.Option(parser=duration, metavar="DURATION", help="How long it holds: 90d.")
    ] = None,
) -> None:
    """Make a token and print it, alone on the last line. It is never shown again."""
    with opened(migrates=True) as (_, database):
        try:
            token = tokens.issue(
                database,
                name,
                by=actor(),
                scopes=[part.strip() for part in scope.split(",") if part.strip()],
                prefixes=prefix or (),
                events_per_second=rate,
                bytes_per_second=bytes_rate,
                lifetime=expires,
            )
        except TokenError as error:
            raise CommandError(str(error)) from None
    typer.echo(str(token))


@commands.command("list")
def list_command() -> None:
    """List tokens: what each may do, and when it was last used. Their secrets are not kept."""
    with opened(must_be_migrated=True) as (_, database), database.reading("primary") as connection:
        found = list_tokens(connection)
    table = Table("id", "name", "scopes", "events", "rate", "expires", "last used", "", box=None)
    for each in found:
        used = moment(each.last_used_at) + (f" from {each.last_used_from}" if each.last_used_from else "")
        state = ended(each.revoked_at, each.expires_at)
        prefixes = " ".join(each.prefixes) or "all"
        table.add_row(
            each.token_id, each.name, ", ".join(each.scopes), prefixes, _rate(each), moment(each.expires_at),
            used, state,
        )  # fmt: skip
    show(table)


def _rate(token: Token) -> str:
    parts = ((token.events_per_second, "events/s"), (token.bytes_per_second, "bytes/s"))
    return ", ".join(f"{number:,g} {unit}" for number, unit in parts if number is not None) or "-"


@commands.command()
def revoke(identity: Annotated[str, typer.Argument(metavar="ID", help="As tokens list shows it.")]) -> None:
    """Let a token do nothing any more, within five seconds in every process."""
    with opened(must_be_migrated=True) as (_, database):
        try:
            tokens.revoke(database, identity, by=actor())
        except TokenError as error:
            raise CommandError(str(error)) from None
    typer.echo(f"revoked: token {identity}")
