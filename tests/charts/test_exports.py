"""What is taken away: names of files, and tables with what is said of their time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from metrics_dash.catalog import Tab
from metrics_dash.charts.data import Annotation, TabData
from metrics_dash.charts.exports import chart_csv, file_name, length_text, tab_csv
from tests.support.figures import NOON, chart_data
from tests.support.times import window_by_hand


@pytest.mark.parametrize(
    ("start", "end", "zone", "length"),
    [
        ("2026-01-31T11:00:00Z", "2026-01-31T12:00:00Z", "UTC", "1h"),
        ("2026-01-30T12:00:10Z", "2026-01-31T12:00:10Z", "UTC", "24h"),
        ("2026-01-31T10:30:00Z", "2026-01-31T12:00:00Z", "UTC", "90m"),
        ("2026-01-31T12:00:00Z", "2026-01-31T12:00:30Z", "UTC", "30s"),
        ("2026-01-24T12:00:00Z", "2026-01-31T12:00:00Z", "UTC", "7d"),
        ("2026-03-25T12:00:00Z", "2026-04-01T11:00:00Z", "Europe/Berlin", "7d"),
        ("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", "Europe/Berlin", "23h"),
        ("2026-01-01T00:00:00Z", "2026-01-03T03:00:00Z", "UTC", "51h"),
    ],
)
def test_a_length_is_a_range_of_the_address(start: str, end: str, zone: str, length: str) -> None:
    window = window_by_hand(datetime.fromisoformat(start), datetime.fromisoformat(end), "hour", ZoneInfo(zone))
    assert length_text(window) == length


def test_file_names_sort_by_tab_chart_and_time() -> None:
    end = datetime(2026, 1, 31, 12, tzinfo=UTC)
    window = window_by_hand(end - timedelta(days=1), end, "minute", ZoneInfo("UTC"))
    assert file_name("auth", "login-rate", window, "png") == "auth_login-rate_2026-01-31T12-00_24h.png"
    assert file_name("auth", None, window, "csv") == "auth_2026-01-31T12-00_24h.csv"


def annotated(*annotations: Annotation) -> str:
    return chart_csv(chart_data("quests-accepted", [1, 2, 3], names=("Quests Accepted",)), annotations=annotations)


def said(minutes: float, title: str, length: float = 0, text: str = "") -> Annotation:
    start = NOON + timedelta(minutes=minutes)
    return Annotation(title, start, start + timedelta(minutes=length), title, text)


def test_a_table_says_what_was_said_of_its_time_in_the_bucket_in_which_it_began() -> None:
    lines = annotated(said(-5, "earlier", 6), said(1.5, "1.8.0", text="is\nout"), said(1.9, "again")).splitlines()
    assert lines[0] == "time,Quests Accepted,annotations"
    assert lines[1] == "2026-01-31T12:00:00Z,1,earlier (2026-01-31T11:55:00Z to 2026-01-31T12:01:00Z)"
    told = "1.8.0: is out (2026-01-31T12:01:30Z); again (2026-01-31T12:01:54Z)"
    assert lines[2] == f"2026-01-31T12:01:00Z,2,{told}"
    assert lines[3] == "2026-01-31T12:02:00Z,3,"


def test_a_table_of_which_nothing_is_said_is_as_it_was() -> None:
    assert annotated().splitlines()[0] == "time,Quests Accepted"


def test_no_spreadsheet_takes_what_is_said_for_a_formula() -> None:
    assert annotated(said(0, "=cmd()")).splitlines()[1].endswith(",1,'=cmd() (2026-01-31T12:00:00Z)")


def test_a_tab_says_what_was_said_also_where_its_first_chart_has_no_data() -> None:
    quests = chart_data("quests-accepted", [1, 2], names=("Quests Accepted",))
    unseen = replace(chart_data("login-rate", [0, 0]), series=(), state="never_seen")
    tab = Tab("both", "Both", (unseen.chart, quests.chart))
    data = TabData(tab, quests.window, (unseen, quests), NOON, annotations=(said(1, "1.8.0"),))
    assert tab_csv(data, {}).splitlines() == [
        "time,Quests Accepted,annotations",
        "2026-01-31T12:00:00Z,1,",
        "2026-01-31T12:01:00Z,2,1.8.0 (2026-01-31T12:01:00Z)",
    ]
    nothing = replace(data, charts=(unseen,))
    assert tab_csv(nothing, {}).splitlines() == ["time"]


def listed(*rows: tuple[str, float | None, float | None, float | None], show: str = "sum") -> str:
    data = chart_data("xp-awarded", *([1.0, 2.0] for _ in rows), names=tuple(row[0] for row in rows))
    series = tuple(
        replace(one, total=total, before=before, change=change)
        for one, (_, total, before, change) in zip(data.series, rows, strict=True)
    )
    chart = replace(data.chart, draw="top", show=show, split_by="zone")
    return chart_csv(replace(data, chart=chart, series=series), annotations=[said(1, "1.8.0")])


def test_a_table_of_values_is_its_rows() -> None:
    assert listed(("forest", 30.0, 20.0, 0.5), ("=1+1", 10.0, None, None)).splitlines() == [
        "zone,sum,share,before,change",
        "forest,30,0.75,20,0.5",
        "'=1+1,10,0.25,,",
    ]


def test_a_table_of_averages_has_no_shares() -> None:
    assert listed(("forest", 30.5, 20.0, 0.5), show="avg").splitlines()[1] == "forest,30.5,,20,0.5"


def test_a_table_of_values_without_any_has_its_heads() -> None:
    data = chart_data("xp-awarded", [1.0])
    data = replace(data, chart=replace(data.chart, draw="top", split_by="share"), series=())
    assert chart_csv(data).splitlines() == ["share (2),sum,share,before,change"]
