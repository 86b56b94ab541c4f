"""Events over HTTP at a steady rate, from a process of its own that notes when each batch was acknowledged."""

import http.client
import itertools
import json
import multiprocessing
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from benchmarks.load import CONNECTIONS, ndjson
from metrics_dash.ingest.event import Event

# A process takes about so long to start.
HEADSTART_SECONDS = 2.0


@dataclass(frozen=True)
class Acknowledged:
    """Up to ``times`` (seconds since 1970) so many events (``counts``) were acknowledged; sending ``began`` then."""

    began: float
    times: Sequence[float]
    counts: Sequence[int]


class Steady:
    """A sender at work."""

    def __init__(self, process: Any, answer: Any) -> None:
        self._process, self._answer = process, answer
        self._given: tuple[float, list[tuple[float, int]]] | str | None = None

    def is_alive(self) -> bool:
        """Return whether it still sends."""
        if self._given is None and self._answer.poll():
            self._given = self._answer.recv()
        return self._given is None and bool(self._process.is_alive())

    def acknowledged(self) -> Acknowledged:
        """Return what was acknowledged. Raises ``RuntimeError`` when something was refused for good."""
        if self._given is None or isinstance(self._given, str):
            raise RuntimeError(self._given or "the sender ended early")
        began, noted = self._given
        noted.sort()
        return Acknowledged(began, [at for at, _ in noted], list(accumulate(count for _, count in noted)))


@contextmanager
def send(port: int, load: Sequence[Event], batch: int, rate: float, seconds: float) -> Iterator[Steady]:
    """Send batches of ``load``, over and over, ``rate`` events a second for ``seconds``; ended afterwards.

    A batch that is told to come again does so, and those behind it wait for a free connection.
    """
    bodies = [ndjson(load[start : start + batch]) for start in range(0, len(load), batch)]
    context = multiprocessing.get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    times = (time.time() + HEADSTART_SECONDS, batch / rate, int(rate * seconds / batch))
    process = context.Process(target=_send_all, args=(port, bodies, batch, times, sending), daemon=True)
    process.start()
    try:
        yield Steady(process, receiving)
    finally:
        process.kill()
        process.join()


def _send_all(port: int, bodies: list[bytes], batch: int, times: tuple[float, float, int], answer: Any) -> None:
    began, every, many = times
    began = max(began, time.time())
    turns = itertools.count()
    noted: list[tuple[float, int]] = []
    failures: list[str] = []

    def work() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while (turn := next(turns)) < many and not failures:
            time.sleep(max(0.0, began + turn * every - time.time()))
            if failure := _post(connection, bodies[turn % len(bodies)]):
                failures.append(failure)
            noted.append((time.time(), batch))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answer.send(failures[0] if failures else (began, noted))


def _post(connection: http.client.HTTPConnection, body: bytes) -> str | None:
    """Post until it is taken; return why it never will be."""
    while True:
        connection.request("POST", "/api/v1/events", body, {"Content-Type": "application/x-ndjson"})
        response = connection.getresponse()
        text, status = response.read(), response.status
        if status != 429:
            return None if status == 200 and not json.loads(text)["rejected"] else f"{status}: {text[:200]!r}"
        time.sleep(0.01)
