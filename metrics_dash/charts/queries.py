"""From buckets to what a chart shows: the only reader of buckets.

``Queries`` answers for a tab, a chart or any event, with one SQL statement for a tab and window, cached by the snapped
window, so that the database is asked once a tick however many viewers there are.

What a value means:

- A count, a sum or a rate of a bucket without events is zero as far as buckets are held, from the first event of that
  name on; before it nobody counted, and there is a gap (NaN), also in what it is compared with. An average, minimum or
  maximum without events is a gap.
- Nothing is said of time that has not come yet, or that events may still be on their way from: such a bucket is a gap
  until it has events, and unfinished (``unfinished_from``) until the pipeline is complete through its end.
- A rate divides by the seconds that a bucket really has (a day may have 23 hours), an unfinished one by those that
  the pipeline is complete for; where that is less than a tenth of the bucket, there is no rate yet.
- The number above a chart: counts and sums are totals over the range, rates averages over as much of it as the event
  was recorded in; a gauge shows its latest sample, whatever is drawn; averages, minima and maxima of other kinds are
  those of the whole range. Its change compares complete buckets with the same number of buckets just before, and a
  gauge with its latest sample there.
- A ratio divides the sum of one thing by the sum of another, also of longer buckets and of the whole range: it is never
  an average of ratios. Where the denominator is zero, or was not recorded yet, there is a gap.
- Through a filter all of that is of one value's events, or of all but those. In a bucket that may count the value among
  others, or was made before its dimension was declared, nothing is known: a gap, and no number over any range with it.
- A split shows the values with the most events; "other" is all the rest, events without that key included, so that a
  split adds up to the count.

A chart that can't be built is ``failing`` and leaves its neighbours standing; a database that can't be asked raises
``QueriesUnavailableError``, so that a page can keep its last picture.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from db.engine import Database
from db.events import read_events
from db.faults import Fault, classify
from db.filters import Filter
from db.reading import ask, ask_status
from db.series import read_series, read_tab
from db.series_reads import LastSeen, Read, Rows
from db.status import PipelineStatus
from metrics_dash.catalog import Catalog, Chart, Tab
from metrics_dash.catalog_rules import Show
from metrics_dash.charts import series as assembled
from metrics_dash.charts.ad_hoc import Split, ad_hoc_chart, split_chart
from metrics_dash.charts.cache import SharedCache, Store
from metrics_dash.charts.data import Annotation, ChartData, Interval, QueriesUnavailableError, TabData
from metrics_dash.charts.filtering import filter_ad_hoc, filter_chart
from metrics_dash.charts.plan import Plan, plan
from metrics_dash.charts.ratios import seen_of
from metrics_dash.charts.refusals import intervals, intervals_of, refused_reads
from metrics_dash.charts.timerange.parse import DEFAULT_RANGE, Comparison, parse_range
from metrics_dash.charts.timerange.steps import Step
from metrics_dash.charts.timerange.windows import (
    FILLING,
    RetainedSince,
    TabWindows,
    Window,
    choose_window,
    fit_bars,
    snap,
)
from metrics_dash.charts.uncomputed import uncomputed_in
from metrics_dash.settings import Settings

log = logging.getLogger(__name__)

T = TypeVar("T")


def _utc_now() -> datetime:
    return datetime.now(UTC)


def retained_since(status: PipelineStatus) -> RetainedSince:
    """Return from when on each level is held."""
    return RetainedSince(**{level: floor.recompute for level, floor in status.floors.items()})


@dataclass(frozen=True, slots=True)
class Moment:
    """One tick: ``now`` (aware UTC), and how far the pipeline was when it was asked at that tick."""

    now: datetime
    status: PipelineStatus

    @property
    def held(self) -> RetainedSince:
        """From when on each level is held."""
        return retained_since(self.status)


class Queries:
    """Answers for charts. Safe to share between threads; makes no connection until it is asked.

    ``cache``: an object like flask-caching's (``get``, ``set``); without one, memory. ``clock``: aware now.
    ``self.cache`` may hold what else is asked once a tick.
    """

    def __init__(
        self,
        database: Database,
        catalog: Catalog,
        settings: Settings,
        cache: Store | None = None,
        *,
        clock: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._database = database
        self._catalog = catalog
        self._timezone = settings.timezone
        self._tick = timedelta(seconds=settings.refresh_interval)
        self._clock = clock
        self.cache = SharedCache(cache, timeout=2 * max(1, round(settings.refresh_interval)))

    # What time it is, and how far the pipeline is

    def now(self) -> datetime:
        """Return the last tick of the refresh interval, aware UTC: what "now" means in every live window."""
        return snap(self._clock(), self._tick)

    def moment(self) -> Moment:
        """Return the last tick and the pipeline's status at it. Raises ``QueriesUnavailableError``.

        Whoever asks several things asks for the moment once and hands it on, so that all answers are of one tick.
        """
        now = self.now()
        status = self.cache.get(
            f"pipeline|{now.timestamp()}", self._ask_status, lambda found: isinstance(found, PipelineStatus)
        )
        return Moment(now, status)

    def _ask_status(self) -> PipelineStatus:
        with _unavailable_if_it_fails():
            return ask_status(self._database)

    def window(
        self,
        length: str | None = None,
        *,
        start: str | None = None,
        end: str | None = None,
        zone: ZoneInfo | None = None,
        step: Step | None = None,
        moment: Moment | None = None,
    ) -> Window:
        """Return the window for a range as ``parse_range`` reads it, now being the moment's; without a ``step`` in one
        that suits its length. Raises ``RangeError``."""
        zone = zone or self._timezone
        moment = moment or self.moment()
        span = parse_range(length or DEFAULT_RANGE, start=start, end=end, now=moment.now, zone=zone)
        return choose_window(span, zone, moment.held, step)

    # Charts

    def tab(
        self,
        tab_id: str,
        window: Window,
        *,
        compare: Comparison | None = None,
        split: Split = None,
        where: Filter | None = None,
        bars: int | None = None,
        moment: Moment | None = None,
    ) -> TabData:
        """Return all charts of a tab, all of one range, which the answer's window names.

        ``where``: a filter, which every chart follows whose events have its dimension; the others say so.
        Where nobody chose the step, charts of bars or cells have at most ``bars`` of them; None: the others' step.
        Raises ``KeyError`` for an unknown tab, ``QueryError`` for a split that a chart named in ``split`` can't have,
        ``QueriesUnavailableError``.
        """
        tab = self._catalog.tab(tab_id)
        events = self._catalog.events
        asked = (split_chart(chart, split) for chart in tab.charts)
        tab = replace(tab, charts=tuple(filter_chart(chart, where, events) for chart in asked))
        moment = moment or self.moment()
        windows = TabWindows(window, window)
        if bars is not None and any(chart.draw in FILLING for chart in tab.charts):
            windows = fit_bars(window, moment.held, bars)
        return self._charts(tab, windows, compare, moment)

    def chart(
        self,
        chart_id: str,
        window: Window,
        *,
        compare: Comparison | None = None,
        split: Split = None,
        where: Filter | None = None,
        bars: int | None = None,
        moment: Moment | None = None,
    ) -> ChartData:
        """Return one chart of the catalog, out of the same answer as its tab's. Raises as ``tab`` does."""
        tab = self._catalog.tab_of(chart_id)
        data = self.tab(tab.id, window, compare=compare, split=split, where=where, bars=bars, moment=moment)
        return data.chart(chart_id)

    def series(
        self,
        event_name: str,
        measurement: str | None = None,
        show: Show = "count",
        window: Window | None = None,
        split_by: str | None = None,
        *,
        compare: Comparison | None = None,
        where: Filter | None = None,
        moment: Moment | None = None,
    ) -> ChartData:
        """Return any event ever seen as a chart of its own. Raises ``QueryError``, ``QueriesUnavailableError``."""
        chart = ad_hoc_chart(event_name, measurement, show, split_by, self._catalog)
        chart = filter_ad_hoc(chart, where, self._catalog.events)
        return self.one(chart, window, compare=compare, moment=moment)

    def one(
        self,
        chart: Chart,
        window: Window | None = None,
        *,
        compare: Comparison | None = None,
        moment: Moment | None = None,
    ) -> ChartData:
        """Return the data of a chart that stands in no tab. Raises ``QueriesUnavailableError``."""
        moment = moment or self.moment()
        tab = Tab(id="query", title="Query", charts=(chart,))
        window = window or self.window(moment=moment)
        return self._charts(tab, TabWindows(window, window), compare, moment).charts[0]

    def charts(self, tab: Tab, window: Window, *, moment: Moment | None = None) -> TabData:
        """Return the data of charts that stand in no catalog, in one statement. Raises ``QueriesUnavailableError``."""
        return self._charts(tab, TabWindows(window, window), None, moment or self.moment())

    def raw_events(
        self, chart_id: str, start: datetime, end: datetime, limit: int = 1000, *, where: Filter | None = None
    ) -> list[dict[str, Any]]:
        """Return the raw events behind a chart with ``start <= occurred_at < end``, oldest first, at most ``limit``.

        As ``db.events.query_events`` does: what an event carries stays apart from what it is. Empty where raw events
        are no longer held; only those that a filter leaves (``where``), if the chart follows it. Raises ``KeyError``
        for an unknown chart, ``QueriesUnavailableError``.
        """
        chart = filter_chart(self._catalog.chart(chart_id), where, self._catalog.events)
        return self._ask(lambda connection: read_events(connection, chart.event, start, end, limit, chart.where))

    # From charts to data

    def _charts(self, tab: Tab, windows: TabWindows, compare: Comparison | None, moment: Moment) -> TabData:
        # The status is older than what is read with it, so the watermark is never newer than what it speaks of.
        return self.cache.get(
            self._key(tab, windows, compare, moment),
            lambda: self._ask(
                lambda connection: _read_tab(connection, tab, windows, compare, moment.status),
                moment.status.position,
                planned=True,
            ),
            lambda found: isinstance(found, TabData) and found.answers(tab, windows, compare),
        )

    def _key(self, tab: Tab, windows: TabWindows, compare: Comparison | None, moment: Moment) -> str:
        """Return what the answer depends on, and the tick: a fixed window too may get late events."""
        window = windows.lines
        tick = window.end if window.live else moment.now
        charts = [
            (c.id, c.event, c.measurement, c.show, c.split_by, c.draw, c.ratio, c.where, c.aside) for c in tab.charts
        ]
        span = (window.start.timestamp(), window.end.timestamp(), window.asked)
        buckets = [(each.step.key, each.source, each.chosen) for each in windows]
        return f"tab|{tab.id}|{charts}|{span}|{buckets}|{window.zone.key}|{compare}|{tick.timestamp()}"

    def _ask(self, question: Callable[[Connection], T], at_least: str | None = None, *, planned: bool = False) -> T:
        with _unavailable_if_it_fails():
            return ask(self._database, question, at_least, planned=planned)


@contextmanager
def _unavailable_if_it_fails() -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        log.warning("the database can't be asked: %s", _describe(error))
        raise QueriesUnavailableError(f"The database can't be asked just now ({_describe(error)}).") from error


def _describe(error: Exception) -> str:
    """Return what went wrong, without the statement, its parameters or anything of the connection's address."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        diagnosis = getattr(error.orig, "diag", None)
        return getattr(diagnosis, "message_primary", None) or type(error.orig).__name__
    return type(error).__name__


def _read_tab(
    connection: Connection,
    tab: Tab,
    windows: TabWindows,
    compare: Comparison | None,
    status: PipelineStatus,
) -> TabData:
    held, complete_through = retained_since(status), status.complete_through
    window = windows.lines
    plans = [plan(chart, windows.of(chart.draw), held, complete_through, compare) for chart in tab.charts]
    # Where nothing was ever refused, which is most of the time, nothing is asked about it.
    refusals = refused_reads(window) if status.ever_refused else ()
    charts, refused, noted = _read_plans(connection, plans, window, held, refusals)
    if status.uncomputed:
        charts = tuple(
            replace(data, uncomputed=uncomputed_in(data.window, data.chart.events, status.uncomputed))
            for data in charts
        )
    return TabData(tab, window, charts, complete_through, refused, compare, noted)


def _read_plans(
    connection: Connection, plans: Sequence[Plan], window: Window, held: RetainedSince, refusals: Sequence[Read]
) -> tuple[tuple[ChartData, ...], tuple[Interval, ...], tuple[Annotation, ...]]:
    """Return all plans in one statement; where the data of one makes it fail, each in a statement of its own."""
    asked = [plan.reads() for plan in plans]
    reads = [read for of_plan in asked for read in of_plan]
    names = list(dict.fromkeys(name for plan in plans for name in plan.chart.events))
    try:
        answers, seen, noted = read_tab(connection, [*reads, *refusals], names, (window.start, window.end))
    except DBAPIError as error:
        if classify(error) is not Fault.DATA:
            raise
        connection.rollback()
        return tuple(_read_alone(connection, plan, held) for plan in plans), (), ()
    rows = iter(answers)
    charts = tuple(
        _build(plan, [next(rows) for _ in of_plan], seen, held) for plan, of_plan in zip(plans, asked, strict=True)
    )
    if not refusals:
        return charts, (), noted
    refused, by_event = intervals(next(rows), window), next(rows)
    return tuple(replace(c, refused=intervals_of(by_event, window, c.chart.events)) for c in charts), refused, noted


def _read_alone(connection: Connection, plan: Plan, held: RetainedSince) -> ChartData:
    try:
        answers, seen = read_series(connection, plan.reads(), plan.chart.events)
    except DBAPIError as error:
        if classify(error) is not Fault.DATA:
            raise
        connection.rollback()
        log.warning("chart %s can't be read: %s", plan.chart.id, _describe(error))
        return assembled.failing(plan.chart, plan.window, _describe(error))
    return _build(plan, answers, seen, held)


def _build(plan: Plan, answers: list[Rows], seen: Mapping[str, LastSeen], held: RetainedSince) -> ChartData:
    try:
        return assembled.build(plan, iter(answers), seen_of(plan.chart, seen), held)
    except Exception as error:
        log.exception("chart %s can't be built", plan.chart.id)
        return assembled.failing(plan.chart, plan.window, f"{type(error).__name__} while building this chart")
