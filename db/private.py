"""Files and folders that nobody else may enter, and who may: decided by what is there and not by what should be.

Nothing here follows a link, takes over what somebody else made, or opens a folder to more than one user. What can't be
made safe is an ``UnsafePlaceError``, so no caller goes on in a place that a stranger could have prepared.
"""

import os
import stat
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_ACL = "system.posix_acl_access"
_ACL_VERSION = struct.pack("<I", 2)
_ENTRY = struct.Struct("<HHI")
_USER_OWNER, _USER, _GROUP_OWNER, _GROUP, _MASK, _OTHER = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
_NOBODY = 0xFFFFFFFF
_SEARCH = 1


class UnsafePlaceError(OSError):
    """A place that can't be made safe. The message is one line that says which, and what to do."""


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the system, and the one group that belongs to it."""

    name: str
    uid: int
    gid: int


def nearest(path: Path) -> Path:
    """Return an absolute path, or the nearest above it that is there."""
    return path if path.exists() else nearest(path.parent)


def make_parents(folder: Path) -> None:
    """Make the folders above ``folder``. Raises ``UnsafePlaceError`` where something else stands in their place."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise UnsafePlaceError(f"{folder.parent} is no folder; name another METRICS_DATA_DIR") from None


def make_private_folder(folder: Path, owner: Account) -> None:
    """Make ``folder`` where it is missing; it is its owner's alone afterwards. Raises ``UnsafePlaceError``."""
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        os.chown(folder, owner.uid, owner.gid, follow_symlinks=False)
    opened = _open_folder(folder)
    try:
        found = os.fstat(opened)
        if found.st_uid != owner.uid:
            raise UnsafePlaceError(f"{folder} belongs to another user than {owner.name}; name another METRICS_DATA_DIR")
        if stat.S_IMODE(found.st_mode) != 0o700:
            os.fchmod(opened, 0o700)
    finally:
        os.close(opened)


def is_private_folder(folder: Path, owner: Account) -> bool:
    """Return whether ``folder`` is one, no link, its owner's, and closed to everybody else."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == owner.uid and not stat.S_IMODE(found.st_mode) & 0o077


def make_short_private_folder(owner: Account) -> Path:
    """Make a folder of a name nobody could know before, where paths are short. Raises ``UnsafePlaceError``."""
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR") or "/nonexistent")
    base = runtime if os.geteuid() == owner.uid and is_private_folder(runtime, owner) else Path("/tmp")  # noqa: S108
    check_parents(base / "any")
    folder = Path(tempfile.mkdtemp(prefix="metrics_dash-", dir=base))
    os.chown(folder, owner.uid, owner.gid, follow_symlinks=False)
    return folder


def _open_folder(folder: Path) -> int:
    try:
        return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        raise UnsafePlaceError(f"{folder} is a link or no folder of ours; name another METRICS_DATA_DIR") from None


def check_parents(path: Path) -> None:
    """Refuse a place that others could put another in the place of. Raises ``UnsafePlaceError``."""
    for parent in path.parents:
        mode = parent.stat().st_mode
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            raise UnsafePlaceError(f"everybody may change {parent}; run chmod o-w on it or name another folder")


def write_private(path: Path, text: str, owner: Account) -> bool:
    """Write a file that its owner alone may read; whether it changed. What was there is replaced and not followed."""
    with suppress(OSError):
        if not path.is_symlink() and path.read_text() == text:
            return False
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    with os.fdopen(handle, "w") as file:
        os.fchown(handle, owner.uid, owner.gid)
        file.write(text)
    Path(name).replace(path)
    return True


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock among all processes and threads. Unix only."""
    import fcntl

    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def let_pass(path: Path, account: Account) -> list[Path]:
    """Let one user pass the parents of ``path``, and neither list them nor anybody else do so; those that were changed.

    Raises ``UnsafePlaceError`` where the file system can't say so for a single user.
    """
    closed = [parent for parent in path.parents if not _may_pass(parent, account)]
    for parent in closed:
        try:
            os.setxattr(parent, _ACL, _with_search(_acl(parent), account.uid))
        except (OSError, AttributeError):
            raise UnsafePlaceError(
                f"as root PostgreSQL runs as the user {account.name}, who can't pass {parent}; "
                f"run as another user, or move what is below {path} to where everybody may pass"
            ) from None
    return closed


def _may_pass(folder: Path, account: Account) -> bool:
    found = folder.stat()
    if found.st_uid == account.uid:
        return bool(found.st_mode & stat.S_IXUSR)
    entries = {(tag, uid): allowed for tag, allowed, uid in _acl(folder)}
    if (_USER, account.uid) in entries:
        return bool(entries[_USER, account.uid] & entries.get((_MASK, _NOBODY), 7) & _SEARCH)
    if found.st_gid == account.gid:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)


def _acl(folder: Path) -> list[tuple[int, int, int]]:
    """Return the folder's access list, or what its mode says as one."""
    try:
        raw = os.getxattr(folder, _ACL)
    except (OSError, AttributeError):
        mode = stat.S_IMODE(folder.stat().st_mode)
        shifts = ((_USER_OWNER, 6), (_GROUP_OWNER, 3), (_OTHER, 0))
        return [(tag, mode >> shift & 7, _NOBODY) for tag, shift in shifts]
    return [(tag, allowed, uid) for tag, allowed, uid in _ENTRY.iter_unpack(raw[len(_ACL_VERSION) :])]


def _with_search(entries: list[tuple[int, int, int]], uid: int) -> bytes:
    """Return the list with one more user who may pass; the mask lets that through, and nobody gets more by it."""
    kept = [entry for entry in entries if entry[0] != _MASK and entry[::2] != (_USER, uid)]
    group = next((allowed for tag, allowed, _ in entries if tag == _GROUP_OWNER), 0)
    mask = next((allowed for tag, allowed, _ in entries if tag == _MASK), group)
    # What an old mask held back, it holds back still.
    limited = [
        (tag, allowed & mask if tag in (_USER, _GROUP_OWNER, _GROUP) else allowed, who) for tag, allowed, who in kept
    ]
    changed = sorted([*limited, (_USER, _SEARCH, uid), (_MASK, mask | _SEARCH, _NOBODY)], key=lambda each: each[::2])
    return _ACL_VERSION + b"".join(_ENTRY.pack(*entry) for entry in changed)
