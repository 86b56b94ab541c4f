"""Labels of the values' axis: no two of an axis alike, each the very value at which it lies, and all of them read."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from html import unescape
from math import isclose, log10
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layouts.figure.bounds import value_range
from layouts.figure.marks import by_plotly, suffix_of, texts_of
from layouts.figure.room import MARGIN_LEFT, left_of
from layouts.figure.ticks import ticks
from layouts.figure.traces import FigureStyle, traces
from layouts.numbers import MINUS, THIN_SPACE
from layouts.sketch import sketch
from layouts.sketch_axes import value_marks
from layouts.units import display_unit, unit_for
from metrics_dash.bounds import Bounds
from metrics_dash.charts.data import ChartData
from tests.support.figures import chart_data, unpacked

UNITS = ("", "players", "ms", "s", "h", "B", "KiB", "/s", "MB/s", "MiB/s", "bit/s", "%")
EVEN, LOGARITHMIC = FigureStyle(), FigureStyle(logarithmic=True)
# Labels never take more than that, px.
MOST_ROOM = 175

units, signs = st.sampled_from(UNITS), st.sampled_from((1.0, -1.0))
mantissas = st.floats(1, 10, exclude_max=True)
spans = st.floats(-13, 1).map(lambda power: 10.0**power)


def chart(values: list[float], unit: str = "", **declared: Any) -> ChartData:
    data = chart_data("players-online", values)
    return replace(data, chart=replace(data.chart, unit=unit, draw="line", bounds=Bounds(**declared)))


def axis(data: ChartData, style: FigureStyle = EVEN) -> dict[str, Any]:
    return ticks(data, style)["yaxis"]


def readings(text: str, unit: str, factor: float) -> Iterator[float]:
    """What a label may mean: its number in its own unit, in the axis', or merely counted; in the declared unit."""
    digits, *names = unescape(text).replace(MINUS, "-").replace(",", "").split(THIN_SPACE)
    number, name = float(digits), names[-1] if names else ""
    # What exceeds the greatest unit of a family: 1 M %.
    number *= {"M": 1e6, "G": 1e9, "T": 1e12}[names[0]] if len(names) > 1 else 1
    known = unit_for(unit, 1e300)
    for each in (known, *known.finer):
        if each.short == name:
            yield number * each.factor
    if not name:
        yield number * factor


def check(data: ChartData, style: FigureStyle) -> None:
    told, unit, reach = axis(data, style), display_unit(data), value_range(data, style)
    texts, values = told["ticktext"], told["tickvals"]
    assert reach is not None
    assert 2 <= len(texts) <= 7
    assert len(set(texts)) == len(texts)
    slack = 1e-6 * (reach[1] - reach[0])
    assert reach[0] - slack <= values[0] < values[-1] <= reach[1] + slack
    assert values == sorted(values)
    for text, value in zip(texts, values, strict=True):
        meant = list(readings(text, data.chart.unit, unit.factor))
        assert any(isclose(one, value * unit.factor, rel_tol=1e-13, abs_tol=0) for one in meant), (text, value)
    assert left_of(texts) <= MOST_ROOM
    ends = [log10(end) if style.logarithmic else end for end in reach]
    marks = value_marks(told, ends[0], ends[1], logarithmic=style.logarithmic)
    assert [mark.label for mark in marks] == texts


@given(units, signs, mantissas, st.integers(-30, 24), spans, st.booleans())
def test_labels_of_a_narrow_axis_far_from_zero_are_told_apart_and_true(
    unit: str, sign: float, mantissa: float, power: int, span: float, closed: bool
) -> None:
    start = sign * mantissa * 10.0**power
    end = start + span * abs(start)
    check(chart([start, end], unit, min=start, max=end if closed and end > start else None), EVEN)


@given(units, mantissas, st.integers(-6, 6), st.floats(-9, 6).map(lambda power: 10.0**power), st.booleans(), st.data())
def test_a_logarithmic_axis_has_two_labels_on_any_span(
    unit: str, mantissa: float, power: int, span: float, zeros: bool, data: st.DataObject
) -> None:
    least = mantissa * 10.0**power
    greatest = least * (1 + span)
    declared = data.draw(st.sampled_from(({}, {"min": least}, {"min": least / 2, "max": 2 * greatest})))
    drawn = chart([least, greatest, *([0.0] if zeros else [])], unit, **declared)
    check(drawn, LOGARITHMIC)
    if zeros:
        (unseen,) = (trace for trace in traces(drawn, LOGARITHMIC) if trace["meta"] == "zero")
        (foot,) = {value for value in unpacked(unseen["y"]).tolist() if not np.isnan(value)}
        reach = value_range(drawn, LOGARITHMIC)
        assert reach is not None
        low, high = map(log10, reach)
        place, lowest = ((log10(each) - low) / (high - low) for each in (foot, axis(drawn, LOGARITHMIC)["tickvals"][0]))
        # Of an axis of 150 px: as high as a tick from the edge, and half a label's height from the lowest label.
        assert 0.03 < place < 0.06
        assert lowest - place > 0.08


def test_a_constant_gauge_has_as_many_digits_as_its_axis_needs() -> None:
    told = axis(chart([1234567.891] * 3, min=1234567))
    assert told["ticktext"] == ["1,234,567", "1,234,567.2", "1,234,567.4", "1,234,567.6", "1,234,567.8"]
    assert told["automargin"] == "left"
    told = axis(chart([1234567.891] * 3, "B", min=1234567))
    assert told["ticktext"][-2:] == ["1.2345676", f"1.2345678{THIN_SPACE}MB"]


def test_the_sketch_leaves_as_much_room_for_long_labels() -> None:
    narrow, usual = (sketch(chart([1234567.891] * 3, min=low), EVEN) for low in (1234567, 0))
    assert "--left:79;" in narrow
    assert f"--left:{MARGIN_LEFT};" in usual


def test_what_fits_is_not_measured() -> None:
    for data in (chart([4.0, 9.0], min=3), chart([800_000.0]), chart([5.0, 6.0]), chart([0.0])):
        for style in (EVEN, LOGARITHMIC):
            assert axis(data, style)["automargin"] is False


def test_whole_values_have_no_labels_between_them_unless_there_were_but_one() -> None:
    def labels(values: list[float], **declared: float) -> list[str]:
        data = chart(values, **declared)
        (series,) = data.series
        return list(axis(replace(data, series=(replace(series, low=series.v, high=series.v),)))["ticktext"])

    assert labels([1.0, 2.0], max=2) == ["0", "1", "2"]
    assert labels([1.0, 2.0], max=400) == ["0", "100", "200", "300", "400"]
    assert labels([2.0, 2.0], min=2) == ["2", "2.05", "2.1"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.30000000000000004, "0.3"),
        (1e-6, "0.000001"),
        (-2e-7, "−2e−7"),
        (800_000.0, "800,000"),
        (2.5e6, "2.5e+6"),
    ],
)
def test_a_label_that_plotly_chooses_is_known(value: float, text: str) -> None:
    assert by_plotly(value) == text


def test_an_axis_from_less_than_one_decade_has_what_lies_in_it() -> None:
    told = axis(chart([0.93, 4.32], "MB/s"), LOGARITHMIC)
    assert told["ticktext"] == ["1", "2", "3", f"4{THIN_SPACE}MB/s"]
    assert suffix_of(unit_for("MB/s", 4.32)) == f"{THIN_SPACE}MB/s"


@pytest.mark.parametrize(
    ("marks", "texts"),
    [
        (["1.5e-9", "2e-9"], ["1.5e−9", "2e−9"]),
        (["0", "5e-5"], ["0", "5e−5"]),
        (["0", "0.00005", "0.0001"], ["0", "0.00005", "0.0001"]),
        (["-1234567.5", "0"], ["−1,234,567.5", "0"]),
    ],
)
def test_very_little_marks_are_told_by_their_powers_of_ten(marks: list[str], texts: list[str]) -> None:
    assert texts_of([Decimal(mark) for mark in marks]) == texts
