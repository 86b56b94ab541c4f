"""What may come in, and what is said about the rest."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.collectors import OWN_EVENTS
from db.rows import (
    MAX_JSON_BYTES,
    Counter,
    InvalidEventError,
    encode_row,
    from_nanoseconds,
    more_of,
    size_in_memory,
)
from metrics_dash.ingest.event import DAY_RETENTION, MAX_AHEAD, Event, check_event, check_time, parse_row

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def test_only_the_name_is_needed() -> None:
    assert parse_row({"event_name": "a.b"}, NOW) == encode_row("a.b", {}, {}, NOW)


def test_every_part_is_read() -> None:
    document = {
        "event_name": "game.login",
        "measurements": {"ms": 1.5},
        "metadata": {"ok": True},
        "occurred_at": "2026-01-31T12:00:00.25+01:00",
    }
    at = datetime(2026, 1, 31, 11, 0, 0, 250000, tzinfo=UTC)
    assert parse_row(document, NOW) == encode_row("game.login", {"ms": 1.5}, {"ok": True}, at)


@pytest.mark.parametrize("name", OWN_EVENTS)
def test_nobody_else_says_what_the_application_says_of_itself(name: str) -> None:
    with pytest.raises(InvalidEventError, match="kept for what the application says of itself"):
        parse_row({"event_name": name}, NOW)
    with pytest.raises(InvalidEventError, match="kept for what the application says of itself"):
        check_event(Event(name), NOW)
    assert check_event(Event(name), NOW, own=True)[0] == name
    parse_row({"event_name": f"{name}.more"}, NOW)


@pytest.mark.parametrize("document", [None, [], "a", 1])
def test_an_event_is_an_object(document: object) -> None:
    with pytest.raises(InvalidEventError, match="not an object"):
        parse_row(document, NOW)


@pytest.mark.parametrize("key", ["measurements", "metadata"])
@pytest.mark.parametrize("value", [None, [], "a", 1])
def test_measurements_and_metadata_are_objects(key: str, value: object) -> None:
    with pytest.raises(InvalidEventError, match=f"{key}: .* is not an object"):
        parse_row({"event_name": "a.b", key: value}, NOW)


def test_an_unknown_key_is_named() -> None:
    with pytest.raises(InvalidEventError, match="'measurement' is not a key"):
        parse_row({"event_name": "a.b", "measurement": {"ms": 1}}, NOW)


def test_a_missing_name_is_said() -> None:
    with pytest.raises(InvalidEventError, match="event_name is missing"):
        parse_row({"metadata": {}}, NOW)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31", "2026-01-31T12:00:00", "20260131T120000Z", "2026-W05-6T12:00:00Z", "2026-13-31T12:00:00Z",
        "2026-01-31T12:00:60Z", "now", "", None, 1769860800, "0001-01-01T00:00:00+14:00",
    ],
)  # fmt: skip
def test_a_time_that_is_not_rfc_3339_is_quoted(text: object) -> None:
    with pytest.raises(InvalidEventError, match="occurred_at"):
        parse_row({"event_name": "a.b", "occurred_at": text}, NOW)


@pytest.mark.parametrize(
    "text", ["2026-01-31T11:59:00Z", "2026-01-31t11:59:00z", "2026-01-31T17:29:00.000000000+05:30"]
)
def test_a_time_is_read_in_utc_from_any_zone(text: str) -> None:
    row = parse_row({"event_name": "a.b", "occurred_at": text}, NOW)
    assert from_nanoseconds(row[2]) == NOW - timedelta(minutes=1)


def test_five_minutes_ahead_and_a_day_retention_back_are_the_bounds() -> None:
    check_time(NOW + MAX_AHEAD, NOW)
    check_time(NOW - DAY_RETENTION, NOW)
    with pytest.raises(InvalidEventError) as too_new:
        check_time(NOW + MAX_AHEAD + timedelta(microseconds=1), NOW)
    with pytest.raises(InvalidEventError) as too_old:
        check_time(NOW - DAY_RETENTION - timedelta(microseconds=1), NOW)
    assert (too_new.value.reason, too_old.value.reason) == ("too_new", "too_old")


def reading(counts: list[int]) -> Event:
    histogram = {"scale": 5, "zero": 0, "positive": [0, counts]}
    return Event("a.b", counter=Counter(b"series", "value", 0, 1, 1.0, 3, histogram, counts=True, monotonic=False))


def test_a_reading_whose_histogram_could_not_be_stored_is_refused_before_it_is_taken() -> None:
    with pytest.raises(InvalidEventError, match="histogram"):
        check_event(reading([2**62, 2**62]), NOW)


def test_a_long_histogram_of_a_reading_is_left_out_and_a_shorter_one_weighs_what_it_takes() -> None:
    taken, left_out = (check_event(reading([0] * length), NOW) for length in (MAX_JSON_BYTES // 3, MAX_JSON_BYTES))
    (kept, gone) = (more_of(row).counter for row in (taken, left_out))
    assert kept is not None
    assert gone is not None
    assert kept.histogram is not None
    assert gone.histogram is None
    assert size_in_memory([taken]) - size_in_memory([left_out]) > 8 * MAX_JSON_BYTES // 3


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text() | st.binary(), st.lists))
def test_whatever_comes_is_an_event_or_an_invalid_one(junk: object) -> None:
    for document in (
        junk,
        {"event_name": junk},
        {"event_name": "a", "metadata": {"k": junk}, "measurements": {"m": junk}},
    ):
        with suppress(InvalidEventError):
            parse_row(document, NOW)
