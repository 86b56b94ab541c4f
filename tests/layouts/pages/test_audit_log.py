"""The page of the audit log: every entry as text, and the way to older ones."""

from datetime import UTC, datetime
from typing import Any

from dash import html

from layouts.pages.audit_log import content
from metrics_dash.auth.overview import ENTRIES_AT_ONCE, Entry
from tests.support.components import attribute, every, words

NOW = datetime(2026, 1, 31, tzinfo=UTC)


def entry(**detail: Any) -> Entry:
    return Entry(NOW, "<b>ann</b>", "192.0.2.1", "token.add", "shop 0123", detail)


def test_an_entry_is_text_with_its_details() -> None:
    shown = words(content([(7, entry(scopes=["ingest", "query"], prefixes=[], role=None))]))
    for part in ("<b>ann</b>", "192.0.2.1", "token.add", "scopes: ingest, query"):
        assert part in shown
    assert "None" not in shown


def test_there_is_a_way_to_older_entries_where_there_may_be_some() -> None:
    full = content([(number, entry()) for number in range(ENTRIES_AT_ONCE + 5, 5, -1)])
    assert [attribute(link, "href") for link in every(full, html.A)] == ["/admin/audit-log?before=6"]
    assert list(every(content([(1, entry())]), html.A)) == []
