"""What a picture says about itself: the numbers of the page, the range with its offsets, what is not whole."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dash import html

from layouts.export.about import (
    about,
    about_chart,
    chart_facts,
    facts,
    hidden_fact,
    metadata,
    range_with_years,
    spoken,
    with_own,
)
from metrics_dash.charts.data import Annotation, Interval
from metrics_dash.charts.timerange.steps import find_step
from tests.support.pictures import LINK, START, WINDOW, auth_tab
from tests.support.times import at, window_by_hand


def test_a_picture_says_what_it_shows() -> None:
    said = about(auth_tab(), demo=True)
    assert [text for _, text in said["facts"]] == [
        "Sun 1 Feb 2026 01:00 → Sun 1 Feb 2026 07:00, Europe/Berlin (UTC+01:00)",
        "1-minute buckets",
        "complete through Sun 1 Feb 2026 07:00:00",
        "compared with the previous day (pale)",
        "demo data",
    ]
    assert (said["stem"], said["length"]) == ("2026-02-01T07-00_6h", "6h")
    assert said["range"] == said["facts"][0][1]
    assert [chart["id"] for chart in said["charts"]] == ["login-rate", "login-results", "session-starts"]


def test_a_chart_says_its_number_its_split_and_why_it_is_empty() -> None:
    tab = auth_tab()
    rate, results, starts = (about_chart(chart, tab) for chart in tab.charts)
    assert rate["headline"] == [("number", "72"), ("what", "total, 6\u202fh")]
    assert (rate["facts"], rate["state"]) == ([], [])
    assert results["facts"] == [("Split", "split by success")]
    assert starts["state"] == ["Waiting for the first event", "bezgelor.realm.session_start has never been seen."]


def test_a_split_that_was_taken_back_is_not_claimed() -> None:
    data = auth_tab().charts[1]
    assert chart_facts(replace(data, chart=replace(data.chart, split_by=None)), auth_tab()) == []


def test_bars_with_buckets_of_their_own_say_theirs_in_place_of_the_tabs() -> None:
    tab = auth_tab()
    bars = replace(tab.charts[1], window=replace(WINDOW, step=find_step("15m")))
    own = chart_facts(bars, tab)
    assert own[0] == ("Resolution", "15-minute buckets")
    said = with_own(facts(tab, demo=False), own)
    assert [text for name, text in said if name == "Resolution"] == ["15-minute buckets"]
    assert [name for name, _ in said][:2] == ["Range", "Resolution"]


def test_refused_events_are_counted_in_the_footer() -> None:
    refused = Interval(START, START + timedelta(minutes=5), 1200, ("buffer_full",))
    assert ("Refused", "1,200 events refused, of whatever event") in facts(auth_tab(refused=(refused,)), demo=False)


def test_a_chart_tells_of_its_own_refused_events_and_of_no_others() -> None:
    refused = Interval(START, START + timedelta(minutes=5), 1200, ("buffer_full",))
    tab = auth_tab(refused=(refused,))
    own = replace(tab.charts[0], refused=(replace(refused, count=3),))
    told = [dict(with_own(facts(tab, demo=False), chart_facts(chart, tab))) for chart in (own, tab.charts[1])]
    assert told[0]["Refused"] == "3 events refused: buffer_full (marked on the axis)"
    assert "Refused" not in told[1]
    table = replace(own, chart=replace(own.chart, draw="top"))
    assert dict(chart_facts(table, tab))["Refused"] == "3 events refused: buffer_full"


def test_what_was_said_of_this_time_stands_in_the_footer_and_in_the_words_of_the_file() -> None:
    said = Annotation("a", START + timedelta(hours=1), START + timedelta(hours=1), "1.8.0 <b>")
    told = facts(auth_tab(annotations=(said,)), demo=False)
    assert ("Annotations", "1 annotation: Sun 1 Feb 02:00 1.8.0 <b>") in told
    assert "1.8.0 <b>" in metadata("Auth", "", told, LINK, START)["Description"]


def test_why_the_resolution_is_not_the_one_asked_for_stands_in_the_footer() -> None:
    noted = auth_tab(window=replace(WINDOW, note="Shown in hours: minutes are held only since today."))
    assert ("Note", "Shown in hours: minutes are held only since today.") in facts(noted, demo=False)


def test_nothing_is_said_that_is_not_so() -> None:
    known = [name for name, _ in facts(auth_tab(compare=None), demo=False)]
    assert known == ["Range", "Resolution", "Complete through"]


def test_hidden_series_are_named_in_order() -> None:
    assert hidden_fact({"true", "false"}) == [("Hidden series", "hidden: false, true")]
    assert hidden_fact(()) == []


@pytest.mark.parametrize(
    ("start", "end", "zone", "text"),
    [
        ("2026-01-30T11:00:00Z", "2026-01-31T11:00:00Z", "UTC", "Fri 30 Jan 2026 11:00 → Sat 31 Jan 2026 11:00, UTC"),
        (
            "2026-03-28T11:00:00Z",
            "2026-03-29T11:00:00Z",
            "Europe/Berlin",
            "Sat 28 Mar 2026 12:00 → Sun 29 Mar 2026 13:00, Europe/Berlin (UTC+01:00 → UTC+02:00)",
        ),
        (
            "2026-01-30T11:00:05Z",
            "2026-01-30T11:01:00Z",
            "Asia/Kathmandu",
            "Fri 30 Jan 2026 16:45:05 → Fri 30 Jan 2026 16:46, Asia/Kathmandu (UTC+05:45)",
        ),
    ],
)
def test_a_range_is_said_so_that_nobody_needs_the_page_to_read_it(start: str, end: str, zone: str, text: str) -> None:
    assert range_with_years(window_by_hand(at(start), at(end), "1m", ZoneInfo(zone))) == text


def test_the_metadata_begin_with_the_keywords_of_the_specification() -> None:
    made = datetime(2026, 2, 1, 6, 0, 7, tzinfo=UTC)
    known = metadata("Login Rate", "72", [("Range", "today"), ("Split", "")], LINK, made)
    assert list(known) == ["Title", "Description", "Software", "Creation Time", "Source", "Range", "Split"]
    assert known["Description"] == "72 · today"
    assert known["Creation Time"] == "2026-02-01T06:00:07Z"
    assert known["Source"] == LINK


def test_a_component_is_spoken_as_its_words() -> None:
    assert spoken(html.P(["Last seen ", html.A("today"), None, 7])) == "Last seen today7"
    assert spoken(html.Span()) == ""
