"""Moments as other systems count them."""

from datetime import UTC, datetime

import pytest

from db.rows import InvalidEventError
from metrics_dash.ingest.formats.moments import from_epoch


def test_nanoseconds_are_a_moment_in_whole_microseconds() -> None:
    assert from_epoch(1_769_860_800_000_001_999) == datetime(2026, 1, 31, 12, 0, 0, 1, tzinfo=UTC)
    assert from_epoch(-1) == datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)


@pytest.mark.parametrize("nanoseconds", [10**30, -(10**30), 10**400])
def test_a_moment_of_no_calendar_is_refused(nanoseconds: int) -> None:
    with pytest.raises(InvalidEventError, match="not a moment"):
        from_epoch(nanoseconds)
