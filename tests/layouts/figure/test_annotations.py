"""Annotations as marks on the time axis: what stands together, what is said beside it, and that it stays readable."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from layouts.figure.annotations import APART, Group, groups, labels, shapes
from layouts.figure.room import plot_width
from layouts.theme import TOKENS
from metrics_dash.charts.data import Annotation
from tests.support.figures import NOON, chart_data

HOUR = chart_data("quests-accepted", [1.0] * 60)
WINDOW = HOUR.window


def said(minute: float, title: str = "1.8.0", *, length: float = 0, **more: Any) -> Annotation:
    start = NOON + timedelta(minutes=minute)
    return Annotation(f"{title}-{minute}", start, start + timedelta(minutes=length), title, **more)


def texts(those: list[Group], **more: Any) -> list[str]:
    return [label["text"] for label in labels(those, WINDOW, "light", 0, **more)]


def test_a_moment_is_a_line_with_a_foot_at_its_time() -> None:
    line, foot = shapes(groups([said(30)], WINDOW, 0), WINDOW, "light", 0)
    assert (line["x0"], line["x1"]) == ("2026-01-31 12:30:00", "2026-01-31 12:30:00")
    assert foot["xanchor"] == "2026-01-31 12:30:00"
    assert line["line"]["color"] == foot["fillcolor"] == TOKENS["light"]["note"]


def test_a_span_is_a_region_within_the_window() -> None:
    those = groups([said(-30, length=40), said(50, length=30)], WINDOW, 0)
    regions = [shape for shape in shapes(those, WINDOW, "dark", 0) if shape["type"] == "rect"]
    assert [(each["x0"][11:16], each["x1"][11:16]) for each in regions] == [("12:00", "12:10"), ("12:50", "13:00")]
    assert {each["fillcolor"] for each in regions} == {TOKENS["dark"]["note-soft"]}


def test_what_stands_closer_than_a_finger_is_one_mark_that_says_how_many_more() -> None:
    those = groups([said(10 + number / 10, f"patch {number}") for number in range(6)], WINDOW, 0)
    assert [len(group.annotations) for group in those] == [6]
    assert texts(those) == ["patch 0 +5"]


def test_many_marks_keep_apart_whatever_the_width() -> None:
    many = [said(number * 0.6, f"release {number}") for number in range(100)]
    for width in (0, 320, 1200):
        those = groups(many, WINDOW, width)
        assert sum(len(group.annotations) for group in those) == 100
        assert all(after.x - before.x >= APART for before, after in pairwise(those))


def test_labels_give_way_to_one_another() -> None:
    those = groups([said(30, "a rather long title"), said(34, "another long title")], WINDOW, 0)
    drawn = labels(those, WINDOW, "light", 0)
    assert [(each["text"], each["xanchor"]) for each in drawn] == [
        ("a rather long title", "right"),
        ("another long title", "left"),
    ]


def test_a_label_is_a_text_whatever_it_holds() -> None:
    assert texts(groups([said(30, "<b>A & B</b>")], WINDOW, 0)) == ["&lt;b&gt;A &amp; B&lt;/b&gt;"]


def test_a_mark_at_an_edge_does_not_widen_the_axis() -> None:
    those = groups([said(-10, length=20), said(59.99)], WINDOW, 0)
    assert [shape["type"] for shape in shapes(those, WINDOW, "light", 0)] == ["rect", "line", "line"]
    assert all(0 <= group.x <= plot_width(0) for group in those)


def test_bars_that_begin_later_than_their_tab_keep_the_mark_within() -> None:
    bars = chart_data("login-results", [1.0], names=("true",))
    early = Group(datetime(2026, 1, 31, 11, 59, tzinfo=UTC), 40.0, (said(-1),))
    assert shapes([early], bars.window, "light", 0)[0]["x0"] == "2026-01-31 12:00:00"
