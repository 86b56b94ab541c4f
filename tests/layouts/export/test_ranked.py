"""A table of values in a picture of the server's: every row whole, and no text markup."""

from dataclasses import replace
from html import unescape
from typing import Any

import pytest

from layouts.export.about import about_chart
from layouts.export.ranked import ROW, ranked_figure, ranked_height
from layouts.export.standalone import Captions, standalone_figure
from layouts.figure.traces import FigureStyle
from layouts.theme import TOKENS
from tests.layouts.test_ranking import top
from tests.support.pictures import LINK, auth_tab


def texts(figure: Any) -> list[str]:
    return [unescape(note["text"]).replace("\u202f", " ") for note in figure["layout"]["annotations"]]


def test_rows_say_value_number_share_and_change_below_their_heads() -> None:
    data = top()
    data = replace(data, series=(replace(data.series[0], change=0.5, before=40.0), *data.series[1:]))
    figure = ranked_figure(data, "light", 900, 0)
    assert texts(figure)[:8] == ["zone", "total", "share", "vs 2 min before", "a", "60", "60.0 %", "+50.0 %"]
    assert figure["data"] == []
    widths = [shape["x1"] - shape["x0"] for shape in figure["layout"]["shapes"]]
    assert widths[0] == pytest.approx(2 * widths[1])


def test_what_has_no_shares_has_no_bars() -> None:
    figure = ranked_figure(top("p95"), "dark", 900, 0)
    assert figure["layout"]["shapes"] == []
    assert "share" not in texts(figure)


def test_a_change_has_its_colour_in_either_theme() -> None:
    data = top(good="down")
    data = replace(data, series=(replace(data.series[0], change=0.5),))
    for theme in ("light", "dark"):
        figure: Any = ranked_figure(data, theme, 900, 0)
        (moved,) = [note for note in figure["layout"]["annotations"] if note["text"].startswith("+50")]
        assert moved["font"]["color"] == TOKENS[theme]["bad"]


def test_values_are_text_and_long_ones_are_cut() -> None:
    data = top(names=("<b>bold</b>", "x" * 500, "c"))
    figure = ranked_figure(data, "light", 900, 0)
    said = texts(figure)
    assert not any("<" in note["text"] for note in figure["layout"]["annotations"])
    assert max(map(len, said)) <= 60


def test_a_picture_is_as_high_as_its_rows_need() -> None:
    data = top("count", *map(float, range(21, 0, -1)), names=tuple(f"zone {number}" for number in range(21)))
    about = about_chart(data, auth_tab())
    assert about["tile"]
    figure = standalone_figure(data, (), FigureStyle(), Captions(about, [], LINK), 960, 320)
    layout = figure["layout"]
    room = layout["height"] - layout["margin"]["t"] - layout["margin"]["b"]
    assert room >= ranked_height(data) == 22 * ROW
    assert texts(figure)[-1] == LINK
    assert not layout["showlegend"]
    assert "zone 20" in texts(figure)


def test_a_picture_of_no_rows_says_why() -> None:
    data = replace(top(), series=(), state="never_seen")
    figure = standalone_figure(data, (), FigureStyle(), Captions(about_chart(data, auth_tab()), [], LINK), 960, 540)
    assert any("Waiting for the first event" in text for text in texts(figure))
