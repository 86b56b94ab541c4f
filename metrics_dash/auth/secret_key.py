"""The key that signs what the login form keeps in a cookie: given, or made once and kept where only its owner reads."""

import os
import secrets
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from metrics_dash.settings import Settings, SettingsError

FILE = "secret_key"
_BYTES = 48


def secret_key(settings: Settings) -> str:
    """Return ``SECRET_KEY``, or the key kept under ``METRICS_DATA_DIR``; it is made where there is none yet.

    Processes that start at once get the same. Raises ``SettingsError`` for a file that others can read.
    """
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value()
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = settings.data_dir / FILE
    if not file.exists():
        _make(file)
    return _read(file)


def kept(settings: Settings) -> str | None:
    """Return the key kept under ``METRICS_DATA_DIR``; None where there is none. Raises as ``secret_key`` does."""
    file = settings.data_dir / FILE
    return _read(file) if file.exists() else None


def _make(file: Path) -> None:
    """Write the file whole, then give it its name, unless another process was first."""
    descriptor, fresh = tempfile.mkstemp(prefix=f".{FILE}-", dir=file.parent)  # of mode 0600
    try:
        with os.fdopen(descriptor, "w") as stream:
            stream.write(secrets.token_urlsafe(_BYTES))
            stream.flush()
            os.fsync(stream.fileno())
        with suppress(FileExistsError):
            os.link(fresh, file)
    finally:
        Path(fresh).unlink()


def _read(file: Path) -> str:
    descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor) as stream:
        found = os.fstat(stream.fileno())
        if stat.S_IMODE(found.st_mode) & 0o077 or found.st_uid != os.geteuid():
            raise SettingsError(f"SECRET_KEY: {file} is not its owner's alone; chmod 600 it, or remove it")
        key = stream.read().strip()
    if len(key) < 32:
        raise SettingsError(f"SECRET_KEY: {file} holds less than 32 bytes; remove it for a new one")
    return key
