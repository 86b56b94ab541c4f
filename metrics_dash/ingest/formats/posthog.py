"""PostHog's events, as its SDKs send them: one, an array, or the array ``batch`` of an object.

``event`` becomes the name (``$pageview`` is ``pageview``), ``properties`` measurements and metadata, ``distinct_id``
metadata; ``uuid`` tells one event from another. What is set on persons and groups is left out.
"""

from collections.abc import Iterator

from db.rows import InvalidEventError
from metrics_dash.ingest.event import Event, MalformedEvent
from metrics_dash.ingest.formats.documents import items
from metrics_dash.ingest.formats.names import named
from metrics_dash.ingest.formats.properties import moment_of, object_of, parts_of, short
from metrics_dash.ingest.formats.reading import Work, bounded
from metrics_dash.ingest.pieces import Decoded

# Of persons, of groups and of the project: nothing that happened.
_LEFT_OUT = frozenset({"$set", "$set_once", "$unset", "$group_set", "token", "api_key", "distinct_id"})


def decode(body: bytearray, work: Work) -> Iterator[Decoded]:
    """Yield the events of a body. Raises ``BodyError``."""
    for item, length in bounded(items(body, "batch"), work):
        yield _event(item), length


def _event(item: object) -> Event | MalformedEvent:
    try:
        return _read(item)
    except InvalidEventError as error:
        return MalformedEvent(str(error))


def _read(item: object) -> Event:
    document = object_of(item, "the event")
    name = document.get("event")
    if not isinstance(name, str) or not name:
        raise InvalidEventError("event is missing")
    properties = object_of(document.get("properties"), "properties")
    measurements, metadata = parts_of({key: value for key, value in properties.items() if key not in _LEFT_OUT})
    person = document.get("distinct_id", properties.get("distinct_id"))
    if person is not None:
        metadata["distinct_id"] = short(str(person))
    name = named(name, metadata)
    sender_id = document.get("uuid")
    at = moment_of(document.get("timestamp"))
    return Event(name, measurements, metadata, at, sender_id if isinstance(sender_id, str) else None)
