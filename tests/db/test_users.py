"""People as rows: a name once, a role that there is, and a hash that nobody without a password here has."""

import pytest
from sqlalchemy.exc import IntegrityError

from db import users
from db.engine import Database


def test_a_person_is_found_by_name_with_the_permissions_of_the_role(database: Database) -> None:
    with database.begin() as connection:
        added = users.add_user(connection, "ann", role="editor", password_hash="$hash")
        assert users.user_of(connection, "ann") == added
        assert users.user_of(connection, "ANN") is None
    assert added is not None
    assert added.permissions == {"server.view_logs", "server.annotate"}


def test_a_name_is_taken_once(database: Database) -> None:
    with database.begin() as connection:
        users.add_user(connection, "ann", role="viewer", source="proxy")
        assert users.add_user(connection, "ann", role="admin", password_hash="$hash") is None
        assert [(user.name, user.role) for user in users.list_users(connection)] == [("ann", "viewer")]


def test_a_role_that_there_is_not_is_refused_by_the_database(database: Database) -> None:
    with pytest.raises(IntegrityError), database.begin() as connection:
        users.add_user(connection, "ann", role="king")


def test_nobody_comes_in_by_password_who_is_disabled_or_vouched_for_by_others(database: Database) -> None:
    with database.begin() as connection:
        for name, source in (("ann", "password"), ("pat", "proxy")):
            users.add_user(connection, name, role="viewer", source=source, password_hash="$hash")
        assert users.password_hash(connection, "ann") == "$hash"
        assert users.password_hash(connection, "pat") is None
        users.set_disabled(connection, "ann", True)
        assert users.password_hash(connection, "ann") is None
        users.set_disabled(connection, "ann", False)
        assert users.password_hash(connection, "ann") == "$hash"


def test_whoever_is_not_there_is_not_changed(database: Database) -> None:
    with database.begin() as connection:
        assert not users.set_role(connection, "nobody", "admin")
        assert not users.set_password_hash(connection, "nobody", "$hash")
        assert not users.set_disabled(connection, "nobody", True)


def test_the_roles_are_rows_that_hold_permissions(database: Database) -> None:
    with database.reading() as connection:
        assert {role: len(permissions) for role, permissions in users.roles(connection).items()} == {
            "viewer": 1,
            "editor": 2,
            "admin": 3,
        }
