"""gunicorn's processes around our own server, so that both ways of serving take and refuse the same bytes.

gunicorn's threads wait for slow clients themselves, and it hands over bodies that end early or are malformed; here its
part is to start, watch and end processes, and every connection is served as in ``metrics_dash run``.
"""

import os
from typing import Any

from gunicorn.workers.base import Worker

from metrics_dash.web.serve import HttpServer


class GuardedWorker(Worker):  # type: ignore[misc]
    """A worker of ``gunicorn app:server``. ``threads``, ``keepalive`` and access logs of gunicorn don't apply."""

    def run(self) -> None:
        """Serve until told to stop or until the master is gone."""
        HttpServer(self.wsgi, sockets=[each.sock for each in self.sockets]).run(_UntilTold(self))


class _UntilTold:
    """Whether the worker must end; asking tells the master that the worker lives."""

    def __init__(self, worker: Any) -> None:
        self._worker = worker

    def is_set(self) -> bool:
        self._worker.notify()
        return not self._worker.alive or self._worker.ppid != os.getppid()
