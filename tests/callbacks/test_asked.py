"""What an address asks for is read for whoever may see it, and for nobody else."""

from datetime import UTC, datetime, timedelta

import pytest

from callbacks.asked import find
from db.engine import Database
from metrics_dash.auth.permissions import LOCAL, ForbiddenError, Principal
from metrics_dash.catalog import load_catalog
from metrics_dash.charts.queries import Queries
from metrics_dash.charts.timerange.parse import RangeError
from metrics_dash.settings import Settings
from metrics_dash.web.address import read_state
from metrics_dash.web.context import Context

NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)
ADDRESS = "tab=auth&from=2026-02-01T00:00:00Z&to=2026-02-02T00:00:00Z"


@pytest.fixture
def context(database: Database) -> Context:
    catalog, settings = load_catalog(), Settings()
    queries = Queries(database, catalog, settings)
    return Context(catalog, settings, queries, clock=lambda: NOON, demo=lambda: False, version="1")


def test_it_is_of_the_range_and_of_the_browsers_zone(context: Context) -> None:
    found = find(read_state(ADDRESS, context.catalog), "Europe/Berlin", 560, LOCAL, context)
    assert found.data.window.zone.key == "Europe/Berlin"
    assert found.data.window.span.length == timedelta(days=1)
    assert found.data.tab.id == "auth"


def test_a_tab_that_is_not_open_to_somebody_is_refused(context: Context) -> None:
    guest = Principal("link", "a wall", tabs=frozenset({"combat"}))
    with pytest.raises(ForbiddenError):
        find(read_state(ADDRESS, context.catalog), "UTC", 0, guest, context)


def test_a_range_longer_than_a_link_shows_is_refused(context: Context) -> None:
    guest = Principal("link", "a wall", tabs=frozenset({"auth"}), longest=timedelta(hours=1))
    with pytest.raises(RangeError, match="1 hours at most"):
        find(read_state(ADDRESS, context.catalog), "UTC", 0, guest, context)
