"""``POST /api/v1/events``: events over HTTP, answered once they are committed."""

import threading
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4, uuid5

from flask import Flask, Response, request

from db.rows import InvalidEventError, Row
from metrics_dash.ingest.collector import Collector
from metrics_dash.ingest.event import parse_row
from metrics_dash.ingest.submission import BufferFullError, NotCommittedError
from metrics_dash.web import body
from metrics_dash.web.answers import json_answer
from metrics_dash.web.problems import ProblemError

PATH = "/api/v1/events"
# Requests that wait for a commit hold a thread of the server; the page needs the others.
WAITING_AT_MOST = 8
COMMIT_TIMEOUT_SECONDS = 10.0
RETRY_WHEN_FULL = "1"
RETRY_WHEN_FAILING = "2"
MAX_KEY_LENGTH = 255
# A larger request is committed in pieces, each of which must find room in the collector's buffer.
BATCH_EVENTS = 5000
BATCH_BYTES = 4 * body.MIB

_AGAIN = "send the request again, under the same Idempotency-Key if it had one"
_KEYS = UUID("6d0f24a5-7f6b-5c0f-9f0e-2f6f0a4b7d11")


class Ingest:
    """The route's work. ``collector`` is asked for anew at each request, as the runtime may have replaced it.

    ``keep`` is how old an event may be; ``buffer_events`` what the collector can hold.
    """

    def __init__(self, collector: Callable[[], Collector], keep: timedelta, buffer_events: int) -> None:
        self._collector = collector
        self._keep = keep
        self._batch_events = max(1, min(BATCH_EVENTS, buffer_events // 2))
        self._waiting = threading.BoundedSemaphore(WAITING_AT_MOST)

    def post(self) -> Response:
        """Store the request's events; answer what was accepted and what was not, by index and reason.

        Raises ``ProblemError``: 400, 413, 415 for the body, 429 when there is no room, 503 when the store fails.
        """
        batch_id = batch_id_of(request.headers.get("Idempotency-Key")) or uuid4()
        raw = body.read(request.stream, request.content_length, (request.headers.get("Content-Encoding") or "").lower())
        sorted_out = sort_out(body.decode(raw, request.mimetype), datetime.now(UTC), self._keep)
        if sorted_out.rejected:
            self._collector().reject(len(sorted_out.rejected))
        if sorted_out.rows:
            with self._place():
                self._commit(sorted_out, batch_id, self._batch_size(len(raw), sorted_out.total))
        rejected = sorted(sorted_out.rejected, key=lambda one: one[0])
        return json_answer(
            {
                "accepted": sorted_out.total - len(rejected),
                "rejected": [{"index": index, "reason": reason} for index, reason in rejected],
            }
        )

    @contextmanager
    def _place(self) -> Iterator[None]:
        """One of the few places to wait in; refuses at once where there is none, or where waiting is of no use."""
        if self._collector().failure is not None:
            raise _failing("the store does not answer; nothing was stored")
        if not self._waiting.acquire(blocking=False):
            raise _full(f"{WAITING_AT_MOST} requests wait for their commit already")
        try:
            yield
        finally:
            self._waiting.release()

    def _commit(self, sorted_out: "ParsedEvents", batch_id: UUID, size: int) -> None:
        """Store the events in batches of ``size`` places of the request, one after the other, each named by its first.

        By place, whatever of it is valid: an event that is too new at first and no longer when the request comes again
        must not move those after it from one batch into another.
        """
        collector = self._collector()
        for place in range(0, sorted_out.total, size):
            start, end = (bisect_left(sorted_out.places, each) for each in (place, place + size))
            if start == end:
                continue
            rows = sorted_out.rows[start:end]
            try:
                submission = collector.submit(rows, uuid5(batch_id, str(place)) if place else batch_id)
                submission.wait(COMMIT_TIMEOUT_SECONDS)
            except BufferFullError as error:
                raise _full(f"{error}{_so_far(start)}") from None
            except NotCommittedError as error:
                fate = "and will not be" if error.cancelled else "as far as is known"
                raise _failing(f"the store does not answer; not stored, {fate}{_so_far(start)}") from None
            sorted_out.refuse(start, submission.refused)

    def _batch_size(self, body_bytes: int, events: int) -> int:
        """How many events to hand over at a time, so that a large request finds room in the buffer piece by piece."""
        average = max(1, body_bytes // events)
        return max(1, min(self._batch_events, BATCH_BYTES // average))


def _so_far(stored: int) -> str:
    return f"; the first {stored} valid events are stored" if stored else ""


def _full(reason: str) -> ProblemError:
    return ProblemError(429, f"{reason}; {_AGAIN}", headers={"Retry-After": RETRY_WHEN_FULL})


def _failing(reason: str) -> ProblemError:
    return ProblemError(503, f"{reason}; {_AGAIN}", headers={"Retry-After": RETRY_WHEN_FAILING})


def batch_id_of(key: str | None) -> UUID | None:
    """The batch that an ``Idempotency-Key`` names, so that a repeated request is stored once."""
    if key is None:
        return None
    if not key or len(key) > MAX_KEY_LENGTH or not key.isprintable():
        raise ProblemError(400, f"Idempotency-Key must be 1 to {MAX_KEY_LENGTH} printable characters")
    return uuid5(_KEYS, key)


@dataclass(slots=True)
class ParsedEvents:
    """A request's events: the valid ones and the place of each in the request; those rejected and why."""

    rows: list[Row] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    rejected: list[tuple[int, str]] = field(default_factory=list)
    total: int = 0

    def refuse(self, start: int, refused: Iterable[tuple[int, str]]) -> None:
        """The store refused some of the events from number ``start`` on, counted from there."""
        self.rejected.extend((self.places[start + index], reason) for index, reason in refused)


def sort_out(objects: list[object], now: datetime, keep: timedelta) -> ParsedEvents:
    """Check each of a request's decoded events; ``now`` is the time of those that have none."""
    result = ParsedEvents(total=len(objects))
    for index, item in enumerate(objects):
        if isinstance(item, body.Malformed):
            result.rejected.append((index, item.reason))
            continue
        try:
            result.rows.append(parse_row(item, now, keep))
        except InvalidEventError as error:
            result.rejected.append((index, str(error)))
        else:
            result.places.append(index)
    return result


def install(server: Flask, collector: Callable[[], Collector], *, keep: timedelta, buffer_events: int) -> None:
    """Register the route."""
    server.add_url_rule(PATH, "ingest_events", Ingest(collector, keep, buffer_events).post, methods=["POST"])
