"""What a server leaves behind that was killed: its sessions, some of which work on and hold the data folder.

PostgreSQL will not start beside them, and where its pid file is gone it could not know of them. So they are ended
before that file is dropped: two servers never work on one folder.
"""

import logging
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

log = logging.getLogger(__name__)

WAIT_SECONDS = 10.0


def end_orphans(folder: Path) -> int:
    """End the sessions on a data folder whose main process has ended; how many there were.

    A server writes "postgres: " before what each of its processes does, and is the parent of them all; a main process,
    also one in another container, keeps its own command line and is never touched.
    """
    orphans = list(_orphans(folder))
    for process in orphans:
        log.warning("ending process %d, which a server left behind that was killed", process.pid)
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(orphans, timeout=WAIT_SECONDS)
    return len(orphans)


def _orphans(folder: Path) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.name().startswith("postgres") and _is_orphan_on(process, folder):
                yield process


def _is_orphan_on(process: psutil.Process, folder: Path) -> bool:
    command = process.cmdline()
    if not command or not command[0].startswith("postgres: ") or Path(process.cwd()) != folder:
        return False
    parent = process.parent()
    return parent is None or parent.status() == psutil.STATUS_ZOMBIE or not parent.name().startswith("postgres")
