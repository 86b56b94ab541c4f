"""A raw row: what it may hold, and that it arrives in PostgreSQL as it was encoded."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import pytest
from sqlalchemy import text

from db.engine import Database, driver_connection
from db.rows import (
    COPY_COLUMNS,
    COPY_HEADER,
    COPY_TRAILER,
    EMPTY_MAP,
    ROW_OVERHEAD_BYTES,
    InvalidEventError,
    Row,
    check_aware,
    copy_payload,
    decode_maps,
    encode_maps,
    encode_row,
    quote,
    quote_number,
    size_in_memory,
    to_nanoseconds,
)

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


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
