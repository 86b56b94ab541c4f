"""The logo: a file that is read once, at the start, and served as nothing but a picture."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.parsers import expat

MAX_BYTES = 256 * 1024
PNG, WEBP, SVG = "image/png", "image/webp", "image/svg+xml"


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture: its bytes, and as what it is served."""

    kind: str
    data: bytes = field(repr=False)

    @property
    def digest(self) -> str:
        """What tells it from every other, for its address: what was fetched once stays good."""
        return hashlib.sha256(self.data).hexdigest()[:16]


def read_logo(path: Path) -> Logo:
    """Return the picture in a file. Raises ``ValueError`` of one line where there is none, or it is too large."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ValueError(f"can't be read: {error.strerror}") from None
    if len(data) > MAX_BYTES:
        raise ValueError(f"is larger than {MAX_BYTES // 1024} KiB")
    kind = _kind(data)
    if kind is None:
        raise ValueError("is no PNG, WebP or SVG")
    return Logo(kind, data)


def _kind(data: bytes) -> str | None:
    """Return what the bytes are, whatever the file is called."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return WEBP
    return SVG if _is_svg(data) else None


def _is_svg(data: bytes) -> bool:
    """Return whether it is an SVG's XML, whole and without entities of its own, which can grow without bounds."""
    roots: list[str] = []
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda name, _: roots.append(name) if not roots else None
    parser.EntityDeclHandler = _refuse
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError):
        return False
    return bool(roots) and roots[0].rpartition(":")[2] == "svg"


def _refuse(*_: Any) -> None:
    raise ValueError("an entity of its own")
