"""A picture that stands alone: its text is whole, harmless, and leaves the chart its room."""

from typing import Any

import pytest

from layouts.export.about import about_chart, facts
from layouts.export.standalone import LEAST_PLOT, PADDING, Captions, graph_width, standalone_figure
from layouts.figure.room import NARROWEST_BAR, bars_within
from layouts.figure.traces import FigureStyle
from layouts.theme import TOKENS
from metrics_dash.charts.data import ChartData, Interval
from metrics_dash.web.address import Theme
from tests.support.pictures import LINK, START, auth_tab, notes

RATE, RESULTS, STARTS = auth_tab().charts


def drawn(data: ChartData, width: int = 960, height: int = 540, theme: Theme = "light", **captions: Any) -> Any:
    words = {"chart": about_chart(data, auth_tab()), "facts": facts(auth_tab(), demo=False), "link": LINK, **captions}
    return standalone_figure(data, (), FigureStyle(theme=theme), Captions(**words), width, height)


def plot_height(figure: Any) -> int:
    layout = figure["layout"]
    return int(layout["height"] - layout["margin"]["t"] - layout["margin"]["b"])


def test_a_picture_has_the_size_that_was_asked_for() -> None:
    layout = drawn(RATE)["layout"]
    assert (layout["width"], layout["height"]) == (960, 540)


def test_it_says_title_number_facts_and_link() -> None:
    said = notes(drawn(RESULTS))
    assert said[0] == "<b>Login Success/Failure</b>"
    assert "<b>72</b>" in said
    assert "Europe/Berlin (UTC+01:00) · 1-minute buckets" in " ".join(said)
    assert said[-1] == LINK


def test_a_unit_stands_beside_the_title() -> None:
    assert notes(drawn(RATE, chart={**about_chart(RATE, auth_tab()), "unit": "ms"}))[0] == "<b>Login Rate · ms</b>"


@pytest.mark.parametrize(("kind", "tone"), [("number", "text"), ("number met", "ok"), ("number warned", "warn")])
def test_a_number_has_the_colour_that_it_has_on_the_page(kind: str, tone: str) -> None:
    headline = [(kind, "1.2 s"), ("what", "latest")]
    layout = drawn(RATE, chart={**about_chart(RATE, auth_tab()), "headline": headline})["layout"]
    (number,) = [note for note in layout["annotations"] if note["text"] == "<b>1.2 s</b>"]
    assert number["font"]["color"] == TOKENS["light"][tone]


@pytest.mark.parametrize("width", [480, 960])
def test_no_text_of_a_picture_is_cut_off(width: int) -> None:
    link = LINK + "&hidden=" + "x" * 900
    figure = drawn(RESULTS, width, 320, facts=facts(auth_tab(), demo=True) * 4, link=link)
    layout = figure["layout"]
    assert layout["height"] > 320
    assert plot_height(figure) >= LEAST_PLOT
    lowest = min(note["yshift"] - note["font"]["size"] for note in layout["annotations"] if note.get("y") == 0)
    assert -lowest <= layout["margin"]["b"] - PADDING / 2
    assert "x" * 900 in "".join(notes(figure)).replace(" ", "")
    assert max(len(note["text"]) * note["font"]["size"] * 0.6 for note in layout["annotations"][2:]) <= width


def test_what_stands_above_the_chart_does_not_lie_over_its_legend() -> None:
    layout = drawn(RESULTS)["layout"]
    below_head = min(note["yshift"] - note["font"]["size"] for note in layout["annotations"] if note.get("y") == 1)
    assert below_head >= 0
    assert layout["margin"]["t"] > drawn(RATE)["layout"]["margin"]["t"]


def test_names_can_not_put_markup_into_a_picture() -> None:
    said = {
        **about_chart(STARTS, auth_tab()),
        "title": "<a href='https://example.org'>x</a>",
        "state": ["<b>", "a & b"],
    }
    text = " ".join(notes(drawn(STARTS, chart=said)))
    assert "<a " not in text
    assert "&lt;a href" in text
    assert "<b>&lt;b&gt;</b><br>a &amp; b" in text


def test_an_empty_chart_says_why_in_its_middle() -> None:
    note = drawn(STARTS)["layout"]["annotations"][-1]
    assert note["text"].startswith("<b>Waiting for the first event</b><br>")
    assert (note["x"], note["y"]) == (0.5, 0.5)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_picture_brings_its_own_background(theme: Theme) -> None:
    assert drawn(RATE, theme=theme)["layout"]["paper_bgcolor"] == TOKENS[theme]["surface"]


def test_the_mark_of_refused_events_stays() -> None:
    refused = Interval(START, START, 1312)
    captions = Captions(about_chart(RATE, auth_tab()), [], LINK)
    (mark,) = standalone_figure(RATE, [refused], FigureStyle(), captions, 960, 540)["layout"]["shapes"]
    assert mark["ysizemode"] == "pixel"


@pytest.mark.parametrize("width", [480, 960, 1300, 2400])
def test_bars_are_wide_enough_in_a_picture(width: int) -> None:
    margin = drawn(RESULTS, width)["layout"]["margin"]
    assert (width - margin["l"] - margin["r"]) / bars_within(graph_width(width)) >= NARROWEST_BAR
