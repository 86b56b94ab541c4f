"""A filter over charts: whichever of them have its dimension follow it, and the others say that they don't.

One dimension is told apart in buckets, and where several are asked for raw events are read. A chart that would need two
of buckets, the filter's and that of its split or of what it counts already, shows what the filter alone leaves, or is
not filtered, and says so: a table lists the values of its own dimension or nothing. A chart that is split by the
filter's own goes on to be of that value, in its colour.
"""

from collections.abc import Mapping
from dataclasses import replace

from db.filters import Filter, together
from metrics_dash.catalog import Chart
from metrics_dash.catalog_rules import SPLIT_BY_ANY, Event
from metrics_dash.charts.data import QueryError

_RAW = "several filters at once"


def filter_chart(chart: Chart, where: Filter | None, events: Mapping[str, Event]) -> Chart:
    """Return a chart as a filter has it, or with the sentence that says why it stays as it is (``aside``). Of several
    it follows those whose dimensions it has."""
    if where is None:
        return chart
    lacking = [name for name in _named(where) if not all(name in _dimensions(event, events) for event in chart.events)]
    followed = together(each for each in where.all() if each.dimension not in lacking)
    if followed is None:
        return replace(chart, aside=f"not filtered: no {', '.join(lacking)}")
    found = _follow(chart, followed)
    if not lacking:
        return found
    said = [f"not filtered by {', '.join(lacking)}", *([found.aside] if found.aside else [])]
    return replace(found, aside=found.aside if found.where is None else "; ".join(said))


def _follow(chart: Chart, where: Filter) -> Chart:
    if where.also:
        return _read_raw(chart, where)
    counted = _counted(chart)
    if counted and counted != {where.dimension}:
        return replace(chart, aside=f"not filtered: counts by {', '.join(sorted(counted))}, one dimension at a time")
    if chart.is_ranking and chart.split_by != where.dimension:
        return replace(chart, aside=f"not filtered: lists {chart.split_by}, one dimension at a time")
    return _filtered(chart, where)


def _read_raw(chart: Chart, where: Filter) -> Chart:
    """Return a chart of what several filters leave: of all of that, or of the one value of its split."""
    found = replace(chart, where=where)
    if chart.is_ranking:
        return replace(chart, aside=f"not filtered: lists {chart.split_by}, not by {_RAW}")
    if chart.split_by is None or (found.only is not None and chart.draw != "heatmap"):
        return found
    aside = "" if found.only is not None else f"not split by {chart.split_by}: {_RAW}"
    return replace(found, split_by=None, aside=aside)


def filter_ad_hoc(chart: Chart, where: Filter | None, events: Mapping[str, Event]) -> Chart:
    """Return a chart of any event as a filter has it. Raises ``QueryError`` where it can't be filtered so."""
    if where is None:
        return chart
    event = events.get(chart.event)
    lacking = [name for name in _named(where) if event is not None and name not in event.dimensions]
    if event is not None and lacking:
        known = f"; use one of {', '.join(event.dimensions)}" if event.dimensions else ", which has none"
        raise QueryError(f"{lacking[0]!r} is not a dimension of {chart.event!r}{known}", "filter")
    if where.also:
        if chart.split_by is not None:
            raise QueryError(f"split_by {chart.split_by!r} is not told apart through {_RAW}", "filter")
        return replace(chart, where=where)
    if event is None and chart.show not in SPLIT_BY_ANY:
        complaint = f"show {chart.show!r} can be filtered by dimensions that the catalog declares for the event only"
        raise QueryError(f"{complaint}, not by {where.dimension!r}", "filter")
    if chart.split_by not in (None, where.dimension):
        raise QueryError(
            f"split_by {chart.split_by!r} can't be filtered by {where.dimension!r}, too: one dimension at a time",
            "filter",
        )
    return _filtered(chart, where)


def _filtered(chart: Chart, where: Filter) -> Chart:
    if chart.split_by is None:
        return replace(chart, where=where)
    if chart.split_by != where.dimension:
        aside = f"not split by {chart.split_by}: one dimension at a time"
        return replace(chart, where=where, split_by=None, aside=aside)
    # Of one value a heatmap has cells again.
    whole = chart.draw == "heatmap" and not where.without
    return replace(chart, where=where, split_by=None if whole else chart.split_by)


def told_apart(chart: Chart) -> str | None:
    """Return the key whose values buckets are to tell apart: that of a chart's split, or of its filter; of raw events
    none."""
    if chart.reads_raw or chart.split_by is not None:
        return chart.split_by
    return None if chart.where is None else chart.where.dimension


def _named(where: Filter) -> list[str]:
    """Return the dimensions of a filter and of what holds besides."""
    return list(dict.fromkeys(each.dimension for each in where.all()))


def _dimensions(name: str, events: Mapping[str, Event]) -> tuple[str, ...]:
    event = events.get(name)
    return () if event is None else event.dimensions


def _counted(chart: Chart) -> set[str]:
    """Return the dimensions by which a ratio's parts count one value."""
    parts = () if chart.ratio is None else (chart.ratio.numerator, chart.ratio.denominator)
    return {part.only[0] for part in parts if part.only is not None}
