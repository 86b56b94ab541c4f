"""Folders that tell whether whoever made them still lives: a lock on a file in them, which the kernel gives back.

A number of a process says nothing for long, as it comes again; and whoever is killed takes nothing back itself.
"""

import fcntl
import os
from pathlib import Path

FILE = "alive"


def hold(folder: Path, *, wait: bool = False) -> int:
    """Take a folder's lock for as long as this process, or a child that inherits it, keeps the descriptor that is
    returned. Raises ``OSError`` where another one holds it, unless ``wait``."""
    descriptor = os.open(folder / FILE, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def is_held(folder: Path) -> bool:
    """Return whether somebody holds a folder's lock."""
    try:
        with (folder / FILE).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
