"""What happens to every client of the process at its exit and in the child of a fork."""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
import weakref
from typing import Protocol

DRAIN_SECONDS = 10.0


class Drainable(Protocol):
    """What can be closed: a client, or the worker of one that the program has let go of."""

    def begin_close(self, deadline: float) -> None:
        """Take no more events, and send what is held until a moment of ``time.monotonic``."""

    def finish_close(self, deadline: float) -> bool:
        """Wait for that; whether everything came to rest."""


class Forkable(Drainable, Protocol):
    """What goes on in the child of a fork."""

    def start_over(self) -> None:
        """Begin empty: the parent keeps the events, the thread and the connection."""


_clients: weakref.WeakSet[Forkable] = weakref.WeakSet()
_workers: set[Drainable] = set()
# Whoever holds it is not in the middle of something when the process is copied: a fork waits for it. A lock of another
# kind that a thread of the parent holds at that moment stays locked in the child for ever.
fork_lock = threading.RLock()
_finalized_process: int | None = None
_is_over = False


def adopt(client: Forkable) -> None:
    """Empty this client in the child of a fork, and close it at exit, for as long as the program holds it.

    One that is made after that, by an exit handler, is closed at once: nobody would send its events.
    """
    with fork_lock:
        _clients.add(client)
        if _is_over:
            client.begin_close(time.monotonic())


def drain_at_exit(worker: Drainable) -> None:
    """Drain this worker when the process ends, whoever has let go of its client by then."""
    with fork_lock:
        _workers.add(worker)
        _drain_as_a_child()


def is_drained(worker: Drainable) -> None:
    """Forget a worker that was closed."""
    with fork_lock:
        _workers.discard(worker)


def drain_all(timeout: float = DRAIN_SECONDS) -> None:
    """Close everything side by side, within ``timeout`` seconds in all."""
    global _is_over
    deadline = time.monotonic() + timeout
    with fork_lock:
        _is_over = True
        closing: list[Drainable] = [*_clients, *_workers]
    for each in closing:
        each.begin_close(deadline)
    for each in closing:
        each.finish_close(deadline)


def _drain_as_a_child() -> None:
    """A child of ``multiprocessing`` ends without ``atexit``, but not without this."""
    global _finalized_process
    process, util = (sys.modules.get(f"multiprocessing.{name}") for name in ("process", "util"))
    if process is None or util is None or process.parent_process() is None:
        return
    if _finalized_process != os.getpid():
        _finalized_process = os.getpid()
        util.Finalize(None, drain_all, exitpriority=0)


def _start_over() -> None:
    try:
        _workers.clear()
        for client in list(_clients):
            client.start_over()
    finally:
        fork_lock.release()


atexit.register(drain_all)
if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(before=fork_lock.acquire, after_in_parent=fork_lock.release, after_in_child=_start_over)
