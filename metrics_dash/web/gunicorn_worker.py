"""gunicorn's processes around our own server, so that both ways of serving take and refuse the same bytes.

gunicorn's threads wait for slow clients themselves, and it hands over bodies that end early or are malformed; here its
part is to start, watch and end processes, and every connection is served as in ``metrics_dash run``.
"""

import logging
import os
import time
from collections.abc import Callable
from typing import Any

from gunicorn.workers.base import Worker

from db.faults import Fault, classify, describe
from metrics_dash.web.serve import HttpServer

log = logging.getLogger(__name__)

# While the database is away, a worker that takes another's place tries to start this often (seconds).
RETRY_SECONDS = 1.0


class GuardedWorker(Worker):  # type: ignore[misc]
    """A worker of ``gunicorn app:server``. ``threads``, ``keepalive`` and access logs of gunicorn don't apply."""

    def run(self) -> None:
        """Serve until told to stop or until the master is gone."""
        HttpServer(self.wsgi, sockets=[each.sock for each in self.sockets]).run(_UntilTold(self))


def start_through_outage(worker: Any, start: Callable[[], None]) -> None:
    """Start in the place of a worker that has served, once the database lets it; returns also where the worker is told
    to end meanwhile.

    gunicorn ends all of its workers where one can't start, so one that was killed in an outage would take along those
    that still take events to disk. Raises whatever is no outage.
    """
    told, until = False, _UntilTold(worker)
    while not until.is_set():
        try:
            start()
            break
        except Exception as error:
            if classify(error) is not Fault.TRANSIENT:
                raise
            if not told:
                log.warning("this worker starts once the database can be used: %s", describe(error))
            told = True
        time.sleep(RETRY_SECONDS)


class _UntilTold:
    """Whether the worker must end; asking tells the master that the worker lives."""

    def __init__(self, worker: Any) -> None:
        self._worker = worker

    def is_set(self) -> bool:
        self._worker.notify()
        return not self._worker.alive or self._worker.ppid != os.getppid()
