"""What is asked of a role is what ``db.roles`` gives whoever does its work, and no more."""

import pytest
from sqlalchemy import text

from db.engine import Database
from db.rights import Lacking, Work, lacking, needed
from db.schema import VIEWS
from tests.db.test_roles import As, log_in, prefix

__all__ = ["log_in", "prefix"]


def test_the_owner_lacks_nothing(database: Database) -> None:
    with database.reading() as connection:
        assert lacking(connection, "rollup") == lacking(connection, "viewer") == Lacking(())


@pytest.mark.parametrize(("kind", "work"), [("owner", "rollup"), ("rollup", "rollup"), ("viewer", "viewer")])
def test_a_member_of_a_group_lacks_nothing_for_its_work(log_in: As, kind: str, work: Work) -> None:
    with log_in(kind).reading() as connection:
        assert lacking(connection, work) == Lacking(())


def test_nobody_is_asked_for_the_right_to_rewrite_what_was_done() -> None:
    assert (
        needed("rollup", login=True)["audit_log"] == needed("viewer", login=True)["audit_log"] == ("SELECT", "INSERT")
    )


def test_without_a_login_nobody_is_asked_for_people_and_never_for_the_views_of_others() -> None:
    for work in ("rollup", "viewer"):
        assert "auth_users" not in needed(work, login=False)
        assert "auth_users" in needed(work, login=True)
        assert not set(VIEWS) & set(needed(work, login=True))


def test_where_a_group_owns_raw_events_a_member_of_it_may_make_partitions(log_in: As, database: Database) -> None:
    viewer = log_in("viewer")
    with viewer.reading() as connection:
        lacks = lacking(connection, "rollup")
        group = connection.execute(
            text("SELECT tableowner FROM pg_tables WHERE tablename = 'telemetry_events'")
        ).scalar()
    user = viewer.url.username
    assert lacks.partitions == (f"GRANT {group} TO {user}",)
    with database.begin() as connection:
        for statement in (*lacks.rows, *lacks.partitions):
            connection.exec_driver_sql(statement)
    with viewer.reading() as connection:
        assert lacking(connection, "rollup") == Lacking(())
