"""Annotations as they come in: by Grafana's fields and a few more, or as DogStatsD's events; checked and named."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID, uuid4, uuid5

from db.annotations import Annotation
from db.rows import InvalidEventError, quote
from metrics_dash.ingest.event import parse_time
from metrics_dash.ingest.formats.moments import from_epoch
from metrics_dash.ingest.formats.statsd import Note

LONGEST = {"id": 255, "title": 255, "text": 4096, "url": 2048, "source": 255}
MAX_TAGS, LONGEST_TAG = 64, 255
# What was planned may be told ahead.
MAX_AHEAD = timedelta(days=366)

_KEYS = frozenset({"id", "time", "timeEnd", "tags", "text", "title", "url", "source"})
# What Grafana's clients send as well, and nobody here needs.
_LEFT_OUT = frozenset({"dashboardUID", "dashboardId", "panelId", "isRegion"})
_NOTES = UUID("0f6f8f2b-9d3a-5f0e-b1c5-5e4d7f1b2a90")


def annotation_of(document: object, now: datetime, keep: timedelta) -> Annotation:
    """Return what a document in Grafana's form says; times are epoch milliseconds or RFC 3339, by default ``now``.

    Raises ``InvalidEventError``, which quotes the bad value and names its place.
    """
    if not isinstance(document, dict):
        raise InvalidEventError(f"{quote(document)} is not an object")
    unknown = next((key for key in document if key not in _KEYS | _LEFT_OUT), None)
    if unknown is not None:
        raise InvalidEventError(f"{quote(unknown)} is not a key of an annotation; they are {', '.join(sorted(_KEYS))}")
    start = _moment(document, "time", now)
    end = _moment(document, "timeEnd", start)
    if end < start:
        raise InvalidEventError("timeEnd: it lies before time")
    _check_near(start, end, now, keep)
    title, said = _text(document, "title"), _text(document, "text")
    _check_said(title, said)
    return Annotation(
        _identity(document), start, end, title, said, _tags(document), _url(document), _text(document, "source")
    )


def check_note(note: Note, now: datetime, keep: timedelta) -> None:
    """Hold what DogStatsD said of a moment to what any annotation is held to. Raises ``InvalidEventError``."""
    _check_near(note.occurred_at or now, note.occurred_at or now, now, keep)
    _check_said(_storable(note.title), _storable(note.text))


def _check_near(start: datetime, end: datetime, now: datetime, keep: timedelta) -> None:
    if start - now > MAX_AHEAD or now - end > keep:
        raise InvalidEventError(f"time: {start.isoformat()} is further away than annotations are kept")


def _check_said(title: str, text: str) -> None:
    if not title.strip() and not text.strip():
        raise InvalidEventError("text: neither it nor title says anything")


def annotation_of_note(note: Note, now: datetime) -> Annotation:
    """Return what DogStatsD said of a moment; said again, it is the same one."""
    at = note.occurred_at or now
    named = uuid5(_NOTES, repr(note)) if note.occurred_at else uuid4()
    title, said = (_storable(text)[: LONGEST[place]] for place, text in (("title", note.title), ("text", note.text)))
    tags = tuple(_storable(tag)[:LONGEST_TAG] for tag in note.tags[:MAX_TAGS])
    return Annotation(str(named), at, at, title, said, tags, None, note.source)


def as_document(annotation: Annotation) -> Mapping[str, object]:
    """Return an annotation in Grafana's form."""
    return {
        "id": annotation.id,
        "time": _milliseconds(annotation.start),
        "timeEnd": _milliseconds(annotation.end),
        "tags": list(annotation.tags),
        "title": annotation.title,
        "text": annotation.text,
        "url": annotation.url,
        "source": annotation.source,
    }


def _milliseconds(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def _moment(document: Mapping[str, object], key: str, default: datetime) -> datetime:
    value = document.get(key)
    if value is None or value == 0:
        return default
    if isinstance(value, int) and not isinstance(value, bool):
        return from_epoch(value * 10**6)
    try:
        return parse_time(value)
    except InvalidEventError:
        raise InvalidEventError(f"{key}: {quote(value)} is neither epoch milliseconds nor RFC 3339") from None


def _identity(document: Mapping[str, object]) -> str:
    value = document.get("id")
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)[: LONGEST["id"]]
    return _text({**document, "id": value}, "id") or str(uuid4())


def _text(document: Mapping[str, object], key: str) -> str:
    value = document.get(key)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > LONGEST[key] or _storable(value) != value:
        raise InvalidEventError(f"{key}: {quote(value)} is not text of at most {LONGEST[key]} characters")
    return value


def _storable(text: str) -> str:
    return text.replace("\0", "").encode(errors="ignore").decode()


def _tags(document: Mapping[str, object]) -> tuple[str, ...]:
    tags = document.get("tags") or []
    if not isinstance(tags, list) or len(tags) > MAX_TAGS:
        raise InvalidEventError(f"tags: {quote(tags)} is not a list of at most {MAX_TAGS}")
    for tag in tags:
        if not isinstance(tag, str) or len(tag) > LONGEST_TAG or _storable(tag) != tag:
            raise InvalidEventError(f"tags: {quote(tag)} is not text of at most {LONGEST_TAG} characters")
    return tuple(dict.fromkeys(tags))


def _url(document: Mapping[str, object]) -> str | None:
    """Return where it leads; nothing but the web, because somebody will click on it."""
    url = _text(document, "url")
    try:
        leads_to_the_web = not url or (urlsplit(url).scheme in ("http", "https") and bool(urlsplit(url).hostname))
    except ValueError:
        leads_to_the_web = False
    if not leads_to_the_web:
        raise InvalidEventError(f"url: {quote(url)} is not an address of the web")
    return url or None
