"""Links as rows, and the walls that came by them: they end together."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from db import links
from db.engine import Database


@pytest.fixture
def linked(database: Database) -> Database:
    with database.begin() as connection:
        links.add_link(
            connection, "l1", b"digest", tabs=("auth",), longest=timedelta(hours=6), kiosk=True, created_by="ann",
            lifetime=timedelta(days=30),
        )  # fmt: skip
        links.add_wall(connection, "l1", b"wall", "192.0.2.1")
    return database


def test_a_wall_knows_its_link(linked: Database) -> None:
    with linked.reading() as connection:
        link = links.link_of_wall(connection, b"wall")
        assert link == links.live_link(connection, "l1")
        assert links.link_of_wall(connection, b"other") is None
    assert link is not None
    assert (list(link.tabs), link.longest, link.kiosk) == (["auth"], timedelta(hours=6), True)


def test_a_wall_is_listed_with_what_it_shows(linked: Database) -> None:
    with linked.begin() as connection:
        links.saw_wall(connection, b"wall", tab="auth", version="1-abc", address="192.0.2.1")
        links.saw_wall(connection, b"wall", tab="combat", version=None, address="192.0.2.2")
        (wall,) = links.list_walls(connection)
    assert (wall.link_id, wall.tab, wall.version, wall.address) == ("l1", "combat", "1-abc", "192.0.2.2")


def test_a_link_that_is_revoked_ends_its_walls(linked: Database) -> None:
    with linked.begin() as connection:
        assert links.revoke_link(connection, "l1")
        assert not links.revoke_link(connection, "l1")
        assert links.live_link(connection, "l1") is None
        assert links.link_of_wall(connection, b"wall") is None
        assert links.list_walls(connection) == []
        assert len(links.list_links(connection)) == 1


def test_one_that_has_expired_too(linked: Database) -> None:
    with linked.begin() as connection:
        connection.execute(text("UPDATE auth_links SET expires_at = clock_timestamp()"))
        assert links.link_of_wall(connection, b"wall") is None


def test_walls_that_were_not_seen_for_long_are_forgotten(linked: Database) -> None:
    with linked.begin() as connection:
        assert links.sweep_walls(connection, timedelta(days=30)) == 0
        connection.execute(text("UPDATE auth_walls SET seen_at = seen_at - interval '31 days'"))
        assert links.sweep_walls(connection, timedelta(days=30)) == 1
