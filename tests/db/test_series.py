"""Reading buckets: one statement, by the primary key, with the numbers that are stored."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from sqlalchemy import event, text

from db.buckets import query_buckets
from db.engine import Database
from db.events import insert_events
from db.series import last_seen, read_series
from db.series_reads import Read
from metrics_dash.jobs.rollup import roll_up_all

NAME = "game.item.sold"
START = datetime(2026, 3, 10, tzinfo=UTC)
HOUR_MS = 3_600_000


def milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


DAY = Read(NAME, "minute", milliseconds(START), milliseconds(START) + 24 * HOUR_MS, measurement="price")


@pytest.fixture
def sold(database: Database) -> Database:
    """Ten hours of sales: one more for each hour, prices rising, half of them in the harbour."""
    moments = [START + timedelta(hours=hour, minutes=7 * each) for hour in range(10) for each in range(hour)]
    insert_events(
        [
            (NAME, {"price": 1.5 * number}, {"place": "harbour" if number % 2 else "market", "id": number}, moment)
            for number, moment in enumerate(moments)
        ],
        database=database,
    )
    roll_up_all(database)
    return database


@contextmanager
def statements(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """The statements that a block sends, with their parameters."""
    sent: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if not statement.startswith("BEGIN"):
            sent.append((statement, parameters))

    event.listen(database.read_engine, "before_cursor_execute", note)
    yield sent
    event.remove(database.read_engine, "before_cursor_execute", note)


def test_what_is_read_is_what_is_stored(sold: Database) -> None:
    with sold.reading() as connection:
        (rows,), _ = read_series(connection, [DAY])
    stored = query_buckets(NAME, "minute", START, START + timedelta(days=1), database=sold)
    order = np.argsort(rows.start)
    assert rows.start[order].tolist() == [milliseconds(bucket["bucket_start"]) for bucket in stored]
    assert rows.count[order].tolist() == [bucket["count"] for bucket in stored]
    for part, column in (
        ("sum", "sum_values"),
        ("min", "min_values"),
        ("max", "max_values"),
        ("values", "value_counts"),
    ):
        assert getattr(rows, part)[order].tolist() == [bucket[column]["price"] for bucket in stored]


def test_any_number_of_reads_is_one_statement(sold: Database) -> None:
    edges = tuple(range(DAY.start, DAY.end + 1, 6 * HOUR_MS))
    reads = [
        DAY,
        replace(DAY, edges=edges),
        replace(DAY, latest=True),
        replace(DAY, split_by="place"),
        replace(DAY, level="hour", split_by="place", edges=edges),
        replace(DAY, event_name="never.seen"),
    ]
    with statements(sold) as sent, sold.reading() as connection:
        answers, seen = read_series(connection, reads, [NAME, "never.seen"])
    assert len(sent) == 1
    assert len(answers) == len(reads)
    assert answers[-1].start.size == 0
    assert seen[NAME].ever
    assert not seen["never.seen"].ever


@pytest.mark.parametrize("hours", [(0, 5, 6, 24), (0, 6, 12, 18, 24)], ids=["uneven", "even"])
def test_folded_rows_add_up_to_the_plain_ones(sold: Database, hours: tuple[int, ...]) -> None:
    edges = tuple(DAY.start + hour * HOUR_MS for hour in hours)
    with sold.reading() as connection:
        (plain, folded), _ = read_series(connection, [DAY, replace(DAY, edges=edges, split_by="place")])
    bounds = pairwise(edges)
    counts = {start: plain.count[(plain.start >= start) & (plain.start < end)].sum() for start, end in bounds}
    found = {start: count for start, count in counts.items() if count}
    assert dict(zip(folded.start.tolist(), folded.count.tolist(), strict=True)) == found
    assert folded.sum is not None
    assert plain.sum is not None
    assert folded.sum.sum() == pytest.approx(plain.sum.sum())
    assert sum(count.sum() for _, count in folded.splits.values()) == plain.count.sum()


def test_buckets_of_one_length_are_told_by_it() -> None:
    start, uneven = DAY.start, (DAY.start, DAY.start + 1, DAY.end)
    assert replace(DAY, edges=(start, start + HOUR_MS, start + 2 * HOUR_MS)).width == HOUR_MS
    assert replace(DAY, edges=uneven).width is replace(DAY, start=start - 1, edges=(start, DAY.end)).width is None
    assert DAY.width is None


def test_a_bucket_lies_between_the_edge_it_starts_at_and_the_next(sold: Database) -> None:
    first = START + timedelta(hours=1)
    edges = (DAY.start, milliseconds(first), milliseconds(first) + 60_000, DAY.end)
    with sold.reading() as connection:
        (folded,), _ = read_series(connection, [replace(DAY, edges=edges)])
    assert dict(zip(folded.start.tolist(), folded.count.tolist(), strict=True)) == {edges[1]: 1, edges[2]: 44}


@pytest.mark.parametrize("hours", [3, 24])
def test_a_split_counts_the_same_in_a_long_and_in_a_short_stretch(sold: Database, hours: int) -> None:
    start = milliseconds(START + timedelta(hours=7, minutes=30))
    read = replace(DAY, start=start, end=start + hours * HOUR_MS, split_by="place")
    with sold.reading() as connection:
        (rows,), _ = read_series(connection, [read])
    assert set(rows.splits) == {"harbour", "market"}
    assert sum(count.sum() for _, count in rows.splits.values()) == rows.count.sum()


def test_a_split_reads_its_most_frequent_values_only(sold: Database) -> None:
    with sold.reading() as connection:
        (rows,), _ = read_series(connection, [replace(DAY, split_by="id", split_values=5)])
    assert len(rows.splits) == 5


@pytest.mark.parametrize("edges", [None, (DAY.start, DAY.end)])
def test_a_split_shows_its_own_key_only(database: Database, edges: tuple[int, ...] | None) -> None:
    moment = START + timedelta(hours=1)
    pairs = [("a", "b:x"), ("a:b", "x"), ("a:b", "x"), ("a\\", ":b:x"), ("a\\:b", "x"), ("", "a:b:x"), (":", "x")]
    insert_events([(NAME, {}, {key: value}, moment) for key, value in pairs], database=database)
    roll_up_all(database)
    keys = ["a", "a:b", "a\\", "a\\:b", "", ":", "b"]
    with database.reading() as connection:
        answers, _ = read_series(connection, [replace(DAY, split_by=key, edges=edges) for key in keys])
    found = {
        (key, value): count.sum()
        for key, rows in zip(keys, answers, strict=True)
        for value, (_, count) in rows.splits.items()
    }
    assert found == {pair: pairs.count(pair) for pair in pairs}


def last_sample(database: Database, **changes: Any) -> tuple[int, float] | None:
    """When it was (epoch ms), and its value."""
    with database.reading() as connection:
        (rows,), _ = read_series(connection, [replace(DAY, latest=True, **changes)])
    assert rows.sum is not None
    return (int(rows.start[0]), float(rows.sum[0])) if len(rows.start) else None


def test_the_latest_is_the_last_sample_at_its_own_time(database: Database) -> None:
    moment = START + timedelta(hours=3, seconds=17, milliseconds=250)
    insert_events([(NAME, {"price": 4}, {}, moment), (NAME, {"price": 9}, {}, START)], database=database)
    insert_events([(NAME, {"stock": 1}, {}, START + timedelta(hours=4))], database=database)
    roll_up_all(database)
    assert last_sample(database) == (milliseconds(moment), 4)
    assert last_sample(database, end=DAY.start + 3 * HOUR_MS) == (DAY.start, 9)
    assert last_sample(database, end=DAY.start + 3 * HOUR_MS + 30_000) == (milliseconds(moment), 4)
    assert last_sample(database, start=DAY.start + 4 * HOUR_MS) is None
    assert last_sample(database, measurement="never") is None


@pytest.mark.parametrize("held", ["minute", "hour", "day"])
def test_a_level_that_is_still_held_knows_the_last_sample(database: Database, held: str) -> None:
    moment = START + timedelta(hours=3, seconds=17)
    insert_events([(NAME, {"price": 4}, {}, moment)], database=database)
    roll_up_all(database)
    with database.begin() as connection:
        connection.execute(text("DELETE FROM telemetry_buckets WHERE bucket_type <> :held"), {"held": held})
    assert last_sample(database) == (milliseconds(moment), 4)
    whole = {"minute": True, "hour": False, "day": False}
    assert (last_sample(database, end=milliseconds(moment) + 1) is not None) == whole[held]


def test_last_seen_is_the_start_of_the_last_bucket(sold: Database) -> None:
    with sold.reading() as connection:
        seen = last_seen(connection, [NAME, "never.seen"])
    assert (seen[NAME].ever, seen[NAME].last) == (True, START + timedelta(hours=9, minutes=56))
    assert (seen["never.seen"].ever, seen["never.seen"].last) == (False, None)


def test_nothing_asked_is_nothing_sent(sold: Database) -> None:
    with statements(sold) as sent, sold.reading() as connection:
        assert read_series(connection, []) == ([], {})
    assert not sent


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu"])
def test_the_sessions_time_zone_changes_nothing(sold: Database, zone: str) -> None:
    with sold.reading() as connection:
        connection.execute(text(f"SET TIME ZONE '{zone}'"))
        (rows,), _ = read_series(connection, [replace(DAY, edges=(DAY.start, DAY.end))])
    assert (rows.start.tolist(), rows.count.tolist()) == ([DAY.start], [45])


def test_an_empty_key_is_a_key_to_split_by(database: Database) -> None:
    insert_events([(NAME, {}, {"": "x"}, START), (NAME, {}, {"k": "x"}, START)], database=database)
    roll_up_all(database)
    with database.reading() as connection:
        (rows,), _ = read_series(connection, [replace(DAY, split_by="")])
    assert {value: count.tolist() for value, (_, count) in rows.splits.items()} == {"x": [1]}


def test_every_read_goes_by_the_primary_key(sold: Database) -> None:
    edges = tuple(range(DAY.start, DAY.end + 1, 6 * HOUR_MS))
    with statements(sold) as sent, sold.reading() as connection:
        reads = [replace(DAY, split_by="place"), replace(DAY, edges=edges, split_by="place"), replace(DAY, latest=True)]
        read_series(connection, reads, [NAME])
    ((statement, parameters),) = sent
    with sold.reading() as connection:
        # The table is tiny, so a scan of it would be cheapest; what counts is what a large one gets.
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan = [line for (line,) in connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)]
    scans = [line for line in plan if "Scan" in line and "telemetry_buckets" in line]
    assert scans
    assert not [line for line in scans if "Seq Scan" in line]
    assert all("pkey" in line or "Bitmap Heap Scan" in line for line in scans)
    assert any("Index Cond" in line and "bucket_start >= read" in line for line in plan)


def total_of(start: datetime, end: datetime) -> Read:
    edges = (milliseconds(start), milliseconds(end))
    return replace(DAY, start=edges[0], end=edges[1], edges=edges, placed=True)


def coarse_scans(database: Database, read: Read) -> bool:
    """Whether an answer changes where hours hold something that minutes do not."""
    with database.reading() as connection:
        before = read_series(connection, [read])[0][0]
    with database.begin() as connection:
        connection.execute(text("UPDATE telemetry_buckets SET count = count + 1000 WHERE bucket_type = 'hour'"))
    with database.reading() as connection:
        return bool(read_series(connection, [read])[0][0].count[0] > before.count[0])


@pytest.mark.parametrize(("first", "last"), [(0, 24 * 60), (7, 9 * 60 + 30), (60, 9 * 60 + 1)])
def test_all_as_one_bucket_is_what_its_minutes_add_up_to(sold: Database, first: int, last: int) -> None:
    read = total_of(*(START + timedelta(minutes=minute) for minute in (first, last)))
    with sold.reading() as connection:
        (total, minutes), _ = read_series(connection, [read, replace(read, edges=None)])
    assert (total.sum, total.min, total.max, total.values) != (None,) * 4
    assert total.start.tolist() == [read.start]
    assert total.count.tolist() == [minutes.count.sum()]
    for part, add_up in (("sum", np.sum), ("min", np.min), ("max", np.max), ("values", np.sum)):
        assert getattr(total, part) == pytest.approx([add_up(getattr(minutes, part))])
    assert total.bins is not None
    assert minutes.bins is not None
    assert np.bincount(total.bins.place, total.bins.count).tolist() == (
        np.bincount(minutes.bins.place, minutes.bins.count).tolist()
    )
    assert set(total.bins.start.tolist()) == {read.start}


def test_whole_hours_of_a_total_are_read_as_hours(sold: Database) -> None:
    assert coarse_scans(sold, total_of(START, START + timedelta(hours=10)))


@pytest.mark.parametrize(
    "waiting",
    [
        "INSERT INTO rollup_dirty (level, event_name, bucket_start) VALUES ('hour', 'game.item.sold', '2026-03-10')",
        "INSERT INTO rollup_failures (level, event_name, bucket_start, reason, next_try_at)"
        " VALUES ('hour', 'game.item.sold', '2026-03-10', 'overflow', 'infinity')",
    ],
)
def test_hours_that_are_yet_to_be_made_anew_are_not_read(sold: Database, waiting: str) -> None:
    with sold.begin() as connection:
        connection.execute(text(waiting))
    assert not coarse_scans(sold, total_of(START, START + timedelta(hours=10)))


def test_nothing_at_all_is_no_total(sold: Database) -> None:
    with sold.reading() as connection:
        (rows,), _ = read_series(connection, [total_of(START - timedelta(days=3), START - timedelta(days=1))])
    assert len(rows.start) == 0


def test_reads_of_the_same_buckets_share_what_is_read_of_them(sold: Database) -> None:
    count = replace(DAY, measurement=None)
    with statements(sold) as sent, sold.reading() as connection:
        alone, whole, least = read_series(
            connection, [count, DAY, replace(DAY, sums=False), replace(DAY, measurement="nothing")]
        )[0][:3]
    ((_, parameters),) = sent
    assert parameters["p_number"] == "{1,2}"
    assert alone.count.tolist() == whole.count.tolist() == least.count.tolist()
    assert (alone.sum, alone.min) == (None, None)
    assert (least.sum, least.values) == (None, None)
    assert np.array_equal(least.max, whole.max)
