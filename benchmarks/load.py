"""Posting events from a process of its own, so that making the load costs the server as little as it can."""

import http.client
import itertools
import json
import multiprocessing
import queue
import threading
import time
from collections.abc import Sequence
from typing import Any

import orjson

from metrics_dash.ingest.event import Event

CONNECTIONS = 4
PATIENCE_SECONDS = 120.0


def post(port: int, load: Sequence[Event], batch: int, times: int = 1) -> float:
    """Post ``load``, ``times`` over, as NDJSON in batches; seconds from the first request to the last answer.

    Returns when everything was acknowledged. Raises ``RuntimeError`` when something was not, or takes too long.
    """
    bodies = [ndjson(load[start : start + batch]) for start in range(0, len(load), batch)]
    context = multiprocessing.get_context("spawn")
    answer: Any = context.SimpleQueue()
    process = context.Process(target=_post_all, args=(port, bodies * times, answer), daemon=True)
    process.start()
    process.join(PATIENCE_SECONDS + 60)
    if process.is_alive():
        process.kill()
        raise RuntimeError("the load did not end in time")
    if process.exitcode != 0:
        raise RuntimeError(f"the load ended with exit code {process.exitcode}")
    seconds = answer.get()
    if isinstance(seconds, str):
        raise RuntimeError(seconds)
    return float(seconds)


def ndjson(batch: Sequence[Event]) -> bytes:
    """Return events as a body, a line each; without a time where they have none."""
    return b"\n".join(
        orjson.dumps(
            {
                "event_name": event.name,
                "measurements": event.measurements,
                "metadata": event.metadata,
                **({"occurred_at": event.occurred_at} if event.occurred_at else {}),
            }
        )
        for event in batch
    )


def _post_all(port: int, bodies: list[bytes], answer: Any) -> None:
    work: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    for body in itertools.chain(bodies, [None] * CONNECTIONS):
        work.put(body)
    failures: list[str] = []
    deadline = time.monotonic() + PATIENCE_SECONDS
    threads = [threading.Thread(target=_connection, args=(port, work, deadline, failures)) for _ in range(CONNECTIONS)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answer.put(failures[0] if failures else time.perf_counter() - began)


def _connection(port: int, work: "queue.SimpleQueue[bytes | None]", deadline: float, failures: list[str]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    while (body := work.get()) is not None and not failures:
        status = 429
        while status == 429 and time.monotonic() < deadline:
            connection.request("POST", "/api/v1/events", body, {"Content-Type": "application/x-ndjson"})
            response = connection.getresponse()
            text, status = response.read(), response.status
            if status == 429:
                time.sleep(0.01)
        if status != 200 or json.loads(text)["rejected"]:
            failures.append(f"{status}: {text[:200]!r}")
    connection.close()
