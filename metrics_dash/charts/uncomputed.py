"""Which buckets of a chart can't be computed."""

from collections.abc import Collection, Iterable

from db.failures import UncomputedBucket
from db.levels import BUCKET_TYPES, WIDTHS, BucketType
from metrics_dash.charts.data import Uncomputed
from metrics_dash.charts.timerange.windows import Window


def uncomputed_in(
    window: Window, event_names: Collection[str], buckets: Iterable[UncomputedBucket]
) -> Uncomputed | None:
    """Return the events' buckets in a window that can't be computed; None where all can.

    Those of the level that is drawn, and of finer ones, which it lacks.
    """
    levels = BUCKET_TYPES[: BUCKET_TYPES.index(window.source) + 1]
    found = [
        each
        for each in buckets
        for level in levels
        if each.event_name in event_names and each.level == level and _overlaps(each, level, window)
    ]
    return Uncomputed(len(found), min(each.since for each in found)) if found else None


def _overlaps(bucket: UncomputedBucket, level: BucketType, window: Window) -> bool:
    return bucket.bucket_start < window.end and bucket.bucket_start + WIDTHS[level] > window.start
