"""The answer to a browser's question: one chart that can't be drawn costs its neighbours nothing."""

from datetime import UTC, datetime
from typing import Any

import pytest

from callbacks.refresh import NOT_DRAWN, RefreshRequest, answer_request
from db.engine import Database
from db.events import insert_events
from layouts.figure import traces
from metrics_dash.catalog import load_catalog
from metrics_dash.charts.data import ChartData, Series
from metrics_dash.charts.queries import Queries
from metrics_dash.jobs.rollup import roll_up_all
from metrics_dash.settings import Settings
from metrics_dash.web.context import Context

AUTH = ["login-rate", "login-results", "session-starts"]
NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)
ADDRESS = "?tab=auth&from=2026-02-01T11:30:00Z&to=2026-02-01T12:30:00Z&tz=UTC"


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shape that fails over the data of one chart, as a mistake in drawing would."""

    def fail(chart: ChartData, series: Series, style: Any) -> Any:
        raise ZeroDivisionError("a secret of the shape")

    monkeypatch.setattr(traces, "SHAPES", {**traces.SHAPES, "bar": fail})


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize("reason", ["navigate", "tick"])
def test_a_chart_that_cannot_be_drawn_says_so_and_leaves_its_neighbours(database: Database, reason: str) -> None:
    success = {"event_name": "bezgelor.auth.login_complete", "metadata": {"success": True}, "occurred_at": NOON}
    insert_events([success], database=database)
    roll_up_all(database)
    catalog, settings = load_catalog(), Settings()
    queries = Queries(database, catalog, settings)
    context = Context(catalog, settings, queries, clock=lambda: NOON, demo=lambda: False, version="1")
    question = RefreshRequest(search=ADDRESS, reason=reason, zone="UTC", theme="light")
    answer = answer_request(question, AUTH, context)
    words = [str(state) for state in answer.states]
    assert NOT_DRAWN in words[1]
    assert "a secret" not in str(answer)
    assert words[0] == "[]"
    assert len(answer.graphs) == len(answer.headlines) == 3


def test_what_is_wrong_with_the_replica_stands_at_the_foot_of_the_page(database: Database) -> None:
    catalog, settings = load_catalog(), Settings()
    queries = Queries(database, catalog, settings)
    warning = "the replica is 94 s behind, so the primary is read"
    context = Context(
        catalog, settings, queries, clock=lambda: NOON, demo=lambda: False, version="1", warnings=lambda: [warning]
    )
    question = RefreshRequest(search=ADDRESS, reason="tick", zone="UTC", theme="light")
    footer = str(answer_request(question, AUTH, context).footer)
    assert "The replica is 94 s behind, so the primary is read." in footer
