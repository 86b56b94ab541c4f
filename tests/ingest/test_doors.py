"""Every door by which an event comes in keeps the same bounds: what a bucket can't hold gets past none of them."""

import io
import json
import math
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.engine import Database
from db.events import insert_events
from db.rows import MAX_MAGNITUDE, InvalidEventError, encode_maps
from metrics_dash.ingest.buffer import Buffer
from metrics_dash.ingest.importer import import_events
from tests.support.web_client import site

BEYOND = math.nextafter(MAX_MAGNITUDE, math.inf)
MANY = {f"k{n}": n for n in range(65)}

Maps = tuple[Mapping[str, Any], Mapping[str, Any]]

REFUSED: list[Maps] = [
    ({"ms": 1.7e308}, {}),
    ({"ms": -1.7e308}, {}),
    ({"ms": BEYOND}, {}),
    ({"ok": 1, "ms": -BEYOND}, {}),
    ({"ms": 10**290}, {}),
    ({"ms": -(10**300)}, {}),
    (MANY, {}),
    ({}, MANY),
    ({"ms": 1}, {f"k{n}": "x" * 200 for n in range(65)}),
]
TAKEN: list[Maps] = [
    ({"ms": MAX_MAGNITUDE, "low": -MAX_MAGNITUDE}, {}),
    ({"ms": 5e-324, "low": -5e-324, "zero": -0.0}, {}),
    ({"ms": 2**53 + 1, "low": -(2**63), "high": 2**63 - 1, "more": 2**64 - 1, "most": 10**30}, {}),
    (dict(list(MANY.items())[:64]), dict(list(MANY.items())[:64])),
    ({}, {"a label is no measurement": 1.7e308}),
]


def buffer() -> Buffer:
    return Buffer(
        batch_size=10,
        buffer_events=10,
        buffer_bytes=10**7,
        name_quota=10,
        clock=lambda: 0.0,
        wall=lambda: 0,
        wake=lambda: None,
        on_new_name=lambda: None,
    )


def by_execute(database: Database, maps: Maps) -> bool:
    return buffer().offer("a.b", *maps)


def by_insert_events(database: Database, maps: Maps) -> bool:
    try:
        return insert_events([{"event_name": "a.b", "measurements": maps[0], "metadata": maps[1]}]) == 1
    except InvalidEventError:
        return False


def by_import(database: Database, maps: Maps) -> bool:
    line = json.dumps({"event_name": "a.b", "measurements": maps[0], "metadata": maps[1]}).encode()
    report = import_events(io.BytesIO(line), database)
    assert report.stored + report.rejected == 1
    return report.stored == 1


def by_http(database: Database, maps: Maps) -> bool:
    body = [
        {"event_name": "a.b", "measurements": maps[0], "metadata": maps[1]},
        {"event_name": "a.b", "measurements": {"ms": 1}},
    ]
    with site(database) as opened:
        answer = opened.client.post("/api/v1/events", json=body)
    assert answer.json is not None
    assert [each["index"] for each in answer.json["rejected"]] in ([], [0])
    assert answer.json["accepted"] == 2 - len(answer.json["rejected"])
    return not answer.json["rejected"]


DOORS = [by_execute, by_insert_events, by_import, by_http]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("maps", REFUSED)
def test_what_no_bucket_could_hold_is_refused_by_itself(
    database: Database, door: Callable[[Database, Maps], bool], maps: Maps
) -> None:
    assert not door(database, maps)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("maps", TAKEN)
def test_what_lies_on_a_bound_is_taken(database: Database, door: Callable[[Database, Maps], bool], maps: Maps) -> None:
    assert door(database, maps)


def test_so_many_measurements_as_a_bucket_can_count_add_up_to_a_double() -> None:
    assert math.isfinite(MAX_MAGNITUDE * 2**63)


NUMBERS = st.floats(allow_nan=True, allow_infinity=True) | st.integers(-(10**300), 10**300) | st.integers()


@given(
    st.dictionaries(st.text("ab\\é", max_size=3), NUMBERS, max_size=3),
    st.dictionaries(st.integers(0, 99).map(str), NUMBERS | st.text(max_size=9), min_size=60, max_size=70)
    | st.dictionaries(st.text(max_size=3), NUMBERS | st.booleans(), max_size=3),
)
def test_the_hot_path_takes_and_refuses_exactly_what_the_careful_one_does(
    measurements: dict[str, float], metadata: dict[str, object]
) -> None:
    try:
        encode_maps(measurements, metadata)
    except InvalidEventError:
        expected = False
    else:
        expected = True
    held = buffer()
    held.learn_names({"a.b"}, set())  # an unknown name takes the careful way anyhow
    assert held.offer("a.b", measurements, metadata) is expected
