"""Segment's calls, as its SDKs send them: one, or the array ``batch`` of an object.

A ``track`` is named by its ``event``; each other call by its type, such as ``page``, with its own ``name`` in the
metadata. ``properties`` or ``traits`` become measurements and metadata; ``messageId`` tells one call from another.
"""

from collections.abc import Iterator, Mapping

from db.rows import InvalidEventError
from metrics_dash.ingest.event import Event, MalformedEvent
from metrics_dash.ingest.formats.documents import items
from metrics_dash.ingest.formats.names import named
from metrics_dash.ingest.formats.properties import moment_of, object_of, parts_of, short
from metrics_dash.ingest.formats.reading import Work, bounded
from metrics_dash.ingest.pieces import Decoded

CALLS = ("track", "identify", "page", "screen", "group", "alias")
_WHO = ("userId", "anonymousId", "previousId", "groupId")
_TIMES = ("timestamp", "originalTimestamp", "sentAt")


def decode(body: bytearray, work: Work, call: str | None = None) -> Iterator[Decoded]:
    """Yield the calls of a body; ``call`` is what those are that don't say it themselves. Raises ``BodyError``."""
    for item, length in bounded(items(body, "batch"), work):
        yield _event(item, call), length


def _event(item: object, call: str | None) -> Event | MalformedEvent:
    try:
        return _read(object_of(item, "the call"), call)
    except InvalidEventError as error:
        return MalformedEvent(str(error))


def _read(document: Mapping[str, object], call: str | None) -> Event:
    kind = document.get("type", call)
    if kind not in CALLS:
        raise InvalidEventError(f"type is not one of {', '.join(CALLS)}")
    details = object_of(document.get("properties") or document.get("traits"), "properties")
    measurements, metadata = parts_of(details)
    metadata |= {key: short(str(document[key])) for key in _WHO if document.get(key) is not None}
    name = _name(document, str(kind), metadata)
    at = next((document[key] for key in _TIMES if document.get(key)), None)
    sender_id = document.get("messageId")
    return Event(name, measurements, metadata, moment_of(at), sender_id if isinstance(sender_id, str) else None)


def _name(document: Mapping[str, object], kind: str, metadata: dict[str, object]) -> str:
    given = document.get("event" if kind == "track" else "name")
    if kind == "track":
        if not isinstance(given, str) or not given:
            raise InvalidEventError("event is missing")
        return named(given, metadata)
    if isinstance(given, str) and given:
        metadata["name"] = short(given)
    return kind
