"""A collector's heartbeat: from it every page knows what is still on its way, and from whom."""

import logging
import os
import socket
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import psutil

from db.collectors import SilentCollector, beat, bury, leave, silent_on, transaction_time
from db.declared import declared_events
from db.engine import Database
from db.faults import describe
from db.names import stored_names
from metrics_dash.ingest.buffer import Buffer
from metrics_dash.ingest.spool.handover import Handover

log = logging.getLogger(__name__)

# A process that began this long after a collector did is not the collector's, though it has its number.
CLOCKS_MAY_DIFFER = timedelta(minutes=1)


class Heartbeat:
    """The heartbeat of the collector that fills ``buffer``. Each beat is a transaction of its own."""

    def __init__(self, database: Database, buffer: Buffer) -> None:
        self.collector_id: UUID = uuid4()
        self._database = database
        self._buffer = buffer
        self.handover: Handover | None = None

    def oldest_age(self) -> float | None:
        """Return seconds since the oldest event that is not stored came, in memory or on disk; None when all are."""
        ages = [self._buffer.oldest_age()]
        if self.handover is not None:
            ages.append(self.handover.oldest_age())
        return max((age for age in ages if age is not None), default=None)

    def beat(self) -> None:
        """Say what waits here, and learn from the database what others have said."""
        host = socket.gethostname()
        with self._database.begin() as connection:
            # First the time, then a look at the buffer: nothing that came before it can go unseen.
            seen_at = transaction_time(connection)
            age = self.oldest_age()
            beat(
                connection,
                self.collector_id,
                host=host,
                pid=os.getpid(),
                seen_at=seen_at,
                oldest_buffered_at=None if age is None else seen_at - timedelta(seconds=age),
                accounting=self._buffer.snapshot().as_dict(),
            )
            self._buffer.learn_names(stored_names(connection), declared_events(connection))
            silent = silent_on(connection, host)
            dead = [each for each in silent if not is_running(each.pid, each.started_at) and not self._waits_for(each)]
            stored = self._emptied()
            bury(connection, [*stored, *(each.collector_id for each in dead)])
        if self.handover is not None:
            self.handover.emptied -= stored
        for each in dead:
            if each.collector_id not in stored:
                log.error(
                    "the collector of process %d died without leaving; when it was last heard of, it held %s events",
                    each.pid,
                    each.held or "no",
                )

    def _waits_for(self, silent: SilentCollector) -> bool:
        """Return whether what a dead process has left on disk is not stored yet."""
        return self.handover is not None and self.handover.holds(silent.collector_id)

    def _emptied(self) -> set[UUID]:
        """Return the processes whose last event on disk was stored by this one."""
        return set() if self.handover is None else set(self.handover.emptied)

    def leave(self) -> None:
        """Sign off: everything is stored."""
        try:
            with self._database.begin() as connection:
                leave(connection, self.collector_id)
        except Exception as error:
            log.warning("the collector could not sign off: %s", describe(error))


def is_running(pid: int, since: datetime) -> bool:
    """Return whether process ``pid`` of this machine lives and is the one that did at ``since`` (aware)."""
    try:
        process = psutil.Process(pid)
        born = datetime.fromtimestamp(process.create_time(), since.tzinfo)
        return process.status() != psutil.STATUS_ZOMBIE and born <= since + CLOCKS_MAY_DIFFER
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True
