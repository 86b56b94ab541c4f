"""Moments as other systems count them."""

from datetime import UTC, datetime, timedelta

from db.rows import InvalidEventError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def from_epoch(nanoseconds: int) -> datetime:
    """Return an aware moment from nanoseconds since 1970. Raises ``InvalidEventError`` for one of no calendar."""
    try:
        return _EPOCH + timedelta(microseconds=nanoseconds // 1000)
    except OverflowError:
        raise InvalidEventError("occurred_at: the time is not a moment of the calendar") from None
