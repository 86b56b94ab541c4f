"""From the bytes that come back to arrays."""

import struct
from dataclasses import replace

import numpy as np
import pytest

from db.series_answers import Packed, unpack_read, unpack_seen
from db.series_kept import NO_PLACE
from db.series_reads import Read

MINUTE = 60_000
# PostgreSQL counts from 2000 on.
THEN = 946_684_800_000
READ = Read("a.b", "minute", THEN, THEN + 4 * MINUTE, "ms")


def bucket(minute: int, *numbers: float) -> bytes:
    return struct.pack(f">qq{len(numbers) - 1}d", minute * MINUTE * 1000, *numbers)


def kept(texts: str, *minutes: int) -> bytes:
    return struct.pack(f">{1 + len(minutes)}q", len(minutes), *(60_000_000 * each for each in minutes)) + texts.encode()


def test_of_a_measurement_there_is_what_was_asked() -> None:
    packed: Packed = {("rows", 1): {None: bucket(0, 3, 6.0, 1.0, 3.0, 2.0) + bucket(2, 1, np.nan, 2.0, 2.0, 1.0)}}
    rows = unpack_read(replace(READ, extremes=False), packed, {"rows": 1})
    assert rows.start.tolist() == [THEN, THEN + 2 * MINUTE]
    assert rows.count.tolist() == [3, 1]
    assert rows.sum == pytest.approx([6, np.nan], nan_ok=True)
    assert rows.values is not None
    assert rows.values.tolist() == [2, 1]
    assert (rows.min, rows.max) == (None, None)


def test_counts_alone_are_shorter() -> None:
    read = replace(READ, sums=False, extremes=False)
    rows = unpack_read(read, {("rows", 1): {None: bucket(1, 5)}}, {"rows": 1}, bare=True)
    assert (rows.start.tolist(), rows.count.tolist()) == ([THEN + MINUTE], [5])
    assert (rows.sum, rows.min, rows.max, rows.values) == (None,) * 4


@pytest.mark.parametrize("edges", [(0, 2, 4), (0, 1, 4)])
def test_histograms_and_unique_counts_come_to_the_longer_buckets_that_they_lie_in(edges: tuple[int, ...]) -> None:
    read = replace(READ, edges=tuple(THEN + MINUTE * edge for edge in edges), placed=True, unique=True)
    packed: Packed = {
        ("bins", 1): {None: kept(f"7:1 -9:2 {NO_PLACE} 7:30", 0, 3)},
        ("uniques", 2): {None: kept(f"e1:{1:016x} {2:016x}||e1:|e1:{2**64 - 1:016x}", 0, 3, 3, 3)},
    }
    rows = unpack_read(read, packed, {"bins": 1, "uniques": 2})
    assert rows.bins is not None
    then = THEN + MINUTE * edges[1]
    assert rows.bins.start.tolist() == [THEN, THEN, then]
    assert rows.bins.place.tolist() == [7, -9, 7]
    assert rows.bins.count.tolist() == [1, 2, 30]
    kept_of = rows.uniques
    assert kept_of is not None
    assert kept_of.start.tolist() == [THEN, then, then, then]
    assert kept_of.known.tolist() == [True, False, True, True]
    assert kept_of.sizes.tolist() == [2, 0, 0, 1]
    assert kept_of.hashes.tolist() == [1, 2, -1]


@pytest.mark.parametrize(("texts", "sizes"), [("", [0]), (f" {NO_PLACE} ", [0, 0]), (f" {NO_PLACE} 1:1 -1:2", [0, 2])])
def test_a_histogram_may_hold_nothing(texts: str, sizes: list[int]) -> None:
    packed: Packed = {("bins", 1): {None: kept(texts, *range(len(sizes)))}}
    rows = unpack_read(replace(READ, placed=True), packed, {"bins": 1})
    assert rows.bins is not None
    assert rows.bins.start.tolist() == [THEN + MINUTE * at for at, size in enumerate(sizes) for _ in range(size)]


def test_a_name_that_was_never_seen_has_no_bucket() -> None:
    never, no_last = 2**63 - 1, -(2**63)
    assert unpack_seen(struct.pack(">7q", never, *(never, no_last) * 3)).ever is False
