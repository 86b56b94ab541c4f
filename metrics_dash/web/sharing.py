"""The figures of several processes added up, whichever of them is asked.

Each process writes all of its own into a file of a private folder, every second and before it answers, and whoever is
asked adds up the files and never its memory. So what was once told never goes back: a process that was killed leaves
its last file, and one that ended leaves its counters with those that ended. (prometheus_client has folders of memory
maps, and a process that writes to one on a full disk dies.)
"""

import fcntl
import logging
import os
import secrets
import shutil
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
from prometheus_client.core import Metric

from db import liveness

log = logging.getLogger(__name__)

PUBLISH_SECONDS = 1.0
# How gauges of several processes become one. All others are sums.
GAUGES: dict[str, Callable[[float, float], float]] = {
    "metrics_dash_healthy": min,
    "metrics_dash_collector_up": min,
    "metrics_dash_spool_bytes": max,
    "metrics_dash_spool_limit_bytes": max,
    "metrics_dash_spool_orphans": max,
    "metrics_dash_spool_damaged_files": max,
    "metrics_dash_spool_oldest_seconds": max,
    "metrics_dash_spool_up": min,
    "metrics_dash_build_info": max,
    "metrics_dash_job_last_success_timestamp_seconds": max,
}
_ENDED = "ended"
_LOCK = "lock"
# Of so many processes that ended it is remembered that their counters have moved.
_REMEMBERED = 100

Sample = tuple[str, tuple[tuple[str, str], ...]]


def make_folder(parent: Path) -> Path:
    """Make a folder for the processes that this one will start, readable by nobody else, beside other servers'.

    Folders whose processes are gone are removed. The lock on ``alive`` passes on to every child and goes with the last.
    """
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (parent / _LOCK).open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for folder in parent.glob("server-*"):
            if not liveness.is_held(folder):
                shutil.rmtree(folder, ignore_errors=True)
        made = Path(tempfile.mkdtemp(prefix="server-", dir=parent))
        liveness.hold(made, wait=True)
    return made


class SharedFigures:
    """This process's part in a folder of ``make_folder``'s. ``collect`` gives this process's figures."""

    def __init__(self, folder: Path, collect: Callable[[], Iterable[Metric]]) -> None:
        self._folder = folder
        # Pids come again.
        self._file = folder / f"{os.getpid()}-{secrets.token_hex(4)}.json"
        self._collect = collect
        self._writing = threading.Lock()
        self._full = False

    def keep_publishing(self) -> None:
        """Publish every second, in a thread of its own, until the process ends."""
        threading.Thread(target=self._publish_for_ever, name="metrics-figures", daemon=True).start()

    def _publish_for_ever(self) -> None:
        pause = threading.Event()
        while not pause.wait(PUBLISH_SECONDS):
            self.publish()

    def publish(self) -> None:
        """Write the figures as they are now. Where that fails, those of before stand."""
        with self._writing:
            try:
                _write(self._file, _as_data(self._collect()))
                self._full = False
            except OSError as error:
                if not self._full:
                    log.warning("the figures of this process can't be written: %s", error.strerror)
                self._full = True

    def added_up(self) -> Iterator[Metric]:
        """Publish, then add up what all have published."""
        self.publish()
        published = {}
        for file in sorted(self._folder.glob("*.json")):
            with suppress(FileNotFoundError):  # it ended meanwhile, and stands below
                published[file.name] = _read(file)
        # Last: whoever ended while we looked stands there before its own file goes, and is counted once.
        ended = _ended(self._folder)
        living = (families for name, families in published.items() if name not in ended["names"])
        yield from _add_up([*living, ended["families"]])


def retire(folder: Path, pid: int) -> None:
    """Keep the counters of a process that ended with those of the others that did, and forget its gauges."""
    for file in folder.glob(f"{pid}-*.json"):
        ended = _ended(folder)
        counters = [family for family in _read(file) if family[2] != "gauge"]
        families = _as_data(_add_up([ended["families"], counters]))
        _write(folder / _ENDED, {"names": [*ended["names"], file.name][-_REMEMBERED:], "families": families})
        file.unlink()


def _ended(folder: Path) -> dict[str, Any]:
    """Return the counters of the processes that ended, and the names of the files that they are from."""
    try:
        ended: dict[str, Any] = _read(folder / _ENDED)
    except FileNotFoundError:
        return {"names": [], "families": []}
    return ended


def _write(path: Path, data: Any) -> None:
    fresh = path.with_suffix(".fresh")
    fresh.write_bytes(orjson.dumps(data))
    fresh.replace(path)


def _read(path: Path) -> Any:
    return orjson.loads(path.read_bytes())


def _as_data(families: Iterable[Metric]) -> list[Any]:
    return [
        [family.name, family.documentation, family.type, [[s.name, s.labels, s.value] for s in family.samples]]
        for family in families
    ]


def _add_up(processes: Iterable[list[Any]]) -> Iterator[Metric]:
    families: dict[str, Metric] = {}
    values: dict[str, dict[Sample, float]] = defaultdict(dict)
    for name, text, kind, samples in (family for process in processes for family in process):
        families.setdefault(name, Metric(name, text, kind))
        combine = GAUGES.get(name, _sum)
        for sample_name, labels, value in samples:
            key = (sample_name, tuple(labels.items()))
            values[name][key] = combine(values[name][key], value) if key in values[name] else value
    for name, family in families.items():
        for (sample_name, pairs), value in values[name].items():
            family.add_sample(sample_name, dict(pairs), value)
        yield family


def _sum(one: float, other: float) -> float:
    return one + other
