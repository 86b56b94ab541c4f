"""What the collectors refused, as intervals."""

from datetime import timedelta
from uuid import uuid4

from db.batches import Batch
from db.engine import Database
from db.ledger import write_batches
from db.rows import to_nanoseconds
from metrics_dash.charts.queries import Queries
from metrics_dash.ingest.refusals import Refusals
from metrics_dash.jobs.rollup import roll_up_all
from tests.support.charts import KILLED, LOGIN, REFUSED, at, logins, store


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


def test_a_chart_shows_those_of_its_own_event_and_the_tab_those_of_all(database: Database, queries: Queries) -> None:
    """Through the very buffer and buckets, as a collector reports them."""
    moment = at("2026-03-10T12:00:10+00:00")
    store(database, *logins(moment, 1))
    refusals = Refusals({LOGIN, KILLED})
    refusals.add("too_old", 7, {LOGIN: 3, KILLED: 2, "no such event": 2})
    refusals.add("invalid", 4, {LOGIN: 4})
    with database.begin() as connection:
        write_batches(connection, [Batch(uuid4(), refusals.report(to_nanoseconds(moment)))])
    roll_up_all(database)
    for length in ("1h", "7d"):
        tab = queries.tab("auth", queries.window(length))
        assert [(one.count, one.reasons) for one in tab.refused] == [(11, ("invalid", "too_old"))]
        own = {chart.chart.id: [(one.count, one.reasons) for one in chart.refused] for chart in tab.charts}
        of_logins = [chart.chart.id for chart in tab.charts if LOGIN in chart.chart.events]
        assert own == {chart: [(7, ("invalid", "too_old"))] if chart in of_logins else [] for chart in own}
        assert 0 < len(of_logins) < len(own)
    (killed,) = queries.series(KILLED, window=queries.window("1h")).refused
    assert (killed.count, killed.reasons) == (2, ("too_old",))


def test_what_was_reported_without_a_name_is_the_tabs_alone(database: Database, queries: Queries) -> None:
    store(database, (REFUSED, at("2026-03-10T12:00:10+00:00"), {"events": 40}, {"reason": "buffer_full"}))
    tab = queries.tab("auth", queries.window("1h"))
    assert (len(tab.refused), {chart.refused for chart in tab.charts}) == (1, {()})
