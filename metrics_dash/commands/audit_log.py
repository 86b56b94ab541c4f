"""``audit-log``: who did what, newest last."""

from typing import Annotated

import orjson
import typer

from db.audit_log import entries
from metrics_dash.commands.session import moment, opened


def audit_log(
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="So many of the newest entries.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on each line.")] = False,
) -> None:
    """Print the audit log: logins, failures, tokens, links, roles, purges, exports. It can only be added to."""
    with opened(must_be_migrated=True) as (_, database), database.reading("primary") as connection:
        found = entries(connection, limit)
    for number, entry in reversed(found):
        if as_json:
            fields = {name: getattr(entry, name) for name in ("at", "actor", "address", "action", "subject", "detail")}
            typer.echo(orjson.dumps({"id": number, **fields}).decode())
        else:
            told = (moment(entry.at), entry.action, entry.subject or "-", f"by {entry.actor}", entry.address)
            typer.echo("  ".join(part for part in told if part))
