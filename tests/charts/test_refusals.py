"""What the collectors refused, as intervals."""

from datetime import timedelta

from db.engine import Database
from metrics_dash.charts.queries import Queries
from tests.support.charts import REFUSED, at, store


def test_refused_events_are_intervals_with_count_and_reasons(database: Database, queries: Queries) -> None:
    first = at("2026-03-10T12:00:10+00:00")
    store(
        database,
        (REFUSED, first, {"events": 40}, {"reason": "buffer_full"}),
        (REFUSED, first + timedelta(minutes=1), {"events": 2}, {"reason": "too_old"}),
        (REFUSED, first + timedelta(minutes=10), {"events": 1}, {"reason": "buffer_full"}),
    )
    intervals = queries.tab("auth", queries.window("1h")).refused
    assert [(one.start.minute, one.end.minute, one.count, one.reasons) for one in intervals] == [
        (0, 2, 42, ("buffer_full", "too_old")),
        (10, 11, 1, ("buffer_full",)),
    ]
