"""Buckets as the statements of a pass take and hand them on."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class BucketKeys:
    """Buckets of one level: names, starts, and when their oldest mark was made, as arrays in PostgreSQL's notation.

    Python passes them on unread: decoding ten thousand of them took a third of the pass. Only positions ``first`` to
    ``last`` count, from 1. No start lies outside ``earliest`` to ``latest``, which are None if there is no bucket.
    """

    names: str = "{}"
    starts: str = "{}"
    marked: str = "{}"
    earliest: datetime | None = None
    latest: datetime | None = None
    first: int = 1
    last: int = 0

    def __len__(self) -> int:
        return self.last - self.first + 1

    def parameters(self) -> dict[str, Any]:
        """Return the keys as the parameters of a statement that unnests them."""
        return {each: getattr(self, each) for each in ("names", "starts", "marked", "first", "last")}

    def halves(self) -> "tuple[BucketKeys, BucketKeys]":
        """Return the keys in two parts of about one size."""
        middle = (self.first + self.last) // 2
        return replace(self, last=middle), replace(self, first=middle + 1)


def bucket_arrays(buckets: str) -> str:
    """SQL for the fields of ``BucketKeys``, in their order, from a query of name, start and mark; no row for none."""
    return f"""
SELECT array_agg(event_name)::text, array_agg(bucket_start)::text, array_agg(marked_at)::text,
    min(bucket_start), max(bucket_start), 1, count(*)
FROM ({buckets}) AS bucket
HAVING count(*) > 0
"""
