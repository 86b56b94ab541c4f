"""What is asked of buckets: whether its longer buckets are of one length, and what of a measurement it needs."""

from dataclasses import replace

import pytest

from db.series_reads import Read

READ = Read("a.b", "minute", 0, 600, "ms")


@pytest.mark.parametrize(
    ("edges", "width"),
    [(None, None), ((0, 600), 600), ((0, 300, 600), 300), ((0, 100, 600), None), ((100, 350, 600), None)],
)
def test_a_read_knows_whether_its_longer_buckets_are_of_one_length(
    edges: tuple[int, ...] | None, width: int | None
) -> None:
    assert replace(READ, edges=edges).width == width


def test_all_as_one_bucket_is_a_total() -> None:
    assert replace(READ, edges=(0, 600)).is_total
    assert not replace(READ, edges=(0, 300, 600)).is_total
    assert not READ.is_total


def test_a_measurement_of_which_nothing_is_needed_is_not_measured() -> None:
    assert READ.measured == "ms"
    assert replace(READ, extremes=False).measured == "ms"
    assert replace(READ, sums=False, extremes=False).measured is None
