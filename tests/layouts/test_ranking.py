"""A table of values: rows in their order, numbers with what they mean, and every text a text."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from layouts.cards import listing, shown
from layouts.numbers import THIN_SPACE
from layouts.ranking import NOTHING, place, share_text, table
from layouts.static import as_html
from metrics_dash.bounds import Bounds
from metrics_dash.charts.data import ChartData, Interval
from tests.support.figures import NOON, chart_data


def top(show: Any = "count", *totals: float | None, names: tuple[str, ...] = ("a", "b", "c"), **more: Any) -> ChartData:
    values = totals or (60.0, 30.0, 10.0)
    data = chart_data("creatures-killed", *([1.0, 2.0] for _ in values), names=names[: len(values)])
    series = tuple(replace(one, total=total) for one, total in zip(data.series, values, strict=True))
    chart = replace(data.chart, draw="top", show=show, split_by="zone", **more)
    return replace(data, chart=chart, series=series)


def rows(data: ChartData, part: str = "tbody") -> list[list[str]]:
    """Return what the cells of a part of the table say, but for the small line."""
    (found,) = [each for each in table(data).children if each is not None and each._type.lower() == part]
    return [[said(cell) for cell in row.children[:-1]] for row in found.children]


def said(cell: Any) -> str:
    if isinstance(cell, list):
        return "".join(map(said, cell))
    return said(cell.children) if hasattr(cell, "children") else str(cell or "")


def test_a_row_says_value_number_share_and_change() -> None:
    data = top()
    first = replace(data.series[0], before=48.0, comparable=60.0, change=0.25)
    data = replace(data, series=(first, *data.series[1:]))
    thin = THIN_SPACE
    assert rows(data) == [
        ["a", "60", f"60.0{thin}%", f"+25.0{thin}%"],
        ["b", "30", f"30.0{thin}%", NOTHING],
        ["c", "10", f"10.0{thin}%", NOTHING],
    ]
    assert 'title="60 against 48 (' in as_html(table(data))


def test_a_table_has_heads_of_columns_and_of_rows() -> None:
    text = as_html(table(top()))
    assert '<caption class="unseen">Creatures Killed: total by zone</caption>' in text
    assert text.count('scope="col"') == 5
    assert text.count('scope="row"') == 3


def test_all_other_values_are_the_foot_and_none_is_called_so_by_accident() -> None:
    data = top("count", 6.0, 3.0, 1.0, names=("other", "b", "all other"))
    data = replace(data, series=(*data.series[:2], replace(data.series[2], rest=True)))
    assert [row[0] for row in rows(data)] == ["other", "b"]
    assert [row[0] for row in rows(data, "tfoot")] == ["all other"]


@pytest.mark.parametrize("show", ["avg", "min", "max", "p95", "unique"])
def test_what_does_not_add_up_has_no_shares(show: str) -> None:
    assert [len(row) for row in rows(top(show))] == [3, 3, 3]
    assert "<i" not in as_html(table(top(show)))


def test_shares_are_of_what_is_not_below_zero() -> None:
    assert [row[2] for row in rows(top("sum", 5.0, -1.0))] == [NOTHING, NOTHING]
    assert [row[2] for row in rows(top("sum", 0.0, 0.0))] == [NOTHING, NOTHING]


@pytest.mark.parametrize(
    ("share", "text"),
    [(None, ""), (0.0, "0.0 %"), (0.0004, "< 0.1 %"), (0.5, "50.0 %"), (1.0, "100.0 %")],
)
def test_a_share_is_said_to_a_tenth(share: float | None, text: str) -> None:
    assert share_text(share).replace(THIN_SPACE, " ") == text


@pytest.mark.parametrize(
    ("change", "good", "kind"),
    [(0.009, "up", "level"), (0.5, "up", "good"), (0.5, "down", "bad"), (-0.5, "down", "good"), (0.5, "none", "other")],
)
def test_a_change_has_the_colour_that_the_chart_declares(change: float, good: Any, kind: str) -> None:
    data = top(good=good)
    data = replace(data, series=(replace(data.series[0], change=change),))
    assert f'class="moved {kind}"' in as_html(table(data))


def test_a_number_that_warns_has_its_colour() -> None:
    text = as_html(table(top("p95", 900.0, 100.0, bounds=Bounds(warn=500, judges=True))))
    assert text.count('class="amount warned"') == 1


STORED = ["<img src=x onerror=alert(1)>", '"><script>', "\u202egnp.exe", "{meta}", "a\x07b", "x" * 3000, "שלום"]


@pytest.mark.parametrize("value", STORED)
def test_a_value_is_text_whatever_it_looks_like(value: str) -> None:
    text = as_html(table(top(names=(value, "b", "c"))))
    assert "<img" not in text
    assert "<script" not in text
    assert "{" not in text
    # What runs from right to left turns nothing beside it round.
    assert "<bdi>" in text


def test_a_value_that_is_nothing_has_a_name_and_a_bare_truth_says_what_of() -> None:
    assert [row[0] for row in rows(top(names=("", "true", "c")))] == ["(empty)", "zone: true", "c"]


def test_the_line_has_gaps_and_its_unfinished_end_is_dotted() -> None:
    data = top("count", 5.0)
    start = int(data.series[0].t[0])
    times = start + 60_000 * np.arange(5)
    line = replace(data.series[0], t=times, v=np.array([1.0, np.nan, 3.0, 4.0, 2.0]))
    text = as_html(table(replace(data, series=(line,), unfinished_from=int(times[-1]))))
    assert text.count("<path") == 3
    assert text.count('class="open"') == 1
    assert text.count("M") == 3, "one before the gap, one after it, and the unfinished end"


def test_a_value_that_stands_alone_is_a_dot() -> None:
    data = top("count", 5.0)
    times = int(data.series[0].t[0]) + 60_000 * np.arange(6)
    line = replace(data.series[0], t=times, v=np.array([np.nan, 9.0, np.nan, 3.0, np.nan, 2.0]))
    text = as_html(table(replace(data, series=(line,), unfinished_from=int(times[-1]))))
    (lone,) = re.findall(r'<path class="lone" d="([^"]+)" style="stroke-width:3px"/>', text)
    assert re.fullmatch(r"(M\d+ \d+h\.01){3}", lone)
    assert text.count("<path") == 1, "there is nothing to draw a line through"


def test_a_line_has_no_more_points_than_can_be_seen() -> None:
    data = top("count", 5.0)
    times = int(data.series[0].t[0]) + 60_000 * np.arange(1440)
    line = replace(data.series[0], t=times, v=np.full(1440, 5.0))
    assert len(as_html(table(replace(data, series=(line,))))) < 2000


def test_a_card_without_rows_says_why_and_one_with_rows_lists_them() -> None:
    (carried,) = shown(top())
    assert (carried.hidden, getattr(carried, "data-settles")) == (True, as_html(table(top())))
    assert place(top().chart).to_plotly_json()["props"]["aria-label"] == "Creatures Killed"
    (message,) = shown(replace(top(), series=(), state="never_seen"))
    assert message.className == "message"
    partly = shown(replace(top(), state="unsplit"))
    assert "Some of what was counted" in as_html(partly)
    assert as_html(table(top())) in as_html(listing(top()))


def test_a_table_says_how_many_of_its_events_were_refused() -> None:
    refused = Interval(NOON, NOON, 3, ("buffer_full",))
    (carried,) = shown(replace(top(), refused=(refused,)))
    (plain,) = shown(top())
    foot = '<p class="refused-foot">3 events refused: buffer_full</p>'
    assert foot in getattr(carried, "data-settles")
    assert "refused" not in getattr(plain, "data-settles")
    assert foot in as_html(listing(replace(top(), refused=(refused,))))


def test_each_value_leads_to_the_tab_filtered_by_it_and_by_all_but_it_and_the_rest_to_nothing() -> None:
    text = as_html(table(top(names=("a&b", "b", "other"))))
    assert 'data-filter="zone:a&amp;b"' in text
    assert 'data-filter="!zone:a&amp;b"' in text
    assert 'href="?filter=%21zone%3Aa%26b"' in text
