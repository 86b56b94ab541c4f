"""A raw row: what it may hold, and that it arrives in PostgreSQL as it was encoded."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import text

from db.engine import Database, driver_connection
from db.rows import (
    BETWEEN,
    COPY_COLUMNS,
    COPY_HEADER,
    COPY_TRAILER,
    EMPTY_MAP,
    MAX_MAGNITUDE,
    ROW_OVERHEAD_BYTES,
    InvalidEventError,
    Row,
    check_aware,
    check_name,
    copy_payload,
    decode_maps,
    encode_maps,
    encode_measurements,
    encode_metadata,
    encode_row,
    from_nanoseconds,
    quote,
    quote_number,
    size_in_memory,
    to_nanoseconds,
)

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
numbers = st.floats(-MAX_MAGNITUDE, MAX_MAGNITUDE) | st.integers(-(2**63) + 1, 2**63 - 1)
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=50)


class Text(str):
    """A text of somebody's own kind."""

    __slots__ = ()


class Unprintable:
    """What raises when it is shown."""

    def __repr__(self) -> str:
        raise RuntimeError("no")


def copied(database: Database, rows: list[Row]) -> list[Any]:
    """The rows after their way through a binary COPY into a table of the same columns."""
    with database.begin() as connection:
        connection.execute(text("CREATE TABLE copied (LIKE telemetry_events INCLUDING DEFAULTS)"))
        driver = driver_connection(connection)
        with driver.cursor().copy(f"COPY copied ({COPY_COLUMNS}) FROM STDIN (FORMAT binary)") as copy:
            copy.write(COPY_HEADER + copy_payload(rows) + COPY_TRAILER)
        return list(connection.execute(text(f"SELECT {COPY_COLUMNS} FROM copied ORDER BY id")))


def test_rows_arrive_through_copy_as_they_were_encoded(database: Database) -> None:
    maps: list[tuple[dict[str, float], dict[str, object]]] = [
        ({}, {}),
        ({"ms": 1.5, "n": -(2**53)}, {"ok": True, "who": 'Zoë "\\', "none": None}),
        ({f"m{n}": n / 7 for n in range(64)}, {"text": "x" * 16_000}),
    ]
    moments = [NOON, datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), NOON + timedelta(microseconds=1)]
    rows = [encode_row("a.b", *one, moment) for one, moment in zip(maps, moments, strict=True)]
    assert [tuple(row) for row in copied(database, rows)] == [
        ("a.b", *one, moment) for one, moment in zip(maps, moments, strict=True)
    ]


def test_no_rows_are_an_empty_payload(database: Database) -> None:
    assert copy_payload([]) == b""
    assert copied(database, []) == []


@pytest.mark.parametrize("make", [dict, MappingProxyType], ids=["dict", "another mapping"])
def test_the_plain_and_the_careful_way_write_the_same(make: Any) -> None:
    measurements: Mapping[str, float] = make({"ms": 1.5, "n": 3})
    metadata: Mapping[str, object] = make({"who": "Zoë", "ok": False, "none": None})
    assert encode_maps(measurements, metadata) == encode_maps(
        {"ms": 1.5, "n": 3}, {"who": Text("Zoë"), "ok": False, "none": None}
    )
    assert encode_maps(make({}), make({})) == encode_maps({}, {})
    assert encode_maps({}, {}).startswith(EMPTY_MAP)


def test_what_is_encoded_is_a_copy() -> None:
    measurements = {"ms": 1.5}
    _, maps, _ = encode_row("a.b", measurements, {}, NOON)
    measurements["ms"] = 2.5
    assert decode_maps(maps) == ({"ms": 1.5}, {})


def test_a_moment_before_the_epoch_keeps_its_microsecond() -> None:
    assert to_nanoseconds(datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)) == -1000


@pytest.mark.parametrize("value", [None, "2026-01-31T12:00:00Z", 1769860800, NOON.date()])
def test_what_is_no_datetime_is_quoted(value: Any) -> None:
    with pytest.raises(InvalidEventError, match=r"occurred_at: .* is not a datetime"):
        to_nanoseconds(value)


def test_a_moment_that_names_none_is_refused_by_its_argument() -> None:
    check_aware(start=NOON, end=NOON)
    naive: Any = NOON.replace(tzinfo=None)
    with pytest.raises(ValueError, match=r"end: .* is not a datetime with a time zone"):
        check_aware(start=NOON, end=naive)


def test_a_bad_value_is_quoted_short_and_in_plain_ascii() -> None:
    assert quote("Zoë\n") == "'Zo\\xeb\\n'"
    assert quote("x" * 1000) == "'" + "x" * 76 + "..."
    assert quote(Unprintable()) == "<Unprintable>"
    assert quote_number(10**5000) == quote_number(-(10**5000)) == "an integer of that size"
    assert quote_number(10**29) == "1" + "0" * 29


def test_an_invalid_event_is_counted_as_such_unless_it_says_otherwise() -> None:
    assert InvalidEventError("bad").reason == "invalid"
    assert InvalidEventError("old", "too_old").reason == "too_old"


def test_the_size_of_rows_is_their_json_and_what_python_adds() -> None:
    one, other = encode_row("a.b", {}, {}, NOON), encode_row("a.b", {}, {"k": "x" * 1000}, NOON)
    assert size_in_memory([]) == 0
    assert size_in_memory([one]) == len(one[1]) + ROW_OVERHEAD_BYTES
    assert size_in_memory([one, other]) == size_in_memory([one]) + size_in_memory([other])


# What it may hold


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


def testnumbers_of_other_types_become_plain_ones() -> None:
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


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(InvalidEventError, match="no time zone"):
        encode_row("a.b", {}, {}, datetime(2026, 1, 31))  # noqa: DTZ001 - that is the point


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45))])))
def test_a_moment_survives_as_nanoseconds(moment: datetime) -> None:
    if abs(moment.year - 2000) < 1990:
        assert from_nanoseconds(to_nanoseconds(moment)) == moment


@given(st.dictionaries(texts, numbers, max_size=10))
def test_measurements_survive_their_encoding(measurements: dict[str, float]) -> None:
    assert orjson.loads(encode_measurements(measurements)) == measurements


@given(st.dictionaries(texts, numbers | texts | st.booleans() | st.none(), max_size=10))
def test_metadata_survives_its_encoding(metadata: dict[str, object]) -> None:
    assert orjson.loads(encode_metadata(metadata)) == metadata


@given(st.dictionaries(texts, numbers, max_size=5), st.dictionaries(texts, numbers | texts | st.none(), max_size=5))
@example({',"",': 1, "": 2}, {"": "", ',"",': ',"",', '"': '",""', "\\": '\\",""'})
def test_both_maps_are_found_again_in_a_row(measurements: dict[str, float], metadata: dict[str, object]) -> None:
    _, maps, _ = encode_row("a.b", measurements, metadata, NOON)
    assert decode_maps(maps) == (measurements, metadata)
    assert maps.count(BETWEEN) == 1
