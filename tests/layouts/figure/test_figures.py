"""A whole figure: themes, refusals, and its layout."""

import json
from dataclasses import replace
from datetime import timedelta

import numpy as np

from layouts.figure.figures import annotations_and_shapes, figure
from layouts.figure.traces import FigureStyle, traces
from metrics_dash.charts.data import Interval
from tests.support.figures import NOON, chart_data


def test_a_chart_without_data_still_spans_its_window_from_zero() -> None:
    data = replace(chart_data("quests-accepted", [1]), series=())
    anchor = traces(data, FigureStyle())[0]
    assert anchor["x"] == ["2026-01-31 12:00:00", "2026-01-31 12:01:00"]
    assert anchor["y"] == [0, 0]


def test_refused_events_are_a_thin_mark_below_the_axis_counted_beside_the_crosshair() -> None:
    start = NOON + timedelta(minutes=1)
    interval = Interval(start, start + timedelta(minutes=1), 1312, ("buffer_full",))
    marked = annotations_and_shapes(chart_data("quests-accepted", [1] * 60), [interval], FigureStyle())
    (mark,) = marked["shapes"]
    assert (mark["x0"], mark["y0"], mark["y1"], mark["ysizemode"]) == ("2026-01-31 12:01:00", 0, -4, "pixel")
    assert marked["annotations"] == []
    (told,) = marked["meta"]["refused"]
    assert told["text"] == "1,312 events refused: buffer_full"
    assert told["end"] - told["start"] == 60_000


def test_a_day_of_minutes_is_small() -> None:
    """The tick's budget is 30 KB on the wire for three charts; this is one of them before compression."""
    generator = np.random.default_rng(1)
    data = chart_data("players-online", list(generator.normal(300, 20, 1440)))
    series = replace(data.series[0], low=data.series[0].v - 5, high=data.series[0].v + 5)
    patch = json.dumps(traces(replace(data, series=(series,)), FigureStyle()))
    assert len(patch) < 30_000


def test_both_themes_draw_the_same_but_for_colour() -> None:
    data = chart_data("login-results", [1], [2], names=("true", "false"))
    light, dark = (figure(data, [], FigureStyle(theme=theme)) for theme in ("light", "dark"))
    assert [trace["y"] for trace in light["data"]] == [trace["y"] for trace in dark["data"]]
    assert light != dark
