"""``tokens``: printed once, alone on the last line; listed without their secrets; revoked by their ids."""

import re

import pytest

from db.engine import Database
from metrics_dash.auth.tokens import Tokens
from tests.commands.conftest import Run


def test_a_token_is_printed_once_and_does_what_it_was_made_for(on: Run, database: Database) -> None:
    ended = on("tokens", "add", "shop", "--prefix", "shop.", "--rate", "5000", "--expires", "90d")
    shown = ended.out.splitlines()[-1]
    assert re.fullmatch(r"mdt_[0-9a-f]{12}_[0-9a-f]{64}", shown)
    found = Tokens(database).find(shown, address="192.0.2.1")
    assert found is not None
    assert (found.scopes, found.prefixes, found.limited) == ({"ingest"}, ("shop.",), True)
    listed = on("tokens", "list", COLUMNS="250").out
    assert shown not in listed
    assert shown.split("_")[2] not in listed
    for part in (shown.split("_")[1], "shop.", "5,000 events/s", "from 192.0.2.1"):
        assert part in listed


def test_one_that_is_revoked_is_listed_as_that_and_does_nothing(on: Run, database: Database) -> None:
    shown = on("tokens", "add", "shop", "--scope", "query,scrape").out.splitlines()[-1]
    assert on("tokens", "revoke", shown.split("_")[1]).code == 0
    assert Tokens(database).find(shown, address="") is None
    assert "revoked" in on("tokens", "list", COLUMNS="250").out
    again = on("tokens", "revoke", shown.split("_")[1])
    assert (again.code, again.err.count("\n")) == (1, 1)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--scope", "everything"), 1),
        (("--prefix", "Shop"), 1),
        (("--rate", "0"), 2),
        (("--bytes", "-1"), 2),
        (("--rate", "1e10"), 2),
        (("--bytes", "1e13"), 2),
        (("--rate", "nan"), 2),
        (("--expires", "soon"), 2),
    ],
)
def test_what_can_not_be_a_token_prints_none(on: Run, arguments: tuple[str, ...], code: int) -> None:
    ended = on("tokens", "add", "shop", *arguments)
    assert (ended.code, ended.out) == (code, "")
