"""What catalogs declare is kept, once, whoever declares it again or declares something else."""

from sqlalchemy import text

from db.declared import Declared, declare, declared_events, let_in
from db.engine import Database
from db.rollups import lock
from metrics_dash.catalog import load_catalog


def enter(database: Database, declared: Declared) -> None:
    with database.begin() as connection:
        lock(connection)
        declare(connection, declared)


def keys(database: Database) -> set[tuple[str, str, str]]:
    with database.reading() as connection:
        return {tuple(row) for row in connection.execute(text("SELECT event_name, kind, key FROM event_keys"))}


def events(database: Database) -> set[str]:
    with database.reading() as connection:
        return declared_events(connection)


def test_what_was_declared_stays_so_when_another_catalog_declares_something_else(database: Database) -> None:
    enter(database, Declared(["a.b"], unique={"a.b": ["who"]}, split={"a.b": ["land"]}))
    enter(database, Declared(["a.b", "c.d"], split={"a.b": ["land", "tier"]}))
    enter(database, Declared())
    assert events(database) == {"a.b", "c.d"}
    assert keys(database) == {("a.b", "unique", "who"), ("a.b", "split", "land"), ("a.b", "split", "tier")}


def test_a_catalog_declares_all_its_events_and_their_keys(database: Database) -> None:
    catalog = load_catalog()
    enter(database, catalog.declared)
    assert events(database) == set(catalog.events)
    assert {(name, key) for name, kind, key in keys(database) if kind == "unique"} == {
        (event.name, key) for event in catalog.events.values() for key in event.unique
    }


def test_events_are_let_in_while_somebody_else_rolls_up(database: Database) -> None:
    """A pass may take long, and what is refused meanwhile is gone."""
    with database.begin() as connection:
        lock(connection)
        let_in(database, ["a.b", "c.d"])
    let_in(database, ["c.d", "e.f"])
    let_in(database, [])
    assert events(database) == {"a.b", "c.d", "e.f"}
