"""A chart in words, for people who listen to it: what it is, what its numbers are, where they go, what is missing."""

from collections.abc import Iterator, Sequence

import numpy as np

from layouts.annotations import spoken
from layouts.changes import change_words, compared_words
from layouts.numbers import THIN_SPACE, change_text
from layouts.units import display_unit, head_unit
from layouts.words import aside_text, moment_text, step_text, summed_text, uncomputed_text, verdict_text
from metrics_dash.charts.data import Annotation, ChartData, Interval, Series, Values
from metrics_dash.charts.timerange.grid import from_milliseconds

MOST_SERIES = 4
_STEADY = 0.05
_PARTS = 3
_STATES = {
    "never_seen": "No event of this name has ever been seen.",
    "none_in_range": "No data in this range.",
    "among_others": "It is counted among the others of this range.",
    "too_many": "There are too many events to read one by one.",
    "unsplit": "What was counted in this range is not told apart by value.",
    "past_retention": "This range lies beyond what is kept.",
    "failing": "This chart can’t be drawn.",
}


def summary(data: ChartData, refused: Sequence[Interval] = (), annotations: Sequence[Annotation] = ()) -> str:
    """Return sentences: range and step, each series' latest, total, extremes and trend; then what is not whole, and
    what is said of this time.

    ``refused``: intervals in which events were refused.
    """
    sentences = [_what(data)]
    if (change := change_words(data)) is not None:
        compared = compared_words(data)
        sentences.append(f"{change}: {compared}." if compared else f"{change}.")
    if aside := aside_text(data):
        sentences.append(f"{aside[0].upper()}{aside[1:]}.")
    if data.state != "data":
        sentences.append(_STATES[data.state])
    else:
        sentences += [_series(data, series) for series in data.series[:MOST_SERIES]]
        if len(data.series) > MOST_SERIES:
            sentences.append(f"And {len(data.series) - MOST_SERIES} more series.")
        sentences += _verdict(data)
        sentences += _reservations(data)
    if data.uncomputed is not None:
        sentences.append(f"{uncomputed_text(data.uncomputed, data.window.zone)}.")
    count = sum(interval.count for interval in refused)
    if count:
        sentences.append(f"{count:,} events were refused in this range.")
    if annotations:
        told = spoken(annotations, data.window.zone)
        sentences.append(f"{told[0].upper()}{told[1:]}.")
    return " ".join(sentences).replace(THIN_SPACE, " ")


def _what(data: ChartData) -> str:
    window = data.window
    unit = head_unit(data.chart.unit)
    unit = f" in {unit}" if unit else ""
    upto = "now" if window.live else moment_text(window.end, data.window)
    return f"{data.chart.title}{unit}, {summed_text(window)} up to {upto}, {step_text(window)}."


def _series(data: ChartData, series: Series) -> str:
    name = f"{data.label(series.name)}: " if len(data.series) > 1 else ""
    values, unit = series.v[: _finished(data, series)], display_unit(data)
    known = np.flatnonzero(np.isfinite(values))
    if not known.size:
        return f"{name}no finished values."
    lowest, highest = int(known[np.argmin(values[known])]), int(known[np.argmax(values[known])])
    parts = [f"latest {unit.text(values[known[-1]])}"]
    if data.chart.show in ("count", "sum"):
        parts.append(f"total {unit.text(float(values[known].sum()))}")
    parts.append(f"lowest {unit.text(values[lowest])} at {_bucket(series, lowest, data)}")
    parts.append(f"highest {unit.text(values[highest])} at {_bucket(series, highest, data)}")
    parts.append(trend(values[known]))
    text = name + ", ".join(part for part in parts if part) + "."
    return text[0].upper() + text[1:]


def _verdict(data: ChartData) -> Iterator[str]:
    target, unit = data.chart.bounds.target, display_unit(data)
    if target is not None:
        yield f"The target is {unit.text(target)}."
    for words in verdict_text(data):
        yield f"The number {'has met it' if words == 'target met' else f'is {words}, which is a warning'}."


def trend(values: Values) -> str:
    """Return the last third beside the first: ``rising by 12 %``, ``falling by 4 %``, ``steady``; "" for too few
    values."""
    part = len(values) // _PARTS
    if not part:
        return ""
    first, last = float(values[:part].mean()), float(values[-part:].mean())
    if first == last:
        return "steady"
    if not first:
        return "rising from zero" if last > 0 else "falling from zero"
    change = (last - first) / abs(first)
    if abs(change) < _STEADY:
        return "steady"
    return f"{'rising' if change > 0 else 'falling'} by {change_text(abs(change)).lstrip('+')}"


def _reservations(data: ChartData) -> Iterator[str]:
    gaps = sum(int((~np.isfinite(series.v[: _finished(data, series)])).sum()) for series in data.series)
    if gaps:
        yield f"{gaps:,} {'bucket has' if gaps == 1 else 'buckets have'} no value."
    if data.unfinished_from is not None:
        yield f"Not finished from {moment_text(from_milliseconds(data.unfinished_from), data.window)} on."


def _finished(data: ChartData, series: Series) -> int:
    if data.unfinished_from is None:
        return len(series.t)
    return int(np.searchsorted(series.t, data.unfinished_from))


def _bucket(series: Series, place: int, data: ChartData) -> str:
    return moment_text(from_milliseconds(int(series.t[place])), data.window)
