"""The tables of who may come in stand beside the others, and keep no secret but what it can be told by."""

from sqlalchemy import LargeBinary, Text

from db import access_tables
from db.schema import metadata

TABLES = ("auth_roles", "auth_users", "auth_sessions", "auth_tokens", "auth_links", "auth_walls", "auth_attempts")


def test_they_are_compared_with_what_the_migrations_make_as_all_others_are() -> None:
    for name in (*TABLES, "audit_log"):
        assert metadata.tables[name] is getattr(access_tables, name)


def test_what_somebody_shows_to_be_let_in_is_kept_as_its_digest() -> None:
    for name in ("auth_sessions", "auth_tokens", "auth_links", "auth_walls"):
        columns = metadata.tables[name].columns
        assert isinstance(columns["digest"].type, LargeBinary)
        assert not {"secret", "token", "cookie", "password"} & set(columns.keys())
    users = metadata.tables["auth_users"].columns
    assert isinstance(users["password_hash"].type, Text)
    assert "password" not in users
