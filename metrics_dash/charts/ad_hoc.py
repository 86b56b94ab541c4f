"""From a question to a chart: one of the catalog split otherwise, or one for any event."""

from collections.abc import Mapping

from metrics_dash.catalog import (
    EVENT_NAME,
    MAX_EVENT_NAME,
    NEEDS_MEASUREMENT,
    NEEDS_SKETCH,
    SHOWS_OF_KIND,
    SPLITTABLE,
    Catalog,
    Chart,
    Event,
    Show,
)
from metrics_dash.charts.aggregates import AGGREGATES
from metrics_dash.charts.data import QueryError

Split = str | Mapping[str, str] | None
"""A dimension to split by: of every chart that has it, or by chart id. None leaves charts as they are declared."""

NO_SPLIT = "-"
"""In place of a dimension: one series, also where the chart is declared with a split. No metadata key is called so."""


def split_chart(chart: Chart, split: Split, catalog: Catalog) -> Chart:
    """``chart`` split as asked. One that lacks the dimension stays as it is, unless it was named: ``QueryError``."""
    key = split.get(chart.id) if isinstance(split, Mapping) else split
    if key is None:
        return chart
    if key == NO_SPLIT:
        return chart.model_copy(update={"split_by": None})
    if chart.show in SPLITTABLE and key in catalog.events[chart.event].dimensions:
        return chart.model_copy(update={"split_by": key})
    if isinstance(split, Mapping):
        raise QueryError(f"{chart.id!r} can't be split by {key!r}")
    return chart


def ad_hoc_chart(event_name: str, measurement: str | None, show: Show, split_by: str | None, catalog: Catalog) -> Chart:
    """A chart of any event, declared or not. Raises ``QueryError`` quoting what can't be shown.

    An event that the catalog declares is held to its kind, and its only measurement need not be named. A split may go
    by any metadata key.
    """
    if not EVENT_NAME.fullmatch(event_name) or len(event_name) > MAX_EVENT_NAME:
        raise QueryError(f"{event_name!r} is not an event name")
    event = catalog.events.get(event_name)
    _check_show(show, event)
    if split_by is not None and show not in SPLITTABLE:
        raise QueryError(f"only counts and rates can be split, not {show!r}")
    measurement = _measurement(event_name, measurement, show, event)
    declared = event.measurements.get(measurement) if event is not None and measurement is not None else None
    # Not checked as a declaration: names of keys are the sender's, and may be what a catalog would not take.
    return Chart.model_construct(
        id="query",
        title=event_name,
        event=event_name,
        measurement=measurement,
        show=show,
        draw="line",
        split_by=split_by,
        kind=event.kind if event is not None else "timing",
        unit=declared.unit if declared is not None else "",
    )


def _check_show(show: Show, event: Event | None) -> None:
    if show in NEEDS_SKETCH:
        raise QueryError(f"show {show!r} needs sketches, which buckets do not store yet")
    if show not in AGGREGATES:
        raise QueryError(f"show {show!r} is not one of {', '.join(AGGREGATES)}")
    if event is not None and show not in SHOWS_OF_KIND[event.kind]:
        raise QueryError(f"a {event.kind} has no {show!r}; it has {', '.join(sorted(SHOWS_OF_KIND[event.kind]))}")


def _measurement(event_name: str, measurement: str | None, show: Show, event: Event | None) -> str | None:
    if show not in NEEDS_MEASUREMENT:
        if measurement is not None:
            raise QueryError(f"show {show!r} counts events and takes no measurement, not {measurement!r}")
        return None
    if measurement is not None:
        return measurement
    if event is None or len(event.measurements) != 1:
        raise QueryError(f"name the measurement of {event_name!r} to show its {show!r}")
    return next(iter(event.measurements))
