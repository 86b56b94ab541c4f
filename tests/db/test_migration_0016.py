"""Migration 0016: what is declared by an application that runs on, and the way back, on which nothing else is lost."""

from db.declared import Declared, declared_events
from db.engine import Database, use_database
from db.events import insert_events
from db.migrate import migrate
from db.names import stored_names
from metrics_dash.jobs.rollup import run_pass
from tests.support.rollups import event


def test_events_are_declared_by_the_next_pass_and_the_way_back_leaves_names(empty_database: Database) -> None:
    migrate(empty_database)
    use_database(empty_database)
    try:
        insert_events([event(0), event(0, "c.d")], database=empty_database)
        migrate(empty_database, "0015")
        migrate(empty_database)
        run_pass(empty_database, declared=Declared(["a.b", "e.f"]))
        with empty_database.reading() as connection:
            assert declared_events(connection) == {"a.b", "e.f"}
        migrate(empty_database, "0015")
        with empty_database.reading() as connection:
            assert stored_names(connection) == {"a.b", "c.d"}
    finally:
        use_database(None)
