"""What was done, by whom, newest first."""

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from layouts.pages.forms import moment, section, table
from metrics_dash.auth.overview import ENTRIES_AT_ONCE, Entry
from metrics_dash.web.paths import AUDIT_LOG_PATH


def content(entries: Sequence[tuple[int, Entry]]) -> list[Component]:
    """Return the page's parts, with the way to older entries where there may be some."""
    head = ("When", "Who", "From", "What", "Of what", "More")
    rows = [
        (moment(entry.at), entry.actor, entry.address or "–", entry.action, entry.subject or "–", _detail(entry))
        for _, entry in entries
    ]
    parts: list[Component] = [section("Audit log", table("Audit log", head, rows, "Nothing was done yet."))]
    if len(entries) == ENTRIES_AT_ONCE:
        older = f"{AUDIT_LOG_PATH}?before={entries[-1][0]}"
        parts.append(html.P(html.A("Older entries", href=older)))
    return parts


def _detail(entry: Entry) -> str:
    told = {
        name: ", ".join(map(str, value)) if isinstance(value, list) else value for name, value in entry.detail.items()
    }
    return "; ".join(f"{name}: {value}" for name, value in told.items() if value not in ("", None)) or "–"
