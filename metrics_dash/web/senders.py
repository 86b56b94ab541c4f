"""Events as other systems' clients send them: each at the paths that they know, answered as they need it.

All of them take the way that ``metrics_dash.web.ingest`` takes: its limits, its ledger, its refusals. A request that
comes again is known by the ids that its sender gave the events in it.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from uuid import UUID, uuid5

from flask import Flask, Response, request

from db.batches import Refusal
from metrics_dash.ingest.event import Event
from metrics_dash.ingest.formats import posthog, segment
from metrics_dash.ingest.formats.reading import Work
from metrics_dash.ingest.pieces import Decoded
from metrics_dash.web import budget
from metrics_dash.web.answers import json_answer
from metrics_dash.web.ingest import Ingest, Sent, read_body

_REQUESTS = UUID("2c1f2b0e-63c4-5d0e-8f4c-0f3a5b7c9d21")
# So many refusals of a request are told its sender; what they are about is in the log of its SDK, if anywhere.
TOLD_AT_MOST = 100

Decode = Callable[[bytearray, Work], Iterator[Decoded]]


class SenderIds:
    """The ids that a sender gave the events of a request, and what they make of the request.

    An id that comes twice in one request is one event. ``digest`` is None where no event has one.
    """

    def __init__(self, sender: str) -> None:
        self._digest = hashlib.sha256(f"{sender}\n".encode())
        self._seen: set[str] = set()

    def once(self, events: Iterable[Decoded]) -> Iterator[Decoded]:
        """Yield the events, each id once."""
        for event, length in events:
            sender_id = event.sender_id if isinstance(event, Event) else None
            if sender_id is not None:
                if sender_id in self._seen:
                    continue
                self._seen.add(sender_id)
            self._digest.update(f"{sender_id}\n".encode(errors="surrogatepass"))
            yield event, length

    @property
    def digest(self) -> bytes | None:
        """What tells the request from every other, the same whenever it is repeated."""
        return self._digest.digest() if self._seen else None


@dataclass(frozen=True, slots=True)
class Door:
    """A way in: what is sent to ``paths`` is decoded by ``decode``, and ``answer`` is what its clients take for a
    success."""

    sender: str
    paths: tuple[str, ...]
    decode: Decode
    answer: dict[str, object]

    def post(self, ingest: Ingest) -> Response:
        """Store what the request sends. Raises ``ProblemError``."""
        sent, rejected = store(ingest, self.sender, self.decode)
        told = [{"index": index, "reason": reason} for index, reason in rejected[:TOLD_AT_MOST]]
        return json_answer(
            {**self.answer, "accepted": sent.events - len(rejected), **({"rejected": told} if told else {})}
        )


def store(ingest: Ingest, sender: str, decode: Decode) -> tuple[Sent, list[Refusal]]:
    """Store what the present request sends; what it was, and what of it was refused. Raises ``ProblemError``."""
    with budget.share() as share:
        body = read_body(share, encoding="gzip" if request.args.get("compression") in ("gzip", "gzip-js") else None)
        ids = SenderIds(sender)
        pieces = ingest.checked(ids.once(decode(body, share.work)), share, size=len(body))
        share.give(len(body))
        sent = Sent(pieces, ids.digest)
        return sent, ingest.store(sent, None if ids.digest is None else uuid5(_REQUESTS, ids.digest.hex()))


DOORS = (
    Door("posthog", ("/batch/", "/i/v0/e/"), posthog.decode, {"status": 1}),
    Door("segment", ("/v1/batch",), segment.decode, {"success": True}),
    *(
        Door("segment", (f"/v1/{call}",), partial(segment.decode, call=call), {"success": True})
        for call in segment.CALLS
    ),
)


def flags() -> Response:
    """Answer a PostHog SDK that asks for feature flags: there are none."""
    return json_answer({"flags": {}, "featureFlags": {}, "featureFlagPayloads": {}, "errorsWhileComputingFlags": False})


def install(server: Flask, ingest: Ingest) -> None:
    """Register the routes; with or without a slash at their end, because clients differ."""
    for door in DOORS:
        for path in door.paths:
            server.add_url_rule(
                path, f"ingest_{path}", partial(door.post, ingest), methods=["POST"], strict_slashes=False
            )
    server.add_url_rule("/flags/", "posthog_flags", flags, methods=["POST"], strict_slashes=False)
