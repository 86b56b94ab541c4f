"""``audit-log``: what was done, by whom, newest last; for people and for programs."""

import json

from tests.commands.conftest import Run


def test_what_was_done_is_printed_newest_last_and_without_secrets(on: Run) -> None:
    shown = on("tokens", "add", "shop").out.splitlines()[-1]
    on("tokens", "revoke", shown.split("_")[1])
    lines = on("audit-log").out.splitlines()
    assert ["token.add" in lines[0], "token.revoke" in lines[1]] == [True, True]
    assert shown.split("_")[2] not in "".join(lines)
    assert "by command by" in lines[0]
    assert len(on("audit-log", "--limit", "1").out.splitlines()) == 1


def test_programs_get_an_object_on_each_line(on: Run) -> None:
    on("tokens", "add", "shop", "--prefix", "shop.")
    (entry,) = map(json.loads, on("audit-log", "--json").out.splitlines())
    assert (entry["action"], entry["detail"]) == ("token.add", {"scopes": ["ingest"], "prefixes": ["shop."]})
