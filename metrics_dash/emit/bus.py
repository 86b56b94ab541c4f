"""The bus: ``execute`` hands an event to the handlers that are attached to it.

Emitting is the hot path of somebody else's program, so it costs about as much as incrementing a counter, and nothing
that goes wrong in a handler ever reaches the caller. Attaching is done once, by a programmer, so mistakes there raise.
"""

import logging
import os
import threading
import time
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

log = logging.getLogger(__name__)

Handler = Callable[[str, Mapping[str, float], Mapping[str, object]], object]


class Bus:
    """Handlers by the events that they are attached to. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Handler id to the names it wants (None: every event) and the handler, in order of attachment.
        self._attached: dict[str, tuple[frozenset[str] | None, Handler]] = {}
        # What execute reads. Replaced as a whole, never changed, so reading needs no lock.
        self._by_name: dict[str, tuple[tuple[str, Handler], ...]] = {}
        self._for_all: tuple[tuple[str, Handler], ...] = ()
        self._failures: Counter[str] = Counter()
        _buses.add(self)

    def execute(
        self,
        event_name: str,
        measurements: Mapping[str, float] | None = None,
        metadata: Mapping[str, object] | None = None,
    ) -> bool:
        """Emit an event that happens now; whether a handler took it. Never raises and never waits for I/O.

        ``measurements``: finite numbers by name. ``metadata``: JSON scalars by name. Both may be changed afterwards.
        A handler takes an event by returning something true. One that raises is detached, logged and counted.
        """
        taken = False
        if measurements is None:
            measurements = {}
        if metadata is None:
            metadata = {}
        try:
            handlers = self._by_name.get(event_name, self._for_all)
        except TypeError:  # a name that can't be hashed is no name, but that is for the handlers to say
            handlers = self._for_all
        for handler_id, handler in handlers:
            try:
                if handler(event_name, measurements, metadata):
                    taken = True
            except Exception:
                self._detach_failed(handler_id, handler)
        return taken

    @contextmanager
    def span(self, event_name: str, metadata: Mapping[str, object] | None = None) -> Iterator[None]:
        """Emit an event when the block ends, with its ``duration_ms``; after an exception, which goes on, also with
        ``error``: the name of its type.
        """
        tags = dict(metadata or {})
        start = time.perf_counter()
        try:
            yield
        except BaseException as error:
            tags["error"] = type(error).__name__
            raise
        finally:
            self.execute(event_name, {"duration_ms": (time.perf_counter() - start) * 1000.0}, tags)

    def attach(self, handler_id: str, event_names: str | Iterable[str] | None, handler: Handler) -> None:
        """Call ``handler(event_name, measurements, metadata)`` for an event, for several, or (None) for every one.

        Handlers run in the emitter's thread, in order of attachment, and must neither block nor change what they get.
        Raises ``ValueError`` for an id in use, an empty id or no name at all, ``TypeError`` for what can't be called.
        """
        if not isinstance(handler_id, str) or not handler_id:
            raise ValueError(f"{handler_id!r} is not a handler id")
        if not callable(handler):
            raise TypeError(f"the handler {handler!r} can't be called")
        names = _names(event_names)
        with self._lock:
            if handler_id in self._attached:
                raise ValueError(f"a handler {handler_id!r} is attached already")
            self._attached[handler_id] = (names, handler)
            self._route()

    def replace(self, handler_id: str, by: str, handler: Handler) -> bool:
        """Put a handler of every event in another's place, so that each event meets one of the two and none both.

        Whether it was done: not if ``handler_id`` is not attached, or the id ``by`` is.
        """
        with self._lock:
            if handler_id not in self._attached or by in self._attached:
                return False
            del self._attached[handler_id]
            self._attached[by] = (None, handler)
            self._route()
        return True

    def detach(self, handler_id: str) -> bool:
        """Call that handler no more; whether it was attached."""
        with self._lock:
            known = self._attached.pop(handler_id, None) is not None
            self._route()
        return known

    def is_attached(self, handler_id: str) -> bool:
        """Return whether a handler of that id is attached."""
        return handler_id in self._attached

    def failures(self) -> dict[str, int]:
        """Return how often a handler raised, by handler id. Each time it was detached."""
        with self._lock:
            return dict(self._failures)

    def _route(self) -> None:
        named = {name for names, _ in self._attached.values() if names is not None for name in names}
        routes = {}
        for event_name in named:
            routes[event_name] = tuple(
                (handler_id, handler)
                for handler_id, (names, handler) in self._attached.items()
                if names is None or event_name in names
            )
        self._for_all = tuple((each, handler) for each, (names, handler) in self._attached.items() if names is None)
        self._by_name = routes

    def _detach_failed(self, handler_id: str, handler: Handler) -> None:
        """Detach a handler that raised, unless another has taken its id meanwhile."""
        with self._lock:
            self._failures[handler_id] += 1
            current = self._attached.get(handler_id)
            if current is not None and current[1] is handler:
                del self._attached[handler_id]
                self._route()
        log.exception("the handler %r raised and has been detached", handler_id)


def _names(event_names: str | Iterable[str] | None) -> frozenset[str] | None:
    if event_names is None:
        return None
    names = frozenset([event_names] if isinstance(event_names, str) else event_names)
    if not names or not all(isinstance(name, str) and name for name in names):
        raise ValueError(f"{event_names!r} names no event")
    return names


_buses: "weakref.WeakSet[Bus]" = weakref.WeakSet()


def _unlock_in_child() -> None:
    """A thread that was attaching a handler when the process was copied is not there to give the lock back."""
    for bus in list(_buses):
        bus._lock = threading.Lock()
        bus._route()


os.register_at_fork(after_in_child=_unlock_in_child)
default_bus = Bus()
execute = default_bus.execute
span = default_bus.span
attach = default_bus.attach
detach = default_bus.detach
