"""``POST /api/v1/events``: events over HTTP, answered once they are committed, or on disk while PostgreSQL is away."""

import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4, uuid5

from flask import Flask, Response, request

from db.batches import Refusal
from metrics_dash.ingest.collector import Collector
from metrics_dash.ingest.formats import json
from metrics_dash.ingest.pieces import Decoded, Piece, cut
from metrics_dash.ingest.submission import BufferFullError, KeyReusedError, NotCommittedError
from metrics_dash.web import budget
from metrics_dash.web.answers import json_answer
from metrics_dash.web.memory import give_back_large_blocks
from metrics_dash.web.permits import Sender
from metrics_dash.web.problems import ProblemError
from metrics_dash.web.received import received

PATH = "/api/v1/events"
# Requests that wait for a commit hold a thread of the server; the page needs the others.
WAITING_AT_MOST = 8
COMMIT_TIMEOUT_SECONDS = 10.0
RETRY_WHEN_FULL = "1"
RETRY_WHEN_FAILING = "2"
MAX_KEY_LENGTH = 255

_AGAIN = "send the request again, under the same Idempotency-Key if it had one"
_KEYS = UUID("6d0f24a5-7f6b-5c0f-9f0e-2f6f0a4b7d11")


@dataclass(frozen=True, slots=True)
class Sent:
    """What a request sent, checked: its pieces, each with the place of its first event.

    ``digest`` is that of the inflated body and of how it was read, so that the same events are the same however they
    were compressed; None without an ``Idempotency-Key``, where nothing asks for it.
    """

    pieces: list[tuple[int, Piece]]
    digest: bytes | None

    @property
    def events(self) -> int:
        """How many events were sent, taken or refused."""
        return sum(len(piece) for _, piece in self.pieces)


class Ingest:
    """The route's work. ``collector`` is asked for anew at each request, as the runtime may have replaced it.

    ``keep`` is how old an event may be.
    """

    def __init__(
        self, collector: Callable[[], Collector], keep: timedelta, sender: Callable[[], Sender] = Sender
    ) -> None:
        self._collector = collector
        self._sender = sender
        self._keep = keep
        self._waiting = threading.BoundedSemaphore(WAITING_AT_MOST)

    def post(self) -> Response:
        """Store the request's events; answer what was accepted and what was not, by index and reason.

        Raises ``ProblemError``: 400, 413, 415 for the body, 422 for a key of another body, 429 when there is no room,
        503 when the store fails or all requests together are too much.
        """
        batch_id = batch_id_of(request.headers.get("Idempotency-Key"))
        lines = json.check_type(request.mimetype)
        with received(lines=lines) as (share, body):
            lines = lines or json.are_lines(body)
            pieces = self.checked(json.decode(body, lines=lines, work=share.work), share, "json", size=len(body))
            # From here on the rows are what is held.
            share.give(len(body))
            sent = Sent(pieces, _digest(body, lines) if batch_id is not None else None)
            rejected = self.store(sent, batch_id)
        return json_answer(
            {
                "accepted": sent.events - len(rejected),
                "rejected": [{"index": index, "reason": reason} for index, reason in rejected],
            }
        )

    def checked(
        self, events: Iterable[Decoded], share: budget.Share, form: str, *, size: int
    ) -> list[tuple[int, Piece]]:
        """Return the pieces of what was decoded, each with the place of its first event; ``share`` holds them.

        ``form``: the format that it was sent in. ``size``: of the body, inflated. Raises ``ProblemError`` 429 where
        that is more than its sender may send.
        """
        sender, pieces = self._sender(), []
        for first, piece in cut(sender.permitted(events), datetime.now(UTC), self._keep):
            share.take(piece.size)
            pieces.append((first, piece))
        count = sum(len(piece) for _, piece in pieces)
        # One that holds no event costs something, too.
        sender.spend(events=max(1, count), size=size)
        self._collector().tally.receive(sender.who.name, form, count)
        return pieces

    def store(self, sent: Sent, batch_id: UUID | None) -> list[Refusal]:
        """Return once all that may be is committed: what was refused, by place. ``batch_id``: the same is stored once.

        Of another sender the same is another. Raises ``ProblemError``: 422, 429, 503.
        """
        batch_id = self._sender().own(batch_id)
        if batch_id is None and not any(piece.rows for _, piece in sent.pieces):
            return [refusal for _, piece in sent.pieces for refusal in self._refused(piece)]
        with self._place():
            return self._commit(sent, batch_id or uuid4())

    def _refused(self, piece: Piece) -> list[Refusal]:
        """Return what was refused of a piece of which nothing is to be stored or remembered."""
        self._collector().reject(len(piece.refused), piece.refused_names)
        return piece.refused

    @contextmanager
    def _place(self) -> Iterator[None]:
        """Yield one of the few places to wait in; refuses at once where there is none, or where waiting is of no
        use."""
        if not self._collector().begun:
            raise _failing("this process does not collect; nothing was stored")
        if self._collector().failure is not None and not self._collector().spools:
            raise _failing("the store does not answer; nothing was stored")
        if not self._waiting.acquire(blocking=False):
            raise _full(f"{WAITING_AT_MOST} requests wait for their commit already")
        try:
            yield
        finally:
            self._waiting.release()

    def _commit(self, sent: Sent, batch_id: UUID) -> list[Refusal]:
        """Store the pieces, one after the other, each named by its first place; what was refused of all of them."""
        rejected: list[Refusal] = []
        for first, piece in sent.pieces:
            if not piece.rows and sent.digest is None:
                rejected.extend(self._refused(piece))
                continue
            batch = piece.batch(uuid5(batch_id, str(first)) if first else batch_id, sent.digest)
            try:
                submission = self._collector().submit_batch(batch)
                submission.wait(COMMIT_TIMEOUT_SECONDS)
            except BufferFullError as error:
                raise _full(f"{error}{_so_far(first)}") from None
            except KeyReusedError:
                raise ProblemError(422, f"this Idempotency-Key was used for another body{_so_far(first)}") from None
            except NotCommittedError as error:
                raise _failing(f"the store does not answer; {_fate(error.cancelled, first)}") from None
            rejected.extend(submission.refused)
        return rejected


def _digest(body: bytearray, lines: bool) -> bytes:
    digest = hashlib.sha256(b"lines\n" if lines else b"document\n")
    digest.update(body)
    return digest.digest()


def _fate(cancelled: bool, first: int) -> str:
    """Return what becomes of a request that was not answered in time; ``first``: the first event of its last piece."""
    if cancelled:
        return f"not stored, and will not be{_so_far(first)}"
    before = f"what came before event {first} is stored, and the rest" if first else "what was sent"
    return f"{before} may be stored yet; without an Idempotency-Key, what is sent again may then count twice"


def _so_far(first: int) -> str:
    return f"; what came before event {first} is stored" if first else "; nothing was stored"


def _full(reason: str) -> ProblemError:
    return ProblemError(429, f"{reason}; {_AGAIN}", headers={"Retry-After": RETRY_WHEN_FULL})


def _failing(reason: str) -> ProblemError:
    return ProblemError(503, f"{reason}; {_AGAIN}", headers={"Retry-After": RETRY_WHEN_FAILING})


def batch_id_of(key: str | None) -> UUID | None:
    """Return the batch that an ``Idempotency-Key`` names, so that a repeated request is stored once."""
    if key is None:
        return None
    if not key or len(key) > MAX_KEY_LENGTH or not key.isprintable():
        raise ProblemError(400, f"Idempotency-Key must be 1 to {MAX_KEY_LENGTH} printable characters")
    return uuid5(_KEYS, key)


def install(
    server: Flask, collector: Callable[[], Collector], *, keep: timedelta, sender: Callable[[], Sender] = Sender
) -> Ingest:
    """Register the route; return its work, which other ways in share. ``sender`` gives what the present request's
    sender may send."""
    give_back_large_blocks()
    ingest = Ingest(collector, keep, sender)
    server.add_url_rule(PATH, "ingest_events", ingest.post, methods=["POST"])
    return ingest
