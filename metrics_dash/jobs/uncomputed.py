"""Buckets that can't be computed, in a sentence that a person can act on."""

from collections.abc import Sequence

from db.failures import NAMED_AT_MOST, UncomputedBucket

REMEDY = (
    "python -m metrics_dash audit names each and why; correct or delete the raw events to blame, then run "
    "python -m metrics_dash rollup"
)
_NAMES = 3


def sentence(buckets: Sequence[UncomputedBucket]) -> str | None:
    """Return ``2 buckets of shop.sale can't be computed since 2026-01-10 12:00 UTC``; None where all that still can
    be are."""
    waiting = [each for each in buckets if not each.lost]
    if not waiting:
        return None
    names = list(dict.fromkeys(each.event_name for each in waiting))
    shown = ", ".join(names[:_NAMES]) + (f" and {len(names) - _NAMES} more" if len(names) > _NAMES else "")
    number = f"{len(waiting):,}{' or more' if len(buckets) >= NAMED_AT_MOST else ''}"
    plural = "bucket" if len(waiting) == 1 else "buckets"
    since = min(each.since for each in waiting)
    return f"{number} {plural} of {shown} can't be computed since {since:%Y-%m-%d %H:%M} UTC"
