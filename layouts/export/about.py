"""What a picture says about itself once it has left the page: titles, headline numbers, and the facts of its footer.

The browser gets it with every answer (``about``) for the pictures that it makes (assets/share/picture.js); the
pictures that the server makes (layouts/export/standalone.py) say the same.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict

from dash.development.base_component import Component

from layouts import annotations, cards
from layouts.units import head_unit
from layouts.words import filter_text, refused_text, step_text
from metrics_dash.catalog import Size
from metrics_dash.charts import exports
from metrics_dash.charts.data import ChartData, TabData
from metrics_dash.charts.timerange.parse import COMPARISONS
from metrics_dash.charts.timerange.windows import Window

SOFTWARE = "metrics_dash"
_ANNOTATIONS_TOLD = 12

Fact = tuple[str, str]
"""A name, which is a keyword in the file's metadata, and the text, which also stands in the footer."""


class AboutChart(TypedDict):
    """One chart: ``size`` of its card, and whether that is a ``tile`` without a drawing; ``headline`` as pairs of CSS
    class and text, ``state`` the title and the rest of its empty state."""

    id: str
    title: str
    unit: str
    size: Size | None
    tile: bool
    headline: list[tuple[str, str]]
    state: list[str]
    facts: list[Fact]


class About(TypedDict):
    """A tab's picture. ``stem`` and ``length`` are of its file name and of the range that follows now."""

    stem: str
    length: str
    range: str
    facts: list[Fact]
    charts: list[AboutChart]


def about(data: TabData, *, demo: bool) -> About:
    """Return everything that a picture of the tab, or of one of its charts, says about itself."""
    return {
        "stem": exports.stem(data.window),
        "length": exports.length_text(data.window),
        "range": range_with_years(data.window),
        "facts": facts(data, demo=demo),
        "charts": [about_chart(chart, data) for chart in data.charts],
    }


def about_chart(data: ChartData, tab: TabData) -> AboutChart:
    """Return what is said of one chart; ``tab``: the one that it stands in."""
    return {
        "id": data.chart.id,
        "title": data.chart.title,
        "unit": head_unit(data.chart.unit),
        "size": dict(zip([chart.id for chart in tab.tab.charts], tab.tab.sizes(), strict=True)).get(data.chart.id),
        "tile": not data.chart.has_figure,
        "headline": [(str(getattr(part, "className", "")), spoken(part)) for part in cards.headline(data)],
        "state": [spoken(part) for message in cards.state(data) for part in message.children],
        "facts": chart_facts(data, tab),
    }


def facts(data: TabData, *, demo: bool) -> list[Fact]:
    """Return what holds for every chart of a tab, in the order of the footer."""
    window = data.window
    known: list[Fact] = [
        ("Range", range_with_years(window)),
        ("Resolution", step_text(window)),
        ("Complete through", f"complete through {_moment(data.complete_through, window, seconds=True)}"),
    ]
    if window.note:
        known.append(("Note", window.note))
    if data.where is not None:
        known.append(("Filter", f"filtered by {filter_text(data.where)}"))
    if data.compare is not None:
        known.append(("Comparison", f"compared with the {COMPARISONS[data.compare]} (pale)"))
    refused = sum(interval.count for interval in data.refused)
    if refused:
        known.append(("Refused", f"{refused:,} events refused, of whatever event"))
    if data.annotations:
        known.append(("Annotations", annotations.spoken(data.annotations, window.zone, most=_ANNOTATIONS_TOLD)))
    if demo:
        known.append(("Data", "demo data"))
    return known


def chart_facts(data: ChartData, tab: TabData) -> list[Fact]:
    """Return what holds for one chart only; ``tab``: its own, beside which bars may have longer buckets.

    An empty text takes the tab's fact away: of what was refused there, nothing was of this chart's event.
    """
    known: list[Fact] = []
    if data.window.step != tab.window.step:
        known.append(("Resolution", step_text(data.window)))
    if tab.where is not None and data.chart.where is None:
        known.append(("Filter", data.chart.aside))
    if data.chart.split_by:
        known.append(("Split", f"split by {data.chart.split_by}"))
    if tab.refused:
        refused = refused_text(data.refused)
        marked = " (marked on the axis)" if refused and data.chart.has_figure else ""
        known.append(("Refused", f"{refused or ''}{marked}"))
    return known


def with_own(facts: Sequence[Fact], own: Sequence[Fact]) -> list[Fact]:
    """Return what holds for a tab, and for one of its charts: a fact of its own takes the place of the tab's."""
    by_name = dict(facts) | dict(own)
    return [(name, text) for name, text in by_name.items() if text]


def hidden_fact(names: Collection[str]) -> list[Fact]:
    """Return the series that are switched off, where there are any."""
    return [("Hidden series", f"hidden: {', '.join(sorted(names))}")] if names else []


def metadata(title: str, headline: str, known: Sequence[Fact], link: str, made: datetime) -> Mapping[str, str]:
    """Return the text metadata of a picture, by keyword; the first five are the PNG specification's own."""
    sentences = [headline, *(text for _, text in known)]
    return {
        "Title": title,
        "Description": " · ".join(text for text in sentences if text),
        "Software": SOFTWARE,
        "Creation Time": made.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "Source": link,
        **dict(known),
    }


def range_with_years(window: Window) -> str:
    """Return ``Fri 30 Jan 2026 12:00 → Sat 31 Jan 2026 12:00, Europe/Berlin (UTC+01:00)``."""
    offsets = dict.fromkeys(_offset(moment, window) for moment in (window.start, window.end))
    zone = window.zone.key if window.zone.key == "UTC" else f"{window.zone.key} ({' → '.join(offsets)})"
    return f"{_moment(window.start, window)} → {_moment(window.end, window)}, {zone}"


def spoken(part: Any) -> str:
    """Return the text of a component, without its markup."""
    if part is None:
        return ""
    if isinstance(part, Component):
        return spoken(getattr(part, "children", None))
    if isinstance(part, list | tuple):
        return "".join(spoken(one) for one in part)
    return str(part)


def _moment(moment: datetime, window: Window, *, seconds: bool = False) -> str:
    local = moment.astimezone(window.zone)
    time = f"{local:%H:%M:%S}" if seconds or local.second else f"{local:%H:%M}"
    return f"{local:%a} {local.day} {local:%b %Y} {time}"


def _offset(moment: datetime, window: Window) -> str:
    text = f"{moment.astimezone(window.zone):%z}"
    return f"UTC{text[:3]}:{text[3:5]}"
