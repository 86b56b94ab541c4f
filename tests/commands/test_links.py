"""``links``: an address printed once, alone on the last line; listed with its walls; revoked by its id."""

from db.engine import Database
from metrics_dash.auth import links
from metrics_dash.auth.links import Links
from tests.commands.conftest import Run


def test_an_address_is_printed_once(on: Run, database: Database) -> None:
    ended = on("links", "add", "--tab", "auth", "--kiosk", "--longest", "6h", "--expires", "30d")
    address = ended.out.splitlines()[-1]
    assert address.startswith("http://127.0.0.1:8050/admin/link?key=mdl_")
    opened = Links(database).exchange(address.partition("=")[2], address="192.0.2.7")
    assert opened is not None
    Links(database).saw(opened.cookie, tab="auth", version="1-abc", address="192.0.2.7")
    listed = on("links", "list", COLUMNS="250").out
    assert address.rpartition("_")[2] not in listed
    for part in ("auth", "6 h", "192.0.2.7", "1-abc"):
        assert part in listed


def test_it_begins_where_people_reach_the_dashboard(on: Run) -> None:
    ended = on("links", "add", METRICS_PUBLIC_URL="https://metrics.example.org/")
    assert ended.out.splitlines()[-1].startswith("https://metrics.example.org/admin/link?key=mdl_")


def test_a_tab_that_there_is_not_is_one_line(on: Run) -> None:
    ended = on("links", "add", "--tab", "nope")
    assert (ended.code, ended.out, ended.err.count("\n")) == (1, "", 1)


def test_names_and_addresses_are_listed_as_they_are(on: Run, database: Database) -> None:
    link = links.issue(database, by="[/bold] :smile:", tabs=(), known=())
    assert Links(database).exchange(str(link), address="2001:a:db8::1") is not None
    listed = on("links", "list", COLUMNS="250").out
    assert "[/bold] :smile:" in listed
    assert "2001:a:db8::1" in listed


def test_one_that_is_revoked_opens_nothing(on: Run, database: Database) -> None:
    key = on("links", "add").out.splitlines()[-1].partition("=")[2]
    assert on("links", "revoke", key.split("_")[1]).code == 0
    assert Links(database).exchange(key, address="") is None
    assert "revoked" in on("links", "list", COLUMNS="250").out
    assert on("links", "revoke", key.split("_")[1]).code == 1


def test_one_whose_tab_went_from_the_catalog_is_listed_as_that(on: Run, database: Database) -> None:
    link = links.issue(database, by="test", tabs=("auth", "shop"), known=("auth", "shop"))
    (line,) = [line for line in on("links", "list").out.splitlines() if link.identity in line]
    assert line.rstrip().endswith("not in the catalog: shop")
