"""What the sender of a request may send: events under its token's prefixes, so many a second, under keys of its own."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from math import ceil
from uuid import UUID, uuid5

from metrics_dash.auth.permissions import LOCAL, Principal
from metrics_dash.auth.tokens import Tokens
from metrics_dash.ingest.event import Event, MalformedEvent
from metrics_dash.ingest.pieces import Decoded
from metrics_dash.web.problems import ProblemError


@dataclass(frozen=True)
class Sender:
    """Whoever sends the present request. Without ``tokens`` there is no login, and everything may be sent."""

    who: Principal = LOCAL
    tokens: Tokens | None = None

    def own(self, batch_id: UUID | None) -> UUID | None:
        """Return the batch that this sender means: another one's of the same key is another batch."""
        return uuid5(batch_id, self.who.identity) if batch_id is not None and self.who.identity else batch_id

    def permitted(self, decoded: Iterable[Decoded]) -> Iterator[Decoded]:
        """Yield the events, and in the place of each that the token is not for why it is refused."""
        if not self.who.identity:
            yield from decoded
            return
        for event, length in decoded:
            name = event.get("event_name") if isinstance(event, dict) else getattr(event, "name", None)
            if isinstance(name, str) and not self.who.reaches(name):
                yield MalformedEvent("event_name: the token is not for this event"), length
            else:
                yield self._owned(event), length

    def _owned(self, event: object) -> object:
        """Return an event whose counter is its sender's own: another one's, though named alike, stands elsewhere."""
        if not isinstance(event, Event) or event.counter is None:
            return event
        series = hashlib.sha256(f"{self.who.identity}\n".encode() + event.counter.series).digest()
        return event._replace(counter=replace(event.counter, series=series))

    def spend(self, *, events: int, size: int) -> None:
        """Count what is sent. Raises ``ProblemError`` 429 where that is more than the token's rate."""
        wait = self.tokens.spend(self.who, events=events, size=size) if self.tokens is not None else None
        if wait is not None:
            raise ProblemError(
                429,
                "the token's rate is used up; nothing was stored; send the request again later",
                headers={"Retry-After": str(ceil(wait.total_seconds()))},
            )
