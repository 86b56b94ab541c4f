"""A server that keeps what senders send it, and answers as a test has it."""

import gzip
import json
import threading
from datetime import UTC, datetime
from typing import Any

import orjson
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from metrics_dash.demo.status import HEARTBEAT


class RecordingServer:
    """An HTTP server that answers with a script of statuses, then 200, and keeps what it was sent."""

    def __init__(self, port: int = 0) -> None:
        self.statuses: list[int] = []
        self.batches: dict[str, list[dict[str, Any]]] = {}
        self.keys: list[str] = []
        self.asked: list[str] = []
        self.known_hours: list[int] = []
        self.retry_after = "0"
        self.heartbeat = threading.Event()
        self._server = make_server("127.0.0.1", port, self.answer, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> "RecordingServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, environ: dict[str, Any], start_response: Any) -> Any:
        request = Request(environ)
        body = request.get_data()
        self.asked.append(f"{request.method} {request.path}")
        status = self.statuses.pop(0) if self.statuses else 200
        if status != 200:
            answer = Response(json.dumps({"error": "scripted"}), status, {"Retry-After": self.retry_after})
        elif request.method == "GET":
            answer = Response(orjson.dumps({"series": [self._history(request)]}))
        else:
            answer = Response(orjson.dumps(self._store(request, body)))
        return answer(environ, start_response)

    def _store(self, request: Request, body: bytes) -> dict[str, Any]:
        events = [orjson.loads(line) for line in gzip.decompress(body).splitlines()]
        self.keys.append(request.headers["Idempotency-Key"])
        self.batches[request.headers["Idempotency-Key"]] = events
        if any(event["event_name"] == HEARTBEAT for event in events):
            self.heartbeat.set()
        return {"accepted": len(events), "rejected": []}

    def _history(self, request: Request) -> dict[str, Any]:
        hours = self.known_hours
        if request.args["resolution"] == "minute":
            hours = [hour + 60 * minute for hour in self.known_hours for minute in range(60)]
        return {"t": [datetime.fromtimestamp(hour, UTC).isoformat() for hour in hours], "v": [1.0] * len(hours)}
