"""The sketch of a chart: its series where Plotly will draw them, in a few kilobytes, with no stored text in it."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from layouts.figure.traces import FigureStyle
from layouts.sketch import sketch
from metrics_dash.catalog import load_catalog
from metrics_dash.charts.data import ChartData, Density, Series
from metrics_dash.charts.timerange.grid import to_milliseconds
from metrics_dash.charts.timerange.parse import parse_range
from metrics_dash.charts.timerange.windows import RetainedSince, bucket_edges, choose_window

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
ZONE = ZoneInfo("UTC")
HELD = RetainedSince(minute=None, hour=None, day=None)
PLAIN = FigureStyle()
NAN = float("nan")


def chart_of(draw: Any, *series: tuple[str, list[float]], length: str = "1h", **more: Any) -> ChartData:
    window = choose_window(parse_range(length, now=NOON, zone=ZONE), ZONE, HELD)
    starts = bucket_edges(window)[:-1]
    chart = replace(next(iter(load_catalog().charts())), draw=draw)
    if len(series) > 1:
        chart = replace(chart, show="count", split_by="x")
    every = tuple(
        Series(name, starts, np.resize(np.array(values, dtype=np.float64), starts.shape)) for name, values in series
    )
    return ChartData(chart, window, every, "data", **more)


def paths(chart: ChartData, style: FigureStyle = PLAIN) -> list[str]:
    return re.findall(r' d="([^"]+)"', sketch(chart, style))


def test_a_line_goes_through_every_bucket_from_edge_to_edge() -> None:
    (line,) = paths(chart_of("line", ("", [0.0, 95.0])))
    start, _, steps = line.partition("l")
    assert start == "M0 400"
    assert steps.split(" ")[1::2][:2] == ["-380", "380"]
    assert sum(map(int, steps.split(" ")[::2])) == pytest.approx(1000, abs=20)


def test_a_gap_ends_a_line_and_what_stands_alone_is_a_dot() -> None:
    drawn = sketch(chart_of("line", ("", [1.0, NAN, 1.0, 1.0, NAN])), PLAIN)
    line, lone = re.findall(r' d="([^"]+)" style="[^"]*--width:([\d.]+)', drawn)
    assert line[0].count("M") > 1
    assert "nan" not in line[0]
    # As wide as Plotly's, and with some length: not everything draws a line that has none.
    assert lone[1] == "4"
    assert re.fullmatch(r"(M\d+ \d+h\.01)+", lone[0])


def test_a_heatmaps_cells_lie_below_its_line() -> None:
    held = Density(np.array([0, 1]), np.array([10.0, 50.0]), np.array([1, 9]))
    drawn = sketch(chart_of("heatmap", ("", [20.0]), density=held), PLAIN)
    pale, dark, line = re.findall(r'<path d="([^"]+)" style="([^"]+)"', drawn)
    assert "opacity:0.2" in pale[1]
    assert "opacity:0.88" in dark[1]
    assert line[1].startswith("stroke:var(--text)")


def test_the_unfinished_end_is_dotted() -> None:
    whole = chart_of("line", ("", [1.0]))
    drawn = sketch(replace(whole, unfinished_from=to_milliseconds(NOON - timedelta(minutes=10))), PLAIN)
    assert drawn.count("<path") == 2
    assert drawn.count("stroke-dasharray") == 1


def test_bars_stand_on_one_another() -> None:
    first, second = paths(chart_of("bar", ("a", [1.0]), ("b", [1.0])))
    assert first.split("H")[0].endswith("V210")
    assert " 210V" in second


def test_hidden_series_are_not_drawn() -> None:
    chart = chart_of("bar", ("a", [1.0]), ("b", [1.0]))
    assert len(paths(chart, FigureStyle(hidden={"b"}))) == 1


def test_a_logarithmic_axis_has_no_place_for_zero_and_ticks_it_at_its_foot() -> None:
    chart, style = chart_of("line", ("", [0.0, 10.0, 1000.0])), FigureStyle(logarithmic=True)
    line, ticks = paths(chart, style)
    assert line.count("M") > 1
    zeros = int((chart.series[0].v == 0).sum())
    assert re.fullmatch(r"(M\d+ 376V388)+", ticks)
    assert ticks.count("M") == zeros
    assert f"<small>{zeros} × zero, ticked below</small>" in sketch(chart, style)
    assert "<small>" not in sketch(chart, PLAIN)


@pytest.mark.parametrize("values", [[0.0], [NAN], [-5.0, 5.0], [1e300], [1e-300]])
@pytest.mark.parametrize("draw", ["line", "area", "bar"])
@pytest.mark.parametrize("logarithmic", [False, True])
def test_whatever_the_values_are_the_numbers_are_whole(values: list[float], draw: str, logarithmic: bool) -> None:
    for path in paths(chart_of(draw, ("a", values), ("b", values)), FigureStyle(logarithmic=logarithmic)):
        assert re.fullmatch(r"[MlLVHz\d -]+", path.replace("h.01", ""))


def test_names_of_several_series_stand_beside_their_colours_as_text() -> None:
    drawn = sketch(chart_of("area", ("<script>", [1.0]), ('"onload="', [2.0])), PLAIN)
    found = re.findall(r'<i style="background:(.*?)"></i><span>(.*?)</span>', drawn)
    assert [name for _, name in found] == ["&lt;script&gt;", "&quot;onload=&quot;"]
    assert len({colour for colour, _ in found}) == 2
    assert "<script" not in drawn
    assert '"onload' not in drawn


def test_the_name_of_a_single_series_is_the_title_s() -> None:
    assert "legend" not in sketch(chart_of("area", ("zone", [1.0])), PLAIN)


def test_what_is_hidden_is_named_and_not_drawn() -> None:
    hidden = FigureStyle(hidden=frozenset({"a"}))
    drawn = sketch(chart_of("area", ("a", [1.0]), ("b", [2.0])), hidden)
    assert '<span class="named" data-off>' in drawn
    assert drawn.count("data-off") == 1


def test_a_bar_that_is_not_over_is_pale() -> None:
    chart = chart_of("bar", ("", [3.0]))
    last = int(chart.series[0].t[-1])
    drawn = sketch(replace(chart, unfinished_from=last), PLAIN)
    whole, rest = re.findall(r'<path d="([^"]+)" style="[^"]*opacity:([\d.]+)"', drawn)
    assert (whole[1], rest[1]) == ("1", "0.45")
    assert rest[0].count("M") == 1


def test_a_line_over_a_heatmap_goes_from_side_to_side_of_each_bucket() -> None:
    held = Density(np.array([0, 1]), np.array([10.0, 50.0]), np.array([1, 9]))
    chart = chart_of("heatmap", ("", [20.0, 40.0]), density=held)
    line = re.findall(r' d="([^"]+)"', sketch(chart, PLAIN))[-1]
    steps = line.partition("l")[2].split(" ")
    assert len(steps) == 2 * (2 * len(chart.series[0].t) - 1)
    assert steps[1] == "0"
    assert steps[2] == "0"


def test_three_hundred_points_are_less_than_three_kilobytes() -> None:
    assert len(sketch(chart_of("line", ("", [0.0, 50.0, 100.0]), length="24h"), PLAIN)) < 3000


def test_a_tile_has_none() -> None:
    chart = chart_of("line", ("", [1.0]))
    assert sketch(replace(chart, chart=replace(chart.chart, draw="stat")), PLAIN) == ""
