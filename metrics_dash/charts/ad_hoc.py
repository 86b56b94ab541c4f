"""From a question to a chart: one of the catalog split otherwise, or one for any event."""

from collections.abc import Mapping
from dataclasses import replace

from db.rows import InvalidEventError, check_name
from metrics_dash.catalog import Catalog, Chart
from metrics_dash.catalog_rules import (
    ChoiceError,
    Event,
    Show,
    check_show,
    check_split,
    choose_measurement,
    unit_of,
)
from metrics_dash.charts.data import QueryError

Split = str | Mapping[str, str] | None
"""A dimension to split by: of every chart that has it, or by chart id. None leaves charts as they are declared."""

NO_SPLIT = "-"
"""In place of a dimension: one series, also where the chart is declared with a split. No metadata key is called so."""


def split_chart(chart: Chart, split: Split) -> Chart:
    """Return ``chart`` split as asked. One that lacks the dimension stays as it is, and so does a table of values where
    there is to be no split; named, it is a ``QueryError``."""
    key = split.get(chart.id) if isinstance(split, Mapping) else split
    if key is None:
        return chart
    if key == NO_SPLIT and not chart.is_ranking:
        return replace(chart, split_by=None)
    if key in chart.dimensions:
        return replace(chart, split_by=key)
    if isinstance(split, Mapping):
        raise QueryError(f"{chart.id!r} can't be split by {key!r}", "split")
    return chart


def ad_hoc_chart(
    event_name: str, measurement: str | None, show: str | None, split_by: str | None, catalog: Catalog
) -> Chart:
    """Return a chart of any event, declared or not. Raises ``QueryError`` naming the parameter that can't be.

    An event that the catalog declares is held to its kind, and its only measurement need not be named. Without
    ``show`` a gauge shows its average and anything else its count. Of an event that is not declared, keys are the
    sender's, and may be what a catalog would not take.
    """
    try:
        event = catalog.events.get(check_name(event_name))
        checked = check_show(show or default_show(event), event)
        measurement = choose_measurement(measurement, checked, event)
        split_by = check_split(split_by, checked, event)
    except InvalidEventError as error:
        raise QueryError(str(error).removeprefix("event_name: "), "event_name") from None
    except ChoiceError as error:
        raise QueryError(str(error), error.parameter) from None
    return Chart(
        id="query",
        title=event_name,
        event=event_name,
        measurement=measurement,
        show=checked,
        split_by=split_by,
        kind=event.kind if event is not None else "timing",
        unit=unit_of(checked, measurement, event),
        dimensions=event.dimensions if event is not None else (),
    )


def default_show(event: Event | None) -> Show:
    """Return what is shown of an event where nobody says: of a gauge the average, of anything else the count."""
    return "avg" if event is not None and event.kind == "gauge" else "count"
