"""Which version of the program this is, as one word that changes with whatever a page was made from."""

import hashlib
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent
ROOT = _PACKAGE.parent
# Installed, everything stands inside the package, and what stands beside it is somebody else's (tools/distribution.py).
_INSTALLED = (_PACKAGE / "app.py").exists()
PARTS = (
    ("metrics_dash",) if _INSTALLED else ("app.py", "callbacks", "routes", "layouts", "metrics_dash", "db", "assets")
)
KINDS = frozenset({".py", ".toml", ".js", ".css"})
LIBRARIES = ("dash", "plotly")
_DIGEST_BYTES = 8


def build_id(*more: str, root: Path = ROOT) -> str:
    """Sixteen hex digits from the code, the assets and the libraries that draw the page; ``more`` is what else decides.

    The same on every machine and in every process that runs the same files, and after a restart: a page that stays open
    compares it and learns that the server is another one now.
    """
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    for part in _contents(root, more):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()


def page_version(catalog: str, *more: str) -> str:
    """Return what a page says that it is of: the build, a dash, and sixteen hex digits of the catalog alone.

    An answer may come from another server than the page did. Of another build it is shown all the same; of another
    catalog it is none of this page's (assets/lib/server.js takes the two apart).
    """
    return f"{build_id(catalog, *more)}-{hashlib.blake2b(catalog.encode(), digest_size=_DIGEST_BYTES).hexdigest()}"


def _contents(root: Path, more: Iterable[str]) -> Iterator[bytes]:
    for file in sorted(_files(root)):
        yield file.relative_to(root).as_posix().encode()
        yield file.read_bytes()
    for library in LIBRARIES:
        yield version(library).encode()
    for text in more:
        yield text.encode()


def _files(root: Path) -> Iterator[Path]:
    for part in PARTS:
        path = root / part
        found = path.rglob("*") if path.is_dir() else [path]
        yield from (file for file in found if file.suffix in KINDS and file.is_file())
