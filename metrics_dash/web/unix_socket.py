"""A Unix socket to be served on: for a proxy on this machine that asks for a login itself.

Nobody but its owner and its group can use it, from its first moment on: it is made with those rights and never opened
or closed afterwards. A socket that somebody listens on is never taken over, only one that was left behind.
"""

import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from metrics_dash.web.serve import ListenError, PortInUseError

# What is taken from 0777: the owner and the group may connect, which is writing.
_UMASK = 0o117
_PATIENCE_SECONDS = 1.0


@contextmanager
def bound(path: Path) -> Iterator[socket.socket]:
    """Yield a socket that is bound to ``path`` and goes with the block. Raises ``ListenError``."""
    _make_room(path)
    with socket.socket(socket.AF_UNIX) as listener:
        _bind(listener, path)
        made = path.lstat()
        try:
            yield listener
        finally:
            # Somebody may have put another in its place.
            if path.exists() and os.path.samestat(made, path.lstat()):
                path.unlink()


def _bind(listener: socket.socket, path: Path) -> None:
    before = os.umask(_UMASK)
    try:
        listener.bind(str(path))
    except OSError as error:
        raise ListenError(
            f"METRICS_HOST: can't listen at {path} ({error.strerror or error}); "
            "name a path in a folder that is there and may be written to"
        ) from None
    finally:
        os.umask(before)


def _make_room(path: Path) -> None:
    """Remove a socket on which nobody listens, as a killed server leaves one. Raises ``PortInUseError``."""
    if not os.path.lexists(path):
        return
    if not stat.S_ISSOCK(path.lstat().st_mode):
        raise PortInUseError(f"{path} is no socket; take it away or set METRICS_HOST to another path")
    if not _is_left_behind(path):
        raise PortInUseError(f"somebody listens at {path}; stop that or set METRICS_HOST to another path")
    path.unlink(missing_ok=True)


def _is_left_behind(path: Path) -> bool:
    """Return whether nobody listens there for certain; who does not answer in time, or not to us, may listen."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(_PATIENCE_SECONDS)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return True
        except OSError:
            pass
        return False
