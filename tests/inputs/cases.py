"""Reading cases, sending them, and comparing what came back."""

import base64
import gzip
import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

FOLDER = Path(__file__).parent
# In this order: what stores comes before what reads.
HTTP_DOORS = ("ingest", "formats", "query", "ranges", "pages", "callbacks", "headers")
# Of a server with a login.
GUARDED = "guarded"
TIMEOUT_SECONDS = 60

Case = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What a server said."""

    status: int
    body: bytes

    def json(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError:
            return None


def load(door: str) -> list[Case]:
    """Return the cases of a door, in the order in which they are sent."""
    lines = (FOLDER / f"{door}.ndjson").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def save(door: str, cases: list[Case]) -> None:
    lines = [json.dumps(case, ensure_ascii=True) for case in cases]
    (FOLDER / f"{door}.ndjson").write_text("\n".join(lines) + "\n", encoding="utf-8")


def body_of(case: Case) -> bytes | None:
    """Return the bytes of a case's body, as they are sent."""
    plain = _plain_body(case)
    return gzip.compress(plain, mtime=0) if plain is not None and case.get("gzip") else plain


def _plain_body(case: Case) -> bytes | None:
    if "json" in case:
        return json.dumps(case["json"]).encode()
    if "base64" in case:
        return base64.b64decode(case["base64"])
    if "repeat" in case:
        text, times = case["repeat"]
        return str(text).encode() * int(times)
    return str(case["body"]).encode() if "body" in case else None


def send(case: Case, port: int) -> Answer:
    """Send a case to a server on this machine and return its answer."""
    if "raw" in case:
        return _send_raw(_raw(case), port)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        path = str(case["path"]) + (f"?{urlencode(case['query'], doseq=True)}" if "query" in case else "")
        body = body_of(case)
        headers: Mapping[str, str] = case.get("headers", {})
        connection.putrequest(case.get("method", "GET"), path, skip_host="Host" in headers, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        if body is not None and "Content-Length" not in headers:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        return Answer(response.status, response.read())
    finally:
        connection.close()


def _raw(case: Case) -> bytes:
    """The bytes of a connection: Latin-1 text, or parts of it, of which [text, times] is repeated."""
    parts = case["raw"] if isinstance(case["raw"], list) else [case["raw"]]
    texts = [part if isinstance(part, str) else str(part[0]) * int(part[1]) for part in parts]
    return "".join(texts).encode("latin-1")


def _send_raw(raw: bytes, port: int) -> Answer:
    """Send bytes, then say that nothing more comes, and read what is answered first."""
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_SECONDS) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        try:
            response = http.client.HTTPResponse(connection)
            response.begin()
            return Answer(response.status, response.read())
        except (http.client.HTTPException, OSError) as error:
            return Answer(0, type(error).__name__.encode())


def _take_version(found: Any) -> None:
    """Take out what is another with every build: of which an answer to the page's question is."""
    if isinstance(found, dict) and isinstance(found.get("response"), dict):
        found["response"].get("answer", {}).get("data", {}).pop("version", None)


def complaints(case: Case, answer: Answer) -> Iterator[str]:
    """Say where an answer is not the one that stands in the case."""
    if answer.status != case.get("status"):
        yield f"{case['case']}: {answer.status} and not {case.get('status')}: {answer.body[:300]!r}"
    elif "answer" in case:
        found = answer.json()
        _take_version(found)
        shown = {key: found.get(key) for key in case["answer"]} if isinstance(found, dict) else found
        if shown != case["answer"]:
            yield f"{case['case']}: {answer.body[:600]!r} and not {json.dumps(case['answer'])[:600]}"
    elif not answer.body.startswith(case.get("text", "").encode()):
        yield f"{case['case']}: {answer.body[:300]!r} and not {case['text']!r}"
    # A page is for people.
    if answer.status >= 400 and not answer.body.startswith(b"<!DOCTYPE html>") and answer.body.strip().count(b"\n"):
        yield f"{case['case']}: an error of more than one line"


def events_of(case: Case) -> list[Any]:
    """Return the events that a body holds, decoded independently of the server; a bad line is None."""
    plain = (_plain_body(case) or b"").decode("utf-8", "replace").strip()
    try:
        document = json.loads(plain)
    except ValueError:
        return [_loaded(line) for line in plain.split("\n") if line.strip()]
    return document if isinstance(document, list) else [document]


def _loaded(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None
