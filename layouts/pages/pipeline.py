"""The pipeline: what comes in and from whom, what is refused, how long work takes, what is stored and goes next."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import numpy as np
from dash import dcc, html
from dash.development.base_component import Component

from layouts.markup import attributes
from layouts.numbers import THIN_SPACE, short_number
from layouts.pages.forms import Row, moment, section, table
from layouts.words import length_text
from metrics_dash.charts.data import ChartData, Series, Values
from metrics_dash.charts.timerange.grid import from_milliseconds
from metrics_dash.ops.pipeline import SAMPLES, Level, Pipeline

SILENT_AFTER = timedelta(hours=1)
OFTEN_ENOUGH_SECONDS = 10.0
_KEYS_TOLD = 20
_WIDTH, _HEIGHT = 120, 24
_MIB = 1024 * 1024


def frame(parts: Sequence[Component], seconds: float) -> list[Component]:
    """Return the page's parts where they are made anew every so many seconds."""
    again = max(OFTEN_ENOUGH_SECONDS, seconds)
    # Filled by assets/admin/age.js, where no answer comes any more.
    age = html.P(id="age", className="told bad", role="status", hidden=True)
    return [dcc.Interval(id="tick", interval=round(1000 * again)), age, html.Div(list(parts), id="pipeline")]


def content(data: Pipeline) -> list[Component]:
    """Return the page's parts."""
    return [
        html.Div(list(_tiles(data)), className="tiles"),
        section("Senders, 24 h", _senders(data)),
        html.Div(
            [section("Refused, 24 h", _refused(data)), section("State and work, 24 h", _work(data))],
            className="pair-of",
        ),
        html.Div(
            [section("Storage", _levels(data), _rest(data)), section("Tables", _tables(data))], className="pair-of"
        ),
        section("Processes that collect", _collectors(data)),
        section("Keys counted as a whole", *_whole(data)),
    ]


def unavailable(why: str) -> list[Component]:
    """Return what is said where the database can't be asked."""
    return [html.P(why, className="told bad", role="alert")]


# At a glance


def _tiles(data: Pipeline) -> Iterator[Component]:
    ways, reasons = data.charts["ways"], data.charts["reasons"]
    behind = max(0.0, (data.now - data.complete_through).total_seconds())
    held = sum(_held(each.accounting) for each in data.collectors)
    spooled = sum(_spooled(each.accounting) for each in data.collectors)
    refused = reasons.headline.value or 0
    yield _tile("Lag", f"{behind:,.0f}{THIN_SPACE}s", "until in its bucket", warns=behind > 60)
    yield _tile("Ingest", f"{_rate(ways):,.3g}{THIN_SPACE}/s", f"{short_number(ways.headline.value or 0)} in 24 h")
    yield _tile("Buffer", f"{held:,}", f"of {data.capacity:,} a process")
    yield _tile("On disk", short_number(spooled), "wait for PostgreSQL", warns=spooled > 0)
    yield _tile("To recompute", f"{data.dirty:,}", "buckets")
    yield _tile("Refused", short_number(refused), "events, 24 h", warns=refused > 0)
    repaired = data.charts["repaired"].headline.value or 0
    yield _tile("Repaired", short_number(repaired), "buckets, 24 h", warns=repaired > 0)
    viewers, walls = (round(data.charts[key].headline.value or 0) for key in ("viewers", "walls"))
    yield _tile("Watching", f"{viewers + walls:,}", f"{viewers:,} viewers, {walls:,} walls")


def _tile(title: str, number: str, what: str, *, warns: bool = False) -> html.Div:
    return html.Div(
        [
            html.Span(title, className="title"),
            html.Span(number, className="number warned" if warns else "number"),
            html.Span(what, className="what"),
        ],
        className="tile",
    )


def _held(accounting: Any) -> int:
    return int(accounting.get("buffered", 0)) + int(accounting.get("in_flight", 0))


def _spooled(accounting: Any) -> int:
    return int(accounting.get("spooled", 0))


# Who sends, and what is refused


def _senders(data: Pipeline) -> Component:
    chart = data.charts["ways"]
    rows = [_sender(series, chart, data.now) for series in _largest(chart)]
    head = ("Sender", "Format", "Events", "Now, /s", "Course", "Last seen")
    return _numbers("Senders", head, rows, "Nothing has come in the last 24 hours.", numbers=(2, 3))


def _sender(series: Series, chart: ChartData, now: datetime) -> Row:
    form, _, sender = series.name.partition(" ")
    seen = np.flatnonzero(np.nan_to_num(series.v) > 0)
    last = from_milliseconds(int(series.t[seen[-1]])) + _step(series) if seen.size else None
    quiet = None if last is None else now - last
    silent = quiet is None or quiet > SILENT_AFTER
    words = "silent" if quiet is None else f"silent for {_about(quiet)}" if silent else "now"
    tone = "warned" if silent else ""
    return (
        html.Span(sender or "all other", className=tone),
        form if sender else "–",
        f"{np.nansum(series.v):,.0f}",
        f"{_latest(series, chart) / _step(series).total_seconds():,.3g}",
        spark(_finished(series, chart)),
        html.Span(words, className=tone),
    )


def _refused(data: Pipeline) -> Component:
    chart = data.charts["reasons"]
    rows: list[Row] = [
        (series.name, f"{np.nansum(series.v):,.0f}", spark(_finished(series, chart), tone="bad"))
        for series in _largest(chart)
    ]
    return _numbers(
        "Refused", ("Reason", "Events", "Course"), rows, "Nothing was refused in the last 24 hours.", numbers=(1,)
    )


def _largest(chart: ChartData) -> list[Series]:
    return sorted((one for one in chart.series if np.nansum(one.v) > 0), key=lambda one: -float(np.nansum(one.v)))


# How long work takes


def _work(data: Pipeline) -> Component:
    rows = [_sample(key, data) for key in SAMPLES]
    return _numbers(
        "State and work",
        ("What", "Latest", "Mean", "Most", "Course"),
        rows,
        "Nothing was measured yet.",
        numbers=(1, 2, 3),
    )


def _sample(key: str, data: Pipeline) -> Row:
    (title, unit, _), chart = SAMPLES[key], data.charts[key]
    if not chart.series or not np.isfinite(chart.series[0].v).any():
        return title, "–", "–", "–", ""
    series = chart.series[0]
    known = series.v[np.isfinite(series.v)]
    most = series.high if series.high is not None else data.charts[f"{key}-most"].series[0].v
    return title, _with(known[-1], unit), _with(known.mean(), unit), _with(np.nanmax(most), unit), spark(series.v)


def _with(value: float, unit: str) -> str:
    """Return a measured value: whole where it counts something, else with its unit."""
    return f"{short_number(float(value))}{THIN_SPACE}{unit}" if unit else f"{value:,.0f}"


# What is stored


def _levels(data: Pipeline) -> Component:
    head = ("Level", "Rows", "Holds since", "Kept", "Next purge")
    rows = [_level(level) for level in data.store.levels]
    return _numbers("Storage", head, rows, "Nothing is stored.", numbers=(1,))


def _level(level: Level) -> Row:
    whole = "partition" if level.name == "raw" else "bucket"
    goes = level.why_not or (f"{level.goes:,} {whole}{'' if level.goes == 1 else 's'}" if level.goes else "nothing due")
    since = "the first event" if level.since is None else moment(level.since)
    tone = "warned" if level.why_not else ""
    return level.name, f"{level.rows:,}", since, f"{level.kept:g} d", html.Span(goes, className=tone)


def _rest(data: Pipeline) -> html.P:
    sizes = data.store.sizes
    newest = ", ".join(f"{day} {_bytes(size)}" for day, size in list(sizes.days.items())[:3])
    days = f"{sizes.partitions:,} partitions of raw events" + (f"; the newest: {newest}" if newest else "")
    audit = f" The audit at {moment(data.store.audited[0])}: {data.store.audited[1]}." if data.store.audited else ""
    return html.P(f"Whole UTC days go, once an hour. {days}.{audit}", className="quiet")


def _tables(data: Pipeline) -> Component:
    sizes = data.store.sizes
    largest = sorted(sizes.tables.items(), key=lambda each: -each[1])[:8]
    rows = [("Database", _bytes(sizes.database)), *((name, _bytes(size)) for name, size in largest)]
    return _numbers("Tables", ("Table", "Size"), rows, "There is no table.", numbers=(1,))


def _collectors(data: Pipeline) -> Component:
    rows = [
        (
            each.host,
            str(each.pid),
            f"{_held(each.accounting):,}",
            f"{_spooled(each.accounting):,}",
            f"{int(each.accounting.get('committed', 0)):,}",
            html.Span(
                "now" if each.live else f"silent since {moment(each.seen_at)}", className="" if each.live else "warned"
            ),
        )
        for each in data.collectors
    ]
    head = ("Host", "Process", "Buffered", "On disk", "Stored", "Last seen")
    return _numbers("Processes", head, rows, "No process collects.", numbers=(2, 3, 4))


def _whole(data: Pipeline) -> Iterator[Component]:
    keys = data.store.whole
    rows = [(each.event_name, each.key, moment(each.since)) for each in keys[:_KEYS_TOLD]]
    yield _numbers("Keys", ("Event", "Key", "Since"), rows, "Of every key the values are told apart.", numbers=())
    more = f"And {len(keys) - _KEYS_TOLD:,} more. " if len(keys) > _KEYS_TOLD else ""
    if keys:
        yield html.P(
            f"{more}They had too many values. A key that is listed under dimensions is told apart.", className="quiet"
        )


def _bytes(size: float) -> str:
    for unit, length in (("GiB", 1024 * _MIB), ("MiB", _MIB), ("KiB", 1024)):
        if size >= length:
            return f"{size / length:,.3g}{THIN_SPACE}{unit}"
    return f"{size:,.0f}{THIN_SPACE}B"


# Parts


def _numbers(
    caption: str, head: Sequence[str], rows: Sequence[Row], empty: str, *, numbers: Sequence[int]
) -> Component:
    """Return a table whose columns ``numbers`` end where their numbers do."""
    kinds = " ".join(f"n{number + 1}" for number in numbers)
    return html.Div(table(caption, head, rows, empty), className=f"figures {kinds}")


def spark(values: Values, tone: str = "") -> html.I | str:
    """Return values as a small line in the colour of the text around it; the numbers beside it say what it means."""
    top = float(np.nanmax(values)) if np.isfinite(values).any() else 0.0
    if not top:
        return ""
    step = _WIDTH / max(1, len(values) - 1)
    path, pen = [], "M"
    for place, value in enumerate(values.tolist()):
        if np.isnan(value):
            pen = "M"
            continue
        path.append(f"{pen}{place * step:.1f} {_HEIGHT - 1 - (_HEIGHT - 3) * value / top:.1f}")
        pen = "L"
    drawing = (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {_WIDTH} {_HEIGHT}' preserveAspectRatio='none' "
        f"fill='none' stroke='black' stroke-width='1.3' stroke-linejoin='round'><path d='{''.join(path)}'/></svg>"
    )
    image = f'url("data:image/svg+xml,{quote(drawing, safe="")}")'
    return html.I(className=f"spark {tone}".strip(), style={"--line": image}, **attributes(aria_hidden="true"))


def _step(series: Series) -> timedelta:
    return timedelta(milliseconds=int(series.t[1] - series.t[0])) if len(series.t) > 1 else timedelta(minutes=1)


def _about(length: timedelta) -> str:
    """Return a length in whole hours, or in days."""
    return length_text(timedelta(hours=max(1, round(length / timedelta(hours=1)))))


def _finished(series: Series, chart: ChartData) -> Values:
    """Return the values of finished buckets, zero where nothing was counted."""
    upto = len(series.t) if chart.unfinished_from is None else int(np.searchsorted(series.t, chart.unfinished_from))
    return np.nan_to_num(series.v[:upto])


def _latest(series: Series, chart: ChartData) -> float:
    """Return the last finished bucket's value."""
    finished = _finished(series, chart)
    return float(finished[-1]) if finished.size else 0.0


def _rate(chart: ChartData) -> float:
    return sum(_latest(one, chart) / _step(one).total_seconds() for one in chart.series if len(one.t))
