"""``annotate``: say something of a moment, to be seen beside the charts."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from db.annotations import put_annotations
from db.rows import InvalidEventError
from metrics_dash.commands.session import CommandError, opened
from metrics_dash.ingest.notes import annotation_of


def annotate(
    text: Annotated[str, typer.Argument(help="What there is to say.")],
    title: Annotated[str, typer.Option(help="A few words before it.")] = "",
    time: Annotated[str | None, typer.Option(help="When, RFC 3339; by default now.")] = None,
    end: Annotated[str | None, typer.Option(help="Until when, of a span of time.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="A tag; may be given several times.")] = None,
    url: Annotated[str, typer.Option(help="Where more is said.")] = "",
    source: Annotated[str, typer.Option(help="Who or what says it.")] = "command line",
    identity: Annotated[str, typer.Option("--id", help="One of the same id takes the place of the last.")] = "",
) -> None:
    """Say something of a moment, such as a release, to be seen beside the charts; print its id."""
    said = {"text": text, "title": title, "time": time, "timeEnd": end, "tags": tag or [], "url": url, "source": source}
    with opened(must_be_migrated=True) as (settings, database):
        try:
            annotation = annotation_of({**said, "id": identity}, datetime.now(UTC), settings.day_retention)
        except InvalidEventError as error:
            raise CommandError(str(error)) from None
        with database.begin() as connection:
            put_annotations(connection, [annotation])
    typer.echo(annotation.id)
