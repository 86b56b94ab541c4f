"""The client's thread taken by hand: a test makes its turns and moves its clock."""

from collections.abc import Iterator
from contextlib import contextmanager

from metrics_dash_client.accounting import Stats
from metrics_dash_client.buffer import Buffer
from metrics_dash_client.endpoint import authorization_of, parse_endpoint
from metrics_dash_client.events import take
from metrics_dash_client.notices import Notices
from metrics_dash_client.sender import Sender
from metrics_dash_client.transport import Transport

TOKEN = "mdt_7_very-secret"


class Turns:
    """A buffer, a sender and a connection, at a time that stands still until it is moved."""

    def __init__(self, url: str, *, batch_events: int = 3, timeout: float = 30.0) -> None:
        self.now = 1000.0
        self.jitters: list[tuple[float, float]] = []
        self.buffer = Buffer(
            batch_events=batch_events,
            buffer_events=1000,
            buffer_bytes=2**30,
            wake=lambda: None,
            clock=lambda: self.now,
        )
        self.transport = Transport(parse_endpoint(url), authorization_of(TOKEN))
        self.sender = Sender(
            self.buffer,
            self.transport,
            Notices(TOKEN, clock=lambda: self.now),
            flush_interval=5.0,
            timeout=timeout,
            clock=lambda: self.now,
            jitter=self._jitter,
        )

    def _jitter(self, low: float, high: float) -> float:
        self.jitters.append((low, high))
        return high

    def emit(self, *names: str, sealed: bool = True) -> None:
        for name in names:
            assert self.buffer.put(take(name, None, None, None)) is None
        if sealed:
            self.buffer.seal()

    def step(self) -> float | None:
        """One turn, after which every event is still in exactly one place."""
        wait = self.sender.step()
        assert self.stats().balanced, self.stats()
        return wait

    def sleep(self, wait: float | None) -> None:
        assert wait is not None
        self.now += wait

    def finish(self, most: int = 100) -> None:
        """Take turns, and sleep between them, until nothing is left."""
        for _ in range(most):
            wait = self.step()
            if self.buffer.is_empty:
                return
            self.sleep(wait)
        raise AssertionError(f"not finished in {most} turns: {self.stats()}")

    def stats(self) -> Stats:
        return self.buffer.stats()


@contextmanager
def turns(url: str, **options: float) -> Iterator[Turns]:
    made = Turns(url, **options)  # type: ignore[arg-type]
    try:
        yield made
    finally:
        made.transport.close()
