"""What may come in, and what is said about the rest."""

import math
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from db.rows import (
    BETWEEN,
    MAX_MAGNITUDE,
    InvalidEventError,
    check_name,
    decode_maps,
    encode_measurements,
    encode_metadata,
    encode_row,
    from_nanoseconds,
    to_nanoseconds,
)
from metrics_dash.ingest.event import DAY_RETENTION, MAX_AHEAD, check_time, parse_row

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


@pytest.mark.parametrize("name", ["a", "a.b", "a_1.0.b", "x" * 255])
def test_dotted_lower_case_names_are_names(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name", ["", ".", "a.", ".a", "a..b", "A.b", "a-b", "a b", "ä", "a\n", "x" * 256, None, 1, b"a"]
)
def test_anything_else_is_no_name_and_is_quoted(name: object) -> None:
    with pytest.raises(InvalidEventError, match="event_name"):
        check_name(name)


@pytest.mark.parametrize(
    "value", [True, False, "1", None, math.nan, math.inf, -math.inf, [1], {}, 1j, 10**400, -(10**4000)]
)
def test_a_measurement_that_is_no_finite_number_is_refused_by_its_key(value: object) -> None:
    with pytest.raises(InvalidEventError, match=r"measurements\.'ms'"):
        encode_measurements({"good": 1, "ms": value})  # type: ignore[dict-item]


def test_an_integer_past_64_bits_is_kept_as_the_nearest_double() -> None:
    assert orjson.loads(encode_measurements({"n": 10**30})) == {"n": 1e30}
    assert orjson.loads(encode_measurements({"n": 2**63 - 1})) == {"n": 2**63 - 1}


def test_numbers_of_other_types_become_plain_ones() -> None:
    numpy = pytest.importorskip("numpy")
    encoded = encode_measurements({"i": numpy.int64(3), "f": numpy.float32(0.5)})
    assert orjson.loads(encoded) == {"i": 3, "f": 0.5}


def test_64_measurements_are_the_most() -> None:
    encode_measurements({f"m{n}": n for n in range(64)})
    with pytest.raises(InvalidEventError, match="65 values are more than 64"):
        encode_measurements({f"m{n}": n for n in range(65)})


@pytest.mark.parametrize("value", [{"a": 1}, [1], (1,), math.nan, math.inf, b"x", "a\0b", "\ud800", 10**400, object()])
def test_metadata_that_is_no_json_scalar_is_refused_by_its_key(value: object) -> None:
    with pytest.raises(InvalidEventError, match=r"metadata\.'key'"):
        encode_metadata({"key": value})


@pytest.mark.parametrize("key", ["a\0b", "\udfff", 1, None])
def test_a_key_must_be_text_that_can_be_stored(key: object) -> None:
    with pytest.raises(InvalidEventError, match="a key of metadata"):
        encode_metadata({key: 1})  # type: ignore[dict-item]
    with pytest.raises(InvalidEventError, match="a key of measurements"):
        encode_measurements({key: 1})  # type: ignore[dict-item]


def test_metadata_is_16_kib_at_most() -> None:
    encode_metadata({"k": "x" * (16 * 1024 - len('{"k":""}'))})
    with pytest.raises(InvalidEventError, match="16385 bytes of JSON are more than 16384"):
        encode_metadata({"k": "x" * (16 * 1024 - len('{"k":""}') + 1)})


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


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(InvalidEventError, match="no time zone"):
        encode_row("a.b", {}, {}, datetime(2026, 1, 31))  # noqa: DTZ001 - that is the point


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45))])))
def test_a_moment_survives_as_nanoseconds(moment: datetime) -> None:
    if abs(moment.year - 2000) < 1990:
        assert from_nanoseconds(to_nanoseconds(moment)) == moment


_numbers = st.floats(-MAX_MAGNITUDE, MAX_MAGNITUDE) | st.integers(-(2**63) + 1, 2**63 - 1)
_texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=50)


@given(st.dictionaries(_texts, _numbers, max_size=10))
def test_measurements_survive_their_encoding(measurements: dict[str, float]) -> None:
    assert orjson.loads(encode_measurements(measurements)) == measurements


@given(st.dictionaries(_texts, _numbers | _texts | st.booleans() | st.none(), max_size=10))
def test_metadata_survives_its_encoding(metadata: dict[str, object]) -> None:
    assert orjson.loads(encode_metadata(metadata)) == metadata


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text() | st.binary(), st.lists))
def test_whatever_comes_is_an_event_or_an_invalid_one(junk: object) -> None:
    for document in (
        junk,
        {"event_name": junk},
        {"event_name": "a", "metadata": {"k": junk}, "measurements": {"m": junk}},
    ):
        with suppress(InvalidEventError):
            parse_row(document, NOW)


@given(
    st.dictionaries(_texts, _numbers, max_size=5), st.dictionaries(_texts, _numbers | _texts | st.none(), max_size=5)
)
@example({',"",': 1, "": 2}, {"": "", ',"",': ',"",', '"': '",""', "\\": '\\",""'})
def test_both_maps_are_found_again_in_a_row(measurements: dict[str, float], metadata: dict[str, object]) -> None:
    _, maps, _ = encode_row("a.b", measurements, metadata, NOW)
    assert decode_maps(maps) == (measurements, metadata)
    assert maps.count(BETWEEN) == 1
