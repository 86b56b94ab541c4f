"""What a command says of an error of the system's or the database's, with what to do about it."""

import errno
import getpass
import os
from pathlib import Path

from db.faults import lacks_right

_NOT_TO_BE_WRITTEN = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.ENOENT})


def of_data_folder(error: Exception) -> str | None:
    """Say what to do where local state can't be kept; None where it is something else that fails."""
    folder = Path(os.environ.get("METRICS_DATA_DIR") or ".data").absolute()
    if not isinstance(error, OSError) or error.errno not in _NOT_TO_BE_WRITTEN or not error.filename:
        return None
    named = Path(os.fsdecode(error.filename)).absolute()
    # Where it can't be made, a folder above it may be what is named.
    if folder not in (named, *named.parents) and named not in folder.parents:
        return None
    remedy = f"make it a folder that {getpass.getuser()} may write to, or set METRICS_DATA_DIR to one"
    return f"METRICS_DATA_DIR: {folder} can't be written to ({error.strerror}); {remedy}"


def of_database(error: Exception) -> str:
    """Say what the database answered, or that it did not."""
    if lacks_right(error):
        doctor = "python -m metrics_dash doctor says which statements give it"
        return f"the database's role lacks a right: {_cause(error)}; {doctor}"
    setting = "DATABASE_URL: " if os.environ.get("DATABASE_URL") else ""
    return f"{setting}the database can't be used: {_cause(error)}"


def _cause(error: Exception) -> str:
    """Return the driver's own words: they name host and port, and neither a statement nor a password."""
    return str(getattr(error, "orig", None) or error).partition("\n")[0]
