"""Events as other systems' clients send them: each at the paths that they know, answered as they need it.

All of them take the way that ``metrics_dash.web.ingest`` takes: its limits, its ledger, its refusals. A request that
comes again is known by the ids that its sender gave the events in it.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from uuid import UUID, uuid5

from flask import Flask, Response, request

from db.batches import Refusal
from metrics_dash.ingest.event import Event
from metrics_dash.ingest.formats import influx, posthog, segment
from metrics_dash.ingest.formats.reading import Work
from metrics_dash.ingest.pieces import Decoded
from metrics_dash.web.answers import json_answer
from metrics_dash.web.ingest import Ingest, Sent
from metrics_dash.web.problems import Form, ProblemError, speak
from metrics_dash.web.received import received

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
    success, of so many events that were accepted and those that were not; ``problem``: what they read an error in."""

    sender: str
    paths: tuple[str, ...]
    decode: Decode
    answer: Callable[[int, list[Refusal]], Response]
    problem: Form

    def post(self, ingest: Ingest) -> Response:
        """Store what the request sends. Raises ``ProblemError``."""
        sent, rejected = store(ingest, self.sender, self.decode)
        return self.answer(sent.events - len(rejected), rejected)


def _json(said: dict[str, object], accepted: int, rejected: list[Refusal]) -> Response:
    told = [{"index": index, "reason": reason} for index, reason in rejected[:TOLD_AT_MOST]]
    return json_answer({**said, "accepted": accepted, **({"rejected": told} if told else {})})


def _problem(text: str, problem: ProblemError) -> Response:
    """Answer an error with its sentence under the name by which a client looks for it, too."""
    code = HTTPStatus(problem.status).phrase.lower()
    said = {"error": problem.error, text: problem.error, "code": code}
    return json_answer({**said, **problem.fields}, problem.status, problem.headers)


def _no_content(accepted: int, rejected: list[Refusal]) -> Response:
    """Answer a client that takes 204 for a success and nothing else; what was refused is said in a header."""
    reasons = {"X-Rejected": f"{len(rejected)}; {ascii(rejected[0][1])[:200]}"} if rejected else {}
    return Response(status=204, headers=reasons)


def store(ingest: Ingest, sender: str, decode: Decode) -> tuple[Sent, list[Refusal]]:
    """Store what the present request sends; what it was, and what of it was refused. Raises ``ProblemError``."""
    with received() as (share, body):
        ids = SenderIds(sender)
        pieces = ingest.checked(ids.once(decode(body, share.work)), share, sender, size=len(body))
        share.give(len(body))
        sent = Sent(pieces, ids.digest)
        return sent, ingest.store(sent, None if ids.digest is None else uuid5(_REQUESTS, ids.digest.hex()))


def _points(body: bytearray, work: Work) -> Iterator[Decoded]:
    return influx.decode(body, work, influx.unit(request.args.get("precision", "")))


_POSTHOG, _SEGMENT = partial(_json, {"status": 1}), partial(_json, {"success": True})
_DETAIL, _MESSAGE = partial(_problem, "detail"), partial(_problem, "message")
DOORS = (
    Door("posthog", ("/batch/", "/i/v0/e/"), posthog.decode, _POSTHOG, _DETAIL),
    Door("segment", ("/v1/batch",), segment.decode, _SEGMENT, _MESSAGE),
    *(Door("segment", (f"/v1/{call}",), partial(segment.decode, call=call), _SEGMENT, _MESSAGE)
      for call in segment.CALLS),
    Door("influx", ("/api/v2/write", "/write"), _points, _no_content, _MESSAGE),
)  # fmt: skip


def flags() -> Response:
    """Answer a PostHog SDK that asks for feature flags: there are none."""
    return json_answer({"flags": {}, "featureFlags": {}, "featureFlagPayloads": {}, "errorsWhileComputingFlags": False})


# What InfluxDB's clients ask before they send. They look at the version's first number.
_INFLUX_VERSION = "1.8.10"


def ping() -> Response:
    """Answer whether a server is there."""
    return Response(status=204, headers={"X-Influxdb-Version": _INFLUX_VERSION, "X-Influxdb-Build": "OSS"})


def health() -> Response:
    """Answer as InfluxDB 2 does; whether this program is well is at ``/readyz``."""
    return json_answer(
        {"name": "influxdb", "message": "ready for writes", "status": "pass", "checks": [], "version": ""}
    )


def ready() -> Response:
    """Answer that writes may come."""
    return json_answer({"status": "ready"})


def query() -> Response:
    """Answer a client that creates its database first; there are no others, and nothing to read. Raises
    ``ProblemError``."""
    asked = request.values.get("q", "").strip().rstrip(";").lower()
    if not asked.startswith("create database "):
        raise ProblemError(400, "only CREATE DATABASE is answered here; ask /api/v1/query")
    return json_answer({"results": [{"statement_id": 0}]})


def install(server: Flask, ingest: Ingest) -> None:
    """Register the routes; with or without a slash at their end, because clients differ."""
    for door in DOORS:
        for path in door.paths:
            server.add_url_rule(
                path, f"ingest_{path}", partial(door.post, ingest), methods=["POST"], strict_slashes=False
            )
            speak(server, path, door.problem)
    server.add_url_rule("/flags/", "posthog_flags", flags, methods=["POST"], strict_slashes=False)
    speak(server, "/flags/", _DETAIL)
    for path in ("/ping", "/health", "/ready", "/query"):
        speak(server, path, _MESSAGE)
    server.add_url_rule("/ping", "influx_ping", ping, methods=["GET", "POST"])
    server.add_url_rule("/health", "influx_health", health, methods=["GET"])
    server.add_url_rule("/ready", "influx_ready", ready, methods=["GET"])
    server.add_url_rule("/query", "influx_query", query, methods=["GET", "POST"])
