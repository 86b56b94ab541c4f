"""A client's buffer and the thread that empties it: all that belongs to one process, and not to the child of a fork."""

from __future__ import annotations

import logging
import threading
import time

from metrics_dash_client import lifecycle
from metrics_dash_client.alarm import Alarm
from metrics_dash_client.buffer import Buffer
from metrics_dash_client.events import Event
from metrics_dash_client.notices import Notices
from metrics_dash_client.options import Options
from metrics_dash_client.sender import SHUTDOWN, Sender
from metrics_dash_client.transport import Transport

INVALID = "invalid"
NO_SERVER = "no_url"


class Worker:
    """Takes checked events, and sends them from a thread that the first of them starts.

    ``transport`` None: there is no server, and every event is dropped. ``secret``: what must not get into the log.
    """

    def __init__(self, options: Options, transport: Transport | None, secret: str | None) -> None:
        self._alarm = Alarm()
        self._notices = Notices(secret)
        self.buffer = Buffer(
            batch_events=options.batch_events,
            buffer_events=options.buffer_events,
            buffer_bytes=options.buffer_bytes,
            wake=self._alarm.ring,
        )
        self._transport = transport
        self._sender: Sender | None = None
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._needs_thread = False
        if transport is None:
            self.buffer.close(NO_SERVER)
            return
        self._needs_thread = True
        self._sender = Sender(
            self.buffer, transport, self._notices, flush_interval=options.flush_interval, timeout=options.timeout
        )

    # For those who emit.

    def put(self, event: Event) -> bool:
        """Take an event; whether there was room for it."""
        reason = self.buffer.put(event)
        if self._needs_thread:
            self._start()
        if reason is None:
            return True
        if reason not in (NO_SERVER, SHUTDOWN):
            self._note(reason, f"events are dropped: {reason}")
        return False

    def refuse(self, why: Exception) -> bool:
        """Count an event that breaks a rule, and have it said; False."""
        self.buffer.refuse(INVALID)
        if self._needs_thread:
            self._start()
        self._note(INVALID, f"events are refused: {why}")
        return False

    def _note(self, kind: str, text: str) -> None:
        """The log may be slow, so the thread writes it."""
        if self._notices.add(kind, text, 1):
            self._alarm.ring()

    def flush(self, timeout: float) -> bool:
        """Send what has come so far; whether all of it has come to rest within ``timeout`` seconds."""
        deadline = time.monotonic() + timeout
        number = self.buffer.seal()
        self._alarm.ring()
        return self.buffer.wait_settled(number, deadline - time.monotonic())

    # Life and death.

    def _start(self) -> None:
        # Whoever finds it locked leaves it to the one who is at it; that may be the code that this call interrupted.
        if not self._starting.acquire(blocking=False):
            return
        try:
            if self._needs_thread:
                lifecycle.drain_at_exit(self)
                thread = threading.Thread(target=self._run, name="metrics-dash-client", daemon=True)
                thread.start()
                self._thread = thread
                self._needs_thread = False
        except Exception as error:  # as many threads as the system allows: the next event tries again
            self._notices.add("thread", f"the thread that sends can't be started: {error}")
        finally:
            self._starting.release()

    def _run(self) -> None:
        sender, transport = self._sender, self._transport
        assert sender is not None
        assert transport is not None
        while not sender.is_finished:
            wait = sender.step()
            if wait != 0 and not sender.is_finished:
                self._alarm.wait(wait)
        transport.close()

    def begin_close(self, deadline: float) -> None:
        """Take no more events, and send what is held until a moment of ``time.monotonic``."""
        self.buffer.close(SHUTDOWN)
        self._needs_thread = False
        if self._sender is not None:
            self._sender.close_by(deadline)
        self._alarm.ring()

    def finish_close(self, deadline: float) -> bool:
        """Wait until all has come to rest, or the moment has; whether nothing was lost."""
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(max(0.0, deadline - time.monotonic()))
        elif self._sender is not None and not self.buffer.is_empty:
            # It could not be started, or there was no time to: then this one does its work.
            self._run()
        if thread is not None and thread.is_alive():
            self._notices.say(
                logging.ERROR, f"a request was still under way at the end: {self.buffer.stats().as_dict()}"
            )
        lost = self.buffer.abandon(SHUTDOWN)
        if lost:
            self._notices.say(logging.ERROR, f"{lost} events could not be sent before the end, and are lost")
        lifecycle.is_drained(self)
        return lost == 0 and self.buffer.is_empty

    def leave_to_parent(self) -> None:
        """Let go, in a fork's child, of what the parent goes on using."""
        if self._transport is not None:
            self._transport.leave_to_parent()
