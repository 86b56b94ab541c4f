"""What is asked of buckets: whether its longer buckets are of one length."""

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
