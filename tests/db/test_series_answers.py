"""From the bytes that come back to arrays."""

import struct

from db.series_answers import unpack_seen


def test_a_name_that_was_never_seen_has_no_bucket() -> None:
    never, no_last = 2**63 - 1, -(2**63)
    assert unpack_seen(struct.pack(">7q", never, *(never, no_last) * 3)).ever is False
