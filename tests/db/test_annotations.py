"""Annotations: stored, changed by their id, read by what they touch, and purged."""

from datetime import UTC, datetime, timedelta

from db.annotations import Annotation, annotations_between, purge_annotations, put_annotations
from db.engine import Database

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def at(name: str, hours: float, length: float = 0, **more: object) -> Annotation:
    start = NOON + hours * HOUR
    return Annotation(name, start, start + length * HOUR, f"title {name}", **more)  # type: ignore[arg-type]


def names(database: Database, start: float, end: float, **more: object) -> list[str]:
    with database.reading() as connection:
        found = annotations_between(connection, NOON + start * HOUR, NOON + end * HOUR, **more)  # type: ignore[arg-type]
        return [each.id for each in found]


def put(database: Database, *annotations: Annotation) -> None:
    with database.begin() as connection:
        put_annotations(connection, annotations)


def test_what_touches_a_range_is_read_oldest_first(database: Database) -> None:
    put(database, at("late", 3), at("span", -5, 5.5), at("early", 1), at("before", -1), at("end", 4))
    assert names(database, 0, 4) == ["span", "early", "late"]
    assert names(database, 0, 4, limit=2) == ["early", "late"]


def test_it_is_read_as_it_was_stored(database: Database) -> None:
    said = at("a", 0, 1, text="of <b>", tags=("x", "y"), url="https://example.org", source="deploy")
    put(database, said)
    with database.reading() as connection:
        assert annotations_between(connection, NOON, NOON + HOUR) == [said]


def test_one_of_an_id_takes_the_place_of_the_last(database: Database) -> None:
    put(database, at("a", 0), at("a", 2))
    assert names(database, -1, 1) == []
    assert names(database, 1, 3) == ["a"]


def test_all_tags_that_are_asked_for_are_needed(database: Database) -> None:
    put(database, at("both", 0, tags=("x", "y")), at("one", 0, tags=("x",)), at("none", 0))
    assert names(database, -1, 1, tags=["x"]) == ["both", "one"]
    assert names(database, -1, 1, tags=["y", "x"]) == ["both"]


def test_what_ended_before_is_purged(database: Database) -> None:
    put(database, at("gone", 0), at("reaches", 0, 2), at("kept", 5))
    with database.begin() as connection:
        assert purge_annotations(connection, NOON + HOUR) == 1
    assert names(database, -9, 9) == ["reaches", "kept"]
