"""Records come back as they were, and nothing else comes back at all."""

import pytest

from db.engine import Database
from metrics_dash.charts import records
from metrics_dash.charts.queries import Queries
from metrics_dash.charts.timerange.windows import TabWindows
from tests.support.charts import assert_same, at, logins, players, store

NOON = at("2026-03-10T12:00+00:00")


@pytest.mark.parametrize("tab", ["auth", "server", "combat"])
def test_a_tab_comes_back_as_it_was(database: Database, queries: Queries, tab: str) -> None:
    store(database, *logins(NOON, 3, success=True), *players(NOON, 5, 7))
    window = queries.window("24h")
    asked = queries.tab(tab, window, compare="day")
    found = records.load(records.dump(asked))
    assert found.answers(asked.tab, TabWindows(window, window), "day")
    assert (found.refused, found.complete_through) == (asked.refused, asked.complete_through)
    for one, other in zip(asked.charts, found.charts, strict=True):
        assert_same(one, other)


def test_a_status_and_a_flag_come_back_as_they_were(queries: Queries) -> None:
    status = queries.moment().status
    assert records.load(records.dump(status)) == status
    assert records.load(records.dump(False)) is False


@pytest.mark.parametrize("value", [None, 1, "text", {"a": 1}, [True]])
def test_what_is_no_record_is_not_written(value: object) -> None:
    with pytest.raises(records.RecordError):
        records.dump(value)


@pytest.mark.parametrize("tail", [b"", b"null", b"[]", b"{}", b"[" * 100_000, b"\xff\xfe", b'{"tab": 1}'])
@pytest.mark.parametrize("kind", ["tab", "pipeline", "flag", "other"])
def test_what_is_no_record_is_not_read(kind: str, tail: bytes) -> None:
    with pytest.raises(records.RecordError):
        records.load(f"metrics_dash {records.FORMAT} {kind}\n".encode() + tail)


def test_a_series_of_unequal_arrays_is_no_record(database: Database, queries: Queries) -> None:
    store(database, *players(NOON, 5, 7))
    written = records.dump(queries.tab("server", queries.window("24h"))).decode()
    start = written.index('"v":"') + len('"v":"')
    with pytest.raises(records.RecordError):
        records.load((written[:start] + written[start + 32 :]).encode())


def test_a_beginning_is_told_from_something_else() -> None:
    assert records.begins_like_one(records.dump(True)[:10_000])
    assert records.begins_like_one(b"")
    assert not records.begins_like_one(b"\x80\x04pickle")
