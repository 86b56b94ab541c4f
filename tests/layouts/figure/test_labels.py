"""Stored text in a figure: keys that are safe everywhere, and labels that are shown as they stand."""

import html
import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from layouts.figure.figures import figure
from layouts.figure.labels import plain, series_key
from layouts.figure.traces import FigureStyle
from tests.support.figures import CATALOG, chart_data
from tests.support.payloads import PAYLOADS


@pytest.mark.parametrize("text", PAYLOADS)
def test_no_name_becomes_an_id_or_markup_of_the_figure(text: str) -> None:
    split = replace(CATALOG.chart("session-starts"), split_by="realm")
    data = replace(chart_data("session-starts", [1, 2], [3, 0], names=(text, "other")), chart=split)
    drawn = figure(replace(data, previous=data.series), (), FigureStyle(logarithmic=True))
    for trace in drawn["data"]:
        assert re.fullmatch(r"[a-z0-9-]+", trace["uid"])
        assert re.fullmatch(r"|s[0-9a-f]+", trace.get("legendgroup", ""))
        assert not set("<>%") & set(trace.get("name", ""))
    assert drawn["layout"]["meta"]["series"][series_key(text)] == {"name": text, "label": text}


@pytest.mark.parametrize("text", PAYLOADS)
def test_a_label_reads_as_it_was_stored(text: str) -> None:
    assert html.unescape(plain(text)) == text


@pytest.mark.parametrize("unfit", ["\x00", "\x07", "\x0b", "\x1b", "\x1f", "\ud800", "\ufffe", "\uffff"])
def test_what_no_picture_can_hold_is_a_box(unfit: str) -> None:
    """An SVG with one of these can't be read, so a single stored value made every picture of its chart fail."""
    text = ElementTree.fromstring(f"<text>{plain(f'ding{unfit}&<b>')}</text>").text
    assert text is not None
    assert html.unescape(text) == "ding\ufffd&<b>"


def test_series_of_other_names_have_other_keys_and_keep_them() -> None:
    assert len({series_key(text) for text in PAYLOADS}) == len(PAYLOADS)
    assert series_key("Europe/Berlin") == series_key("Europe/Berlin")


def test_a_bare_value_says_what_it_is_of() -> None:
    data = chart_data("login-results", [1], [2], names=("true", "false"))
    drawn = figure(data, (), FigureStyle())
    assert drawn["layout"]["meta"]["series"][series_key("true")]["label"] == "success: true"
