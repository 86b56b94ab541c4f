"""The pipeline page: numbers at a glance, who sends and who fell silent, what is stored and what goes next."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote
from uuid import uuid4
from zoneinfo import ZoneInfo

import numpy as np

from db.sizes import Sizes
from db.status import CollectorStatus
from db.whole import WholeKey
from layouts.cards import skeleton_card, sketched_card
from layouts.pages.pipeline import content, spark
from layouts.static import as_html
from metrics_dash.charts.data import ChartData, Headline, Series
from metrics_dash.charts.timerange.grid import to_milliseconds
from metrics_dash.ops.pipeline import SAMPLES, TAB, Level, Pipeline, Store
from tests.support.components import words
from tests.support.figures import NOON
from tests.support.times import window_by_hand

NOW = NOON + timedelta(hours=24)
WINDOW = window_by_hand(NOON, NOW, "hour", ZoneInfo("UTC"))
STARTS = to_milliseconds(NOON) + 3_600_000 * np.arange(24, dtype=np.int64)


def chart(chart_id: str, **series: list[float]) -> ChartData:
    declared = next(each for each in TAB.charts if each.id == chart_id)
    made = tuple(Series(name.replace("__", " "), STARTS, np.array(row)) for name, row in series.items())
    total = float(sum(sum(row) for row in series.values()))
    return ChartData(declared, WINDOW, made, "data" if made else "never_seen", headline=Headline(total, "total"))


def pipeline(**more: ChartData) -> Pipeline:
    charts = {each.id: chart(each.id) for each in TAB.charts} | {each.chart.id: each for each in more.values()}
    levels = (
        Level("raw", 107_000_000, NOON - timedelta(days=2), 2, 1),
        Level("minute", 221_760, None, 14, 0),
        Level("hour", 23_760, None, 90, 0, "held since 2026-01-31: history is arriving"),
    )
    collector = CollectorStatus(
        uuid4(), "host-1", 42, NOW, None, {"buffered": 300, "in_flight": 12, "committed": 9}, True
    )
    sizes = Sizes(
        3 * 1024**3, {"telemetry_events": 2 * 1024**3, "telemetry_buckets": 5 * 1024**2}, {"2026-01-31": 1024}, 3
    )
    return Pipeline(NOW, NOW - timedelta(seconds=2), 4, (collector,), charts, Store(sizes, levels), 10_000)


def said(data: Pipeline) -> str:
    return words(content(data)).replace("\u202f", " ")


def test_it_says_how_the_pipeline_is_at_a_glance() -> None:
    text = said(pipeline(ways=chart("ways", otlp__realm_1=[3600.0 * 5] * 24)))
    for part in ("2 s", "5 /s", "312", "of 10,000 a process"):
        assert part in text


def test_a_sender_that_fell_silent_is_told_in_words_and_colour() -> None:
    ways = chart("ways", otlp__realm=[10.0] * 24, influx__telegraf=[10.0] * 20 + [0.0] * 4)
    parts = str(content(pipeline(ways=ways)))
    text = said(pipeline(ways=ways))
    assert "silent for 4 h" in text
    assert text.count("silent for") == 1
    assert "warned" in parts


def test_refusals_are_told_by_reason_the_most_first() -> None:
    text = said(pipeline(reasons=chart("reasons", invalid=[1.0] * 24, buffer_full=[0.0] * 23 + [312.0])))
    assert text.index("buffer_full") < text.index("invalid")
    assert "312" in text


def test_work_is_told_by_its_latest_its_mean_and_its_worst() -> None:
    mean, most = [10.0] * 23 + [30.0], [20.0] * 23 + [250.0]
    charts = {"a": chart("flush_ms", flush=mean), "b": chart("flush_ms-most", flush=most)}
    text = said(pipeline(**charts))
    assert "30 ms" in text
    assert "10.8 ms" in text
    assert "250 ms" in text
    assert all(title in text for title, _, _ in SAMPLES.values())


def test_what_purges_next_and_why_something_does_not_is_told() -> None:
    text = said(pipeline())
    assert "1 partition" in text
    assert "nothing due" in text
    assert "held since 2026-01-31: history is arriving" in text
    assert "3 GiB" in text
    assert "3 partitions of raw events" in text


def test_an_empty_pipeline_says_so() -> None:
    text = said(replace(pipeline(), collectors=()))
    for part in ("Nothing has come", "Nothing was refused", "No process collects."):
        assert part in text


def test_keys_that_are_counted_as_a_whole_are_told_with_their_time_and_how_many_more_there_are() -> None:
    assert "Of every key the values are told apart." in said(pipeline())
    keys = tuple(WholeKey(f"a.e{number}", "account_id", NOON) for number in range(23))
    text = said(replace(pipeline(), store=replace(pipeline().store, whole=keys)))
    assert "a.e19account_id2026-01-31 12:00" in text
    assert "a.e20" not in text
    assert "And 3 more." in text


def test_names_of_senders_are_texts() -> None:
    parts = content(pipeline(ways=chart("ways", **{"json__<b>x</b>": [1.0] * 24})))
    assert "<b>x</b>" in words(parts)


def test_a_line_breaks_where_nothing_is_known_and_is_none_where_all_is_zero() -> None:
    made = spark(np.array([1.0, np.nan, 2.0, 1.0]))
    assert not isinstance(made, str)
    assert unquote(made.style["--line"]).count("M") == 2
    assert spark(np.zeros(4)) == spark(np.array([np.nan])) == ""


def test_its_styles_are_not_those_of_the_dashboards_cards() -> None:
    # The styles of both are one file.
    chart = replace(TAB.charts[0], draw="stat")
    card = as_html([skeleton_card(chart, size=None), sketched_card(chart, [], [], size=None)])
    classes = {name for names in re.findall(r'class="([^"]+)"', card) for name in names.split()}
    assert "tile" in classes
    styles = (Path(__file__).parents[3] / "assets/css/manage.css").read_text()
    assert not classes & set(re.findall(r"^\.([\w-]+)", styles, re.MULTILINE))
