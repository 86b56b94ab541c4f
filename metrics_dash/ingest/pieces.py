"""What somebody sent, cut into the pieces that are stored as one batch each.

Where a piece ends is part of the identity of the batch that it becomes: a request or a file that comes again must fall
into the same pieces, or it is stored twice in part and lost in part. So the cut depends on the sent text and on the
numbers below, and on nothing else: no setting, no room in a buffer, no clock, no compression, nothing that was refused.
Whoever changes one of these numbers gives the batches new names as well (the namespaces of their ``uuid5``).
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from db.batches import Batch, Refusal
from db.rows import MAX_NAME_LENGTH, InvalidEventError, Row, size_in_memory, to_nanoseconds
from metrics_dash.ingest.event import Event, MalformedEvent, TooNewError, check_event, parse_row

PIECE_EVENTS = 5000
PIECE_BYTES = 4 * 1024 * 1024
# So many refusals of a piece are explained each; those after them are named by their place and a word. A million lines
# of nonsense must not become a million sentences.
EXPLAINED_AT_MOST = 100

# An event (an ``Event``, or the document of one), or why it could not be decoded; and the bytes of text that it took.
Decoded = tuple[object, int]


@dataclass(slots=True)
class Piece:
    """Events that stood together in what was sent: rows and their places, and what was refused and why.

    ``newest``: the last time of an event that was refused for coming too early, in nanoseconds. ``refused_names``: how
    many of the refused were sent under which name, whatever that is.
    """

    rows: list[Row] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    newest: int | None = None
    refused_names: Counter[str] = field(default_factory=Counter)

    def __len__(self) -> int:
        return len(self.places) + len(self.refused)

    def take(self, place: int, event: object, now: datetime, keep: timedelta) -> None:
        """Check what stood at this place, and keep it or why it is refused. ``keep``: how old an event may be."""
        try:
            if isinstance(event, MalformedEvent):
                raise InvalidEventError(event.reason)
            self.rows.append(check_event(event, now, keep) if isinstance(event, Event) else parse_row(event, now, keep))
        except InvalidEventError as error:
            if isinstance(error, TooNewError):
                self.newest = max(self.newest or 0, to_nanoseconds(error.occurred_at))
            self._count(event)
            self.refused.append((place, str(error) if len(self.refused) < EXPLAINED_AT_MOST else error.reason))
        else:
            self.places.append(place)

    def _count(self, event: object) -> None:
        """Count a refused event by the name that it was sent under; no longer one than an event may have."""
        name = event.get("event_name") if isinstance(event, dict) else getattr(event, "name", None)
        if isinstance(name, str) and len(name) <= MAX_NAME_LENGTH:
            self.refused_names[name] += 1

    def batch(self, batch_id: UUID, digest: bytes | None) -> Batch:
        """Return the piece as the batch that is stored; ``digest`` tells what was sent from anything else."""
        return Batch(
            batch_id,
            self.rows,
            self.places,
            self.refused,
            digest,
            newest=self.newest,
            refused_names=self.refused_names,
        )

    @property
    def size(self) -> int:
        """About how many bytes it takes in memory."""
        return size_in_memory(self.rows) + 100 * len(self.refused)


def cut(events: Iterable[Decoded], now: datetime, keep: timedelta) -> Iterator[tuple[int, Piece]]:
    """Yield the pieces of a request, each with the place of its first event. ``now``: the time of events without."""
    piece, first, size = Piece(), 0, 0
    place = -1
    for place, (event, length) in enumerate(events):
        if place - first >= PIECE_EVENTS or (size and size + length > PIECE_BYTES):
            yield first, piece
            piece, first, size = Piece(), place, 0
        piece.take(place, event, now, keep)
        size += length
    if place >= 0:
        yield first, piece
