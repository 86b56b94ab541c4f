"""``annotate``: says something of a moment, and what is wrong in one line."""

from datetime import UTC, datetime, timedelta

from db.annotations import Annotation, annotations_between
from db.engine import Database
from tests.commands.conftest import Run


def said(database: Database) -> list[Annotation]:
    now = datetime.now(UTC)
    with database.reading() as connection:
        return annotations_between(connection, now - timedelta(days=1), now + timedelta(days=1))


def test_it_is_stored_and_its_id_printed(on: Run, database: Database) -> None:
    for text in ("Season 2", "Season 3"):
        ended = on("annotate", text, "--tag", "a", "--tag", "b", "--id", "season")
        assert (ended.code, ended.out) == (0, "season\n")
    (found,) = said(database)
    assert (found.id, found.text, found.tags, found.source) == ("season", "Season 3", ("a", "b"), "command line")


def test_what_is_wrong_is_one_line(on: Run, database: Database) -> None:
    ended = on("annotate", "text", "--time", "soon")
    assert ended.code == 1
    assert ended.err == "metrics_dash: time: 'soon' is neither epoch milliseconds nor RFC 3339\n"
    assert said(database) == []
