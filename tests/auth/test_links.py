"""Links: exchanged for a cookie, bound to tabs and a range, and ended with every wall."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from db.engine import Database
from metrics_dash.auth import links
from metrics_dash.auth.links import LinkError, Links

TABS = ("auth", "combat")


def test_a_link_gives_each_browser_a_cookie_of_its_own(database: Database) -> None:
    link = links.issue(database, by="ann", tabs=("auth",), known=TABS, kiosk=True, longest=timedelta(hours=6))
    opened = [Links(database).exchange(str(link), address="192.0.2.1") for _ in range(2)]
    cookies = {each.cookie for each in opened if each is not None}
    assert len(cookies) == 2
    for cookie in cookies:
        found = Links(database).find(cookie)
        assert found is not None
        assert (found.kind, found.tabs, found.longest) == ("link", {"auth"}, timedelta(hours=6))
        assert found.permissions == {"server.view_logs"}
        assert found.scopes == set()


def test_revoking_it_ends_every_wall_at_once(database: Database) -> None:
    link = links.issue(database, by="ann", tabs=(), known=TABS)
    opened = Links(database).exchange(str(link), address="")
    assert opened is not None
    links.revoke(database, link.identity, by="ann")
    assert Links(database).find(opened.cookie) is None
    assert Links(database).exchange(str(link), address="") is None


def test_what_is_no_link_opens_nothing(database: Database) -> None:
    link = links.issue(database, by="ann", tabs=(), known=TABS)
    for shown in ("", "anything", str(link)[:-1], str(link).replace("mdl_", "mdt_"), str(link)[:-2] + "zz"):
        assert Links(database).exchange(shown, address="") is None
    assert Links(database).find(str(link)) is None


def test_a_tab_that_there_is_not_is_refused(database: Database) -> None:
    with pytest.raises(LinkError, match="there are auth, combat"):
        links.issue(database, by="ann", tabs=("nope",), known=TABS)


def test_neither_the_link_nor_the_cookie_is_kept(database: Database) -> None:
    link = links.issue(database, by="ann", tabs=(), known=TABS)
    opened = Links(database).exchange(str(link), address="")
    assert opened is not None
    with database.reading() as connection:
        for table in ("auth_links", "auth_walls", "audit_log"):
            rows = connection.execute(text(f"SELECT string_agg(t::text, '') FROM {table} t")).scalar_one()
            assert link.secret not in rows
            assert opened.cookie not in rows


def test_only_one_that_holds_can_be_revoked(database: Database) -> None:
    with pytest.raises(LinkError, match="that holds"):
        links.revoke(database, "000000000000", by="ann")
