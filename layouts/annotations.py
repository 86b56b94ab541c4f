"""What somebody says of a moment, in words: for the page, for pictures and tables, and for who listens."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from layouts.figure.annotations import Group
from metrics_dash.charts.data import ANNOTATIONS_AT_MOST, Annotation
from metrics_dash.charts.exports import annotation_text
from metrics_dash.charts.timerange.grid import to_milliseconds

_SPOKEN_AT_MOST = 5
_LONGEST = 80


def spoken(annotations: Sequence[Annotation], zone: ZoneInfo, most: int = _SPOKEN_AT_MOST) -> str:
    """Return ``2 annotations: Sat 31 Jan 12:00 1.8.0 is out; …``, of many the newest; nothing where there are none."""
    if not annotations:
        return ""
    count = len(annotations)
    least = "at least " if count >= ANNOTATIONS_AT_MOST else ""
    told = "; ".join(f"{_when(each, zone)} {_short(annotation_text(each))}" for each in annotations[-most:])
    rest = f", the last {most}" if count > most else ""
    return f"{least}{count} {'annotation' if count == 1 else 'annotations'}{rest}: {told}"


def told(groups: Sequence[Group]) -> list[dict[str, Any]]:
    """Return for the browser what stands together as one mark, and each annotation of it; moments in epoch ms."""
    return [
        {"at": to_milliseconds(group.at), "notes": [_document(each) for each in group.annotations]} for group in groups
    ]


def _document(annotation: Annotation) -> dict[str, Any]:
    return {
        "start": to_milliseconds(annotation.start),
        "end": to_milliseconds(annotation.end),
        "title": annotation.title,
        "text": annotation.text,
        "tags": list(annotation.tags),
        "url": annotation.url,
        "source": annotation.source,
    }


def _when(annotation: Annotation, zone: ZoneInfo) -> str:
    start, end = annotation.start.astimezone(zone), annotation.end.astimezone(zone)
    if start == end:
        return _moment(start)
    return f"{_moment(start)} to {f'{end:%H:%M}' if start.date() == end.date() else _moment(end)}"


def _moment(local: datetime) -> str:
    return f"{local:%a} {local.day} {local:%b} {local:%H:%M}"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
