"""A card: its number, what is said where there is none to draw, and how it is announced."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from dash import dcc, html

from layouts.cards import CardContent, card, headline, skeleton_card, spoken, state
from metrics_dash.bounds import Bounds
from metrics_dash.catalog_ratio import Part, Ratio
from metrics_dash.charts.data import ChartData, Doubt, Headline
from metrics_dash.charts.timerange.grid import to_milliseconds
from metrics_dash.ops.lag import Lag
from tests.support.components import attribute, every, ids, name_of, words
from tests.support.figures import CATALOG, NOON, chart_data
from tests.support.times import window_by_hand

LAST_SEEN = datetime(2026, 1, 30, 8, 15, tzinfo=UTC)
BEHIND = Lag(timedelta(minutes=7), NOON + timedelta(minutes=2), ("the scheduler is not running",))


def chart(**more: Any) -> ChartData:
    """The log-ins of a day up to noon, in Berlin."""
    window = window_by_hand(NOON - timedelta(days=1), NOON, "1m", ZoneInfo("Europe/Berlin"))
    return replace(chart_data("login-rate", [1.0]), window=window, **more)


def empty(kind: Any, **more: Any) -> ChartData:
    return chart(series=(), state=kind, **more)


def said(data: ChartData, lag: Lag | None = None) -> str:
    return words(state(data, lag))


# Where there is nothing to draw


def test_nothing_is_said_over_a_chart_that_has_data() -> None:
    assert state(chart()) == []
    assert state(chart(unfinished_from=to_milliseconds(NOON)), BEHIND) == []


def test_an_event_that_was_never_seen_is_named() -> None:
    text = said(empty("never_seen"))
    assert text.startswith("Waiting for the first event")
    assert "bezgelor.auth.login_complete has never been seen" in text


def test_an_empty_range_leads_to_where_the_event_was_last_seen() -> None:
    shown = state(empty("none_in_range", last_seen=LAST_SEEN))
    (link,) = every(shown, html.A)
    assert "No data available for this time range" in words(shown)
    assert words(link) == "Fri 30 Jan 2026, 09:15"
    assert attribute(link, "data-around") == "2026-01-30T08:15:00Z"


def test_an_empty_range_of_what_is_not_rolled_up_yet_invents_no_moment() -> None:
    text = said(empty("none_in_range"))
    assert text == "No data available for this time range"


def test_a_range_beyond_retention_says_since_when_there_is_something() -> None:
    assert "Kept since Fri 30 Jan 2026, 09:15." in said(empty("past_retention", held_from=LAST_SEEN))
    assert "beyond what is kept" in said(empty("past_retention"))


def test_a_chart_that_fails_says_why_and_looks_bad() -> None:
    shown = state(empty("failing", error="The query took too long."))
    assert words(shown) == "This chart can’t be drawnThe query took too long."
    assert attribute(shown[0], "className") == "message bad"


def test_events_of_a_time_before_the_dimension_was_declared_are_not_told_apart() -> None:
    data = empty("unsplit")
    text = said(replace(data, chart=replace(data.chart, split_by="zone")))
    assert "Not told apart by zone" in text
    assert "before the catalog declared the dimension" in text


@pytest.mark.parametrize("kind", ["never_seen", "none_in_range"])
def test_while_the_pipeline_is_behind_no_data_is_not_said_to_be_nothing(kind: str) -> None:
    waiting = empty(kind, unfinished_from=to_milliseconds(NOON), last_seen=LAST_SEEN)
    recent = replace(waiting, window=replace(waiting.window, end=NOON + timedelta(minutes=10)))
    text = said(recent, BEHIND)
    assert text.startswith("Events are not coming through")
    assert "The scheduler is not running. Complete through Sat 31 Jan 2026, 13:02." in text
    assert "Last seen Fri 30 Jan 2026, 09:15." in text


def test_what_is_behind_changes_nothing_about_a_range_that_is_complete() -> None:
    assert "never been seen" in said(empty("never_seen"), BEHIND)
    complete = empty("none_in_range", unfinished_from=to_milliseconds(NOON))
    assert "No data available" in said(complete, BEHIND)
    assert "beyond what is kept" in said(empty("past_retention", unfinished_from=to_milliseconds(NOON)), BEHIND)


# The number


def shown(**number: Any) -> list[tuple[str, str]]:
    return [(attribute(part, "className"), words(part)) for part in headline(chart(headline=Headline(**number)))]


def test_a_headline_is_the_number_what_it_is_of_and_its_change() -> None:
    assert shown(value=61_408.0, label="total", previous=56_754.0, change=0.082) == [
        ("number", "61,408"),
        ("what", "total, 24 h"),
        ("change other", "+8.2 % vs day before"),
    ]


def test_the_latest_value_is_of_no_length() -> None:
    assert shown(value=5.0, label="latest") == [("number", "5"), ("what", "latest")]


def test_without_a_number_there_is_a_dash_and_nothing_is_compared() -> None:
    assert shown(value=None, label="") == [("number", "–")]


@pytest.mark.parametrize(
    ("change", "good", "judgement"),
    [
        (0.2, "up", "good"),
        (-0.2, "up", "bad"),
        (0.2, "down", "bad"),
        (-0.2, "down", "good"),
        (0.2, "none", "other"),
        (0.009, "up", "level"),
        (-0.009, "down", "level"),
        (0.0, "none", "level"),
    ],
)
def test_a_change_is_judged_as_the_chart_declares_and_below_one_percent_not_at_all(
    change: float, good: Any, judgement: str
) -> None:
    data = chart(headline=Headline(1.0, "total", change=change))
    declared = replace(data, chart=replace(data.chart, good=good))
    assert attribute(headline(declared)[-1], "className") == f"change {judgement}"


@pytest.mark.parametrize(
    ("value", "kind", "said"),
    [
        (150.0, "number met", "latest, target met"),
        (500.0, "number", "latest"),
        (2e3, "number warned", "latest, above 1,000 ms"),
    ],
)
def test_a_number_is_coloured_by_what_it_is_held_against_and_words_say_so_too(
    value: float, kind: str, said: str
) -> None:
    data = chart(headline=Headline(value, "latest"))
    bounds = Bounds(target=200, warn=1000, judges=True)
    number, what = headline(replace(data, chart=replace(data.chart, unit="ms", bounds=bounds)))
    assert (attribute(number, "className"), words(what).replace("\u202f", " ")) == (kind, said)


def test_a_number_speaks_the_unit_of_its_axis() -> None:
    drawn = chart_data("login-rate", [1200.0, 2976.0])
    timing = replace(drawn.chart, unit="ms")
    data = replace(drawn, chart=timing, headline=Headline(2976.0, "maximum", 980.0, 2.0, comparable=2950.0))
    number, _, change = headline(data)
    assert words(number) == "2.98 s"
    assert attribute(change, "title").replace("\u202f", " ").startswith("2.95 s against 0.98 s")
    assert "unit" not in [attribute(part, "className") for part in every(card(timing, content(data), size=None))]


def test_what_is_compared_is_there_for_who_points_at_the_change() -> None:
    compared = headline(chart(headline=Headline(7.0, "total", 4.0, 0.5, comparable=6.0)))[-1]
    assert attribute(compared, "title") == "6 against 4 (Thu 29 Jan 13:00 → Fri 30 Jan 13:00)"


# The box


def content(data: ChartData) -> CardContent:
    return CardContent({"data": []}, [*headline(data), spoken(data, [])], state(data))


def test_a_listener_gets_a_picture_with_a_name_and_a_summary() -> None:
    data = chart()
    drawn = card(data.chart, content(data), size=None)
    (picture,) = (part for part in every(drawn) if attribute(part, "role") == "img")
    known = ids(drawn)
    assert attribute(picture, "aria-labelledby") in known
    assert attribute(picture, "aria-describedby") in known
    assert attribute(drawn, "aria-labelledby") == attribute(picture, "aria-labelledby")


def test_every_button_of_a_card_has_a_name() -> None:
    drawn = card(CATALOG.chart("login-results"), content(chart()), size=None)
    nameless = [part for part in every(drawn) if isinstance(part, html.Button | html.A) and not name_of(part)]
    assert nameless == []


def test_a_card_offers_nothing_that_leaves_the_house() -> None:
    (graph,) = every(card(chart().chart, content(chart()), size=None), dcc.Graph)
    assert attribute(graph, "config")["showSendToCloud"] is False
    assert attribute(graph, "config")["displaylogo"] is False


def test_a_card_before_its_data_has_the_same_boxes() -> None:
    data = chart()
    boxes = [
        [attribute(part, "className") for part in every(drawn, html.Div) if part in drawn.children]
        for drawn in (card(data.chart, content(data), size="full"), skeleton_card(data.chart, size="full"))
    ]
    assert boxes[0] == boxes[1] == ["headline", "chart"]


def test_a_tile_is_the_number_alone_and_says_why_there_is_none() -> None:
    data = replace(chart(), chart=replace(chart().chart, draw="stat"), state="never_seen")
    drawn = card(data.chart, content(data), size="small")
    assert "chart" not in [attribute(part, "className") for part in every(drawn, html.Div)]
    assert "Waiting for the first event" in words(drawn)
    assert [attribute(part, "hidden") for part in every(drawn, html.Div) if list(every(part, dcc.Graph))][-1] is True
    assert "Logarithmic" not in words(drawn)
    assert attribute(skeleton_card(data.chart, size="small"), "className") == "card small tile"


def test_a_ratio_of_two_events_waits_for_both() -> None:
    ratio = Ratio(Part("a.done"), Part("a.tried"))
    data = replace(chart(), chart=replace(chart().chart, ratio=ratio), state="never_seen")
    assert "a.tried and a.done have not both been seen" in " ".join(words(part) for part in state(data))


def test_a_number_of_fewer_series_says_of_how_many() -> None:
    data = chart(headline=Headline(3.0, "total", counted=(1, 2)))
    assert [words(part) for part in headline(data)] == ["3", "total of 1 of 2 series, 24 h"]


def test_a_number_of_the_empty_value_says_so() -> None:
    data = chart(headline=Headline(3.0, "total"), only="")
    assert [words(part) for part in headline(data)] == ["3", "total of (empty), 24 h"]


def test_a_number_in_doubt_is_a_bound_and_says_how_much_may_be_missing() -> None:
    data = chart(headline=Headline(72.0, "total"), doubt=Doubt("least", np.array([0]), 9))
    assert words(headline(data)).startswith("≥ 72")
    assert "up to 9 more among rarer values" in words(headline(data))
