"""A collector for the program that only calls ``execute``: started by its first event, drained at its exit."""

import atexit
import logging
import os
import threading
from collections.abc import Mapping

from metrics_dash.emit.bus import Bus, Handler

log = logging.getLogger(__name__)

AUTOSTART_HANDLER = "metrics_dash.autostart"
# The id under which a runtime attaches its collector. Whoever has one needs no other.
COLLECTOR_HANDLER = "metrics_dash.collector"
DRAIN_SECONDS = 10.0
# A fork waits for a start that another thread has begun: in the child nobody would end it, nor give the lock back.
_starting = threading.RLock()
os.register_at_fork(before=_starting.acquire, after_in_parent=_starting.release, after_in_child=_starting.release)


def install(bus: Bus) -> None:
    """Let the first event start a collector from the environment, unless one is attached by then."""
    started: list[Handler] = []

    def begin(name: str, measurements: Mapping[str, float], metadata: Mapping[str, object]) -> object:
        with _starting:
            if not started and not bus.is_attached(COLLECTOR_HANDLER):
                offer = _start()
                if offer is not None and bus.replace(AUTOSTART_HANDLER, COLLECTOR_HANDLER, offer):
                    started.append(offer)
            bus.detach(AUTOSTART_HANDLER)
        # Events that were on their way here meanwhile have not met the collector.
        return started[0](name, measurements, metadata) if started else None

    bus.attach(AUTOSTART_HANDLER, None, begin)


def _start() -> Handler | None:
    """Start a collector on the database that the environment names; None, with one warning, if it names none."""
    if not (os.environ.get("DATABASE_URL") or os.environ.get("METRICS_DATA_DIR")):
        log.warning("events go nowhere: set DATABASE_URL or METRICS_DATA_DIR, or start a runtime")
        return None
    # Imported now and not before, so that `import metrics_dash` costs next to nothing.
    from db.engine import default_database
    from metrics_dash.ingest.collector import Collector
    from metrics_dash.settings import load_settings

    try:
        settings = load_settings()
        database = default_database()
    except ValueError as error:
        log.error("events go nowhere: %s", error)
        return None
    collector = Collector(
        database,
        batch_size=settings.batch_size,
        flush_interval=settings.flush_interval,
        buffer_events=settings.buffer_events,
        spool=settings.spool,
        spool_bytes=settings.spool_size,
    )
    collector.start()

    def drain() -> None:
        collector.stop(DRAIN_SECONDS)
        database.close()

    atexit.register(drain)
    return collector.offer
