"""The files of the spool: a folder for each process, locked for as long as it lives, and segments in it.

What is in a file that was synced survives the machine's end. A folder whose lock is free was left behind by a process
that is gone, whatever its number is by now; who takes the lock has inherited what is in it.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from db import liveness
from db.private import Account, make_parents, make_private_folder, nearest

SEGMENT_BYTES = 4 * 1024 * 1024
SUFFIX = ".spool"
DAMAGED = "damaged"
_LOCK = "lock"
_NEW = os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


class SpoolFullError(Exception):
    """The spool holds as many bytes as it may."""


@dataclass(slots=True)
class Segment:
    """A file of records, one behind the other. ``events``: those in it that have not been read; None where another
    process wrote it. ``since``: when the oldest of them came, monotonic. ``waiting``: batches that were read from it
    and are not stored; ``finished``: all were read. ``damaged``: some of its bytes were wrong."""

    path: Path
    events: int | None = None
    since: float = 0.0
    waiting: int = 0
    finished: bool = False
    damaged: bool = False


@dataclass(frozen=True, slots=True)
class SpoolUse:
    """What the folder of all processes holds. ``orphans``: processes that are gone and left something; ``damaged``:
    files set aside because some of their bytes were wrong."""

    size: int = 0
    orphans: int = 0
    damaged: int = 0


class Spool:
    """The part of the process ``owner`` in the spool ``folder``, which holds ``most`` bytes of all processes together.

    Nothing is made before something is written. Not thread-safe: one thread at a time.
    """

    def __init__(self, folder: Path, owner: UUID, most: int) -> None:
        self.folder, self.most = folder, most
        self._own = folder / str(owner)
        self._most_in_a_segment = min(SEGMENT_BYTES, max(1, most // 8))
        self._locks: dict[Path, int] = {}
        self._file: int | None = None
        self._length = 0
        self._number = 0
        self._segment: Segment | None = None

    # Writing

    def append(self, records: Sequence[bytes], events: Sequence[int]) -> tuple[Segment, int]:
        """Write as many of the records as there is room for, and sync them; to which segment, and how many they are.

        ``events``: of each. Raises ``SpoolFullError`` if not even the first fits, and ``OSError`` where the disk won't
        take them; then none was written.
        """
        self._open()
        fitting = _fitting(records, self.most - _used(self.folder))
        if not fitting:
            raise SpoolFullError(f"{self.folder} holds {self.most:,} bytes, as many as it may")
        segment = self._segment or self._begin()
        assert self._file is not None
        data = b"".join(records[:fitting])
        try:
            _write(self._file, data)
            os.fsync(self._file)
        except OSError:
            # What a failed sync has left in the file nobody knows: it is not written to again.
            with suppress(OSError):
                os.ftruncate(self._file, self._length)
            self.rotate()
            raise
        self._length += len(data)
        segment.events = (segment.events or 0) + sum(events[:fitting])
        if self._length >= self._most_in_a_segment:
            self.rotate()
        return segment, fitting

    def rotate(self) -> None:
        """Write to another segment from now on: this one is going to be read."""
        if self._file is not None:
            os.close(self._file)
        self._file, self._segment, self._length = None, None, 0

    def _open(self) -> None:
        """Make this process's folder, and take its lock."""
        if self._own in self._locks:
            return
        with self._among_all():
            make_private_folder(self._own, _account())
            self._locks[self._own] = liveness.hold(self._own, wait=True)
        _sync_folder(self.folder)

    def _begin(self) -> Segment:
        self._number += 1
        path = self._own / f"{self._number:08d}{SUFFIX}"
        self._file = os.open(path, os.O_WRONLY | os.O_EXCL | _NEW, 0o600)
        self._segment, self._length = Segment(path), 0
        _sync_folder(self._own)
        return self._segment

    @contextmanager
    def _among_all(self) -> Iterator[None]:
        """Hold the lock of the spool: a folder that was just made is not yet locked, and must not be taken over."""
        make_parents(self.folder)
        make_private_folder(self.folder, _account())
        descriptor = os.open(self.folder / _LOCK, os.O_RDWR | _NEW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    # Reading, and what others left

    def adopt(self) -> list[Segment]:
        """Take over the folders whose processes are gone; the segments in them, the oldest of each first."""
        if not any(folder not in self._locks for folder in _folders(self.folder)):
            return []
        taken = []
        with self._among_all():
            for folder in _folders(self.folder):
                if folder not in self._locks:
                    # Another one's, or gone by now.
                    with suppress(OSError):
                        self._locks[folder] = liveness.hold(folder)
                        taken.append(folder)
        for folder in taken:
            if not _segments(folder):
                self._leave(folder)
        return [Segment(path) for folder in taken for path in _segments(folder)]

    def remove(self, segment: Segment, *, damaged: bool = False) -> UUID | None:
        """Remove a segment of which all is stored, or set it aside where some of it is ``damaged``.

        The process whose last one it was, where that one is gone.
        """
        folder = segment.path.parent
        if damaged:
            make_private_folder(self.folder / DAMAGED, _account())
            segment.path.rename(self.folder / DAMAGED / f"{folder.name}-{segment.path.name}")
        else:
            segment.path.unlink(missing_ok=True)
        if folder == self._own or _segments(folder):
            return None
        self._leave(folder)
        with suppress(ValueError):
            return UUID(folder.name)
        return None

    def holds(self, owner: UUID) -> bool:
        """Return whether a process has left something, or may be writing."""
        return (self.folder / str(owner)).is_dir()

    def use(self) -> SpoolUse:
        """Return what the folder of all processes holds."""
        return look(self.folder)

    def close(self) -> None:
        """Let go of everything; what is left is for whoever comes next. A fork's child does this with its parent's."""
        self.rotate()
        while self._locks:
            os.close(self._locks.popitem()[1])

    def leave(self) -> None:
        """Remove this process's folder, in which nothing is left."""
        if self._own in self._locks and not _segments(self._own):
            self.rotate()
            self._leave(self._own)

    def _leave(self, folder: Path) -> None:
        (folder / liveness.FILE).unlink(missing_ok=True)
        with suppress(OSError):
            folder.rmdir()
        os.close(self._locks.pop(folder))


def unwritable(folder: Path) -> str | None:
    """Return why nothing could be written into a spool, in half a sentence; None where it could. Nothing is made."""
    existing = nearest(folder)
    if not existing.is_dir():
        return f"{existing} is no folder"
    return None if os.access(existing, os.W_OK | os.X_OK) else f"{existing} can't be written to"


def look(folder: Path) -> SpoolUse:
    """Return what a spool's folder holds, of all processes; nothing where there is none."""
    size = orphans = 0
    for each in _folders(folder):
        sizes = [_size(path) for path in _segments(each)]
        size += sum(sizes)
        orphans += bool(sizes) and not liveness.is_held(each)
    damaged = _segments(folder / DAMAGED)
    return SpoolUse(size + sum(map(_size, damaged)), orphans, len(damaged))


def read_segment(segment: Segment) -> bytes:
    """Return all that is in a segment."""
    with os.fdopen(os.open(segment.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
        return file.read()


def _folders(folder: Path) -> list[Path]:
    """Return the folders of processes, the one that was made first first."""
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return []
    found = []
    for entry in entries:
        # Whoever has stored all of one removes it, and that hides no other one.
        with suppress(OSError):
            if entry.is_dir(follow_symlinks=False) and entry.name != DAMAGED:
                found.append((entry.stat(follow_symlinks=False).st_mtime_ns, Path(entry)))
    return [path for _, path in sorted(found)]


def _segments(folder: Path) -> list[Path]:
    try:
        return sorted(folder.glob(f"*{SUFFIX}"))
    except FileNotFoundError:
        return []


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _used(folder: Path) -> int:
    return sum(_size(path) for each in (*_folders(folder), folder / DAMAGED) for path in _segments(each))


def _fitting(records: Sequence[bytes], room: int) -> int:
    """Return how many of the records fit, in their order."""
    for number, record in enumerate(records):
        room -= len(record)
        if room < 0:
            return number
    return len(records)


def _write(file: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(file, left) :]


def _sync_folder(folder: Path) -> None:
    """Make the names in a folder survive the machine's end, too."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _account() -> Account:
    return Account("this process", os.geteuid(), os.getegid())
