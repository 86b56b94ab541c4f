"""StatsD's lines: what each type becomes, what a rate weighs, and nothing that comes raises anything."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.rows import DELTA, EVENT, SAMPLE
from metrics_dash.ingest.event import Event, MalformedEvent
from metrics_dash.ingest.formats.statsd import Memory, Note, decode


def read(text: str | bytes, memory: Memory | None = None) -> list[Any]:
    return list(decode(text if isinstance(text, bytes) else text.encode(), memory or Memory()))


@pytest.mark.parametrize(
    ("line", "measurements", "kind"),
    [
        ("a.b:3|c", {"value": 3}, DELTA),
        ("a.b:-3.5|c", {"value": -3.5}, DELTA),
        ("a.b:40|g", {"value": 40}, SAMPLE),
        ("a.b:320|ms", {"duration_ms": 320}, EVENT),
        ("a.b:1e3|h", {"value": 1000}, EVENT),
        ("a.b:.5|d", {"value": 0.5}, EVENT),
    ],
)
def test_each_type_is_what_it_measures(line: str, measurements: dict[str, float], kind: str) -> None:
    assert read(line) == [Event("a.b", measurements, kind=kind)]


def test_a_member_of_a_set_is_an_event_of_its_text() -> None:
    assert read("seen:person:7 x|s") == [Event("seen", {}, {"member": "person:7 x"})]


def test_lines_and_values_of_a_datagram_are_each_read() -> None:
    assert [event.measurements["value"] for event in read("a:1:2:3|d\nb:4|c\r\n\n")] == [1, 2, 3, 4]


def test_names_may_hold_anything_but_colons_and_bars() -> None:
    assert read("My App/x:1|c") == [Event("my_app_x", {"value": 1}, {"original_name": "My App/x"}, kind=DELTA)]


def test_tags_in_another_order_or_case_are_the_same_series() -> None:
    one, other = read("a:1|c|#Env:Prod,fast,url:http://x\na:1|c|c:ci-1|#fast,URL:http://x,env:prod|e:it")
    assert one == other
    assert one.metadata == {"env": "prod", "fast": True, "url": "http://x"}


def test_what_is_sent_at_a_rate_weighs_the_others_too_and_no_count_drifts() -> None:
    memory = Memory()
    assert [event.weight for event in read("a:7|c|@0.1\na:7|ms|@1\na:7|c", memory)] == [10, 1, 1]
    weights = [event.weight for event in read("\n".join(["a:1|c|@0.3"] * 300), memory)]
    assert set(weights) == {3, 4}
    assert sum(weights) == 1000


def test_a_gauge_with_a_sign_changes_the_one_that_there_was() -> None:
    memory = Memory()
    lines = ("g:10|g", "g:+5|g", "g:-3|g", "g:-3|g|#realm:eu", "g:0|g", "g:+1|g")
    assert [read(line, memory)[0].measurements["value"] for line in lines] == [10, 15, 12, -3, 0, 1]


def test_a_line_may_say_when() -> None:
    assert read("a:1|c|T1769860800")[0].occurred_at == datetime(2026, 1, 31, 12, tzinfo=UTC)


def test_an_event_of_dogstatsd_is_a_note() -> None:
    said = "_e{7,11}:Größe|up\\nand|off|d:1769860800|h:web 1|t:info|#team:shop,now"
    at = datetime(2026, 1, 31, 12, tzinfo=UTC)
    tags = ("host:web 1", "alert_type:info", "team:shop", "now")
    assert read(said) == [Note("Größe", "up\nand|off", tags, "dogstatsd", at)]


def test_a_service_check_is_a_sample_of_its_status() -> None:
    assert read("_sc|Redis alive|2|#env:prod|m:down") == [
        Event("redis_alive", {"status": 2}, {"env": "prod", "original_name": "Redis alive"}, kind=SAMPLE)
    ]


def test_what_the_client_says_of_itself_is_left_out() -> None:
    assert read("datadog.dogstatsd.client.metrics:5|c") == []


@pytest.mark.parametrize(
    "line",
    ["a", "a:", "a:1", ":1|c", "a:1|", "a:1|x", "a:one|c", "a:nan|c", "a:inf|g", "a:|c", "a:1|c|@0", "a:1|c|@2",
     "a:1|c|@nan", "a:1|c|@-1", "a:1|c|@1e-300", "a:1|c|Tsoon", "a:1|c|T999999999999999", "_e{1,1}:a", "_e{9,9}:a|b",
     "_e{x}:a|b", "_sc|a", "_sc|a|9", "a:\u0661|c"],
)  # fmt: skip
def test_a_malformed_line_stands_alone(line: str) -> None:
    found = read(f"x:1|c\n{line}\nx:2|c")
    assert [isinstance(each, MalformedEvent) for each in found] == [False, True, False]


@given(st.binary(max_size=300) | st.text(alphabet="a:1|cgmshd@#T_e{},.-+\n", max_size=80).map(str.encode))
def test_nothing_is_raised_whatever_comes(datagram: bytes) -> None:
    for prefix in (b"", b"a:1|c|", b"_e{3,3}:", b"_sc|"):
        list(decode(prefix + datagram, Memory()))


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("metrics_dash.ingest.formats.statsd.REMEMBERED", 10)
    memory = Memory()
    for n in range(100):
        read(f"g{n}:+1|g\nc:1|c|@0.{n + 100}", memory)
    assert len(memory._gauges) == 10
    assert len(memory._left) <= 10
